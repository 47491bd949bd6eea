package system

import (
	"context"
	"fmt"
	"time"
)

// Supervise keeps a shell script running as child "c" until ctx ends, with short
// pauses between crashes. Lines go to say, addresses to ready.
func Supervise(ctx context.Context, script string, say func(string), ready func(url string)) error {
	s := &supervisor{executable: "/bin/sh", env: []string{"PATH=/usr/bin:/bin"}, names: 1, delay: time.Millisecond,
		say: func(format string, args ...any) { say(fmt.Sprintf(format, args...)) }}
	return s.run(ctx, &child{name: "c", args: []string{"-c", script}, ready: ready})
}
