package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/control/wire"
)

// Commands is the tree of commands, for the generated reference.
func Commands() *cobra.Command { return newRoot(newConsole(nil, io.Discard, io.Discard)) }

// A Setting is one row of the table of settings, for the generated reference.
type Setting struct {
	Key, Flag, Doc string
	Env            []string
	Roles          string
	Default        string
	RoleDefaults   map[string]string // by role, where another default holds
}

// Settings lists the table of settings.
func Settings() []Setting {
	var all []Setting
	for _, s := range schema() {
		x := Setting{Key: s.key, Flag: s.flag, Doc: s.doc, Env: s.env, Roles: s.roles.String(), Default: s.fallback, RoleDefaults: map[string]string{}}
		for r, d := range s.defaults {
			x.RoleDefaults[r.String()] = d
		}
		all = append(all, x)
	}
	return all
}

// Removed lists the variables of older versions.
func Removed() map[string]string { return removed() }

// ParseConfig reads a configuration file and returns its values by key.
func ParseConfig(path string, text []byte) (map[string]string, error) {
	values, err := parseConfig(path, text)
	flat := map[string]string{}
	for k, v := range values {
		flat[k] = v.text
	}
	return flat, err
}

// A Line is the progress line of a terminal of the given width.
type Line struct{ p *progressLine }

// NewLine returns a progress line that writes to w.
func NewLine(w io.Writer, width int) Line {
	return Line{newProgressLine(&console{err: w, live: width > 0, width: width})}
}

// Update shows the state of op.
func (l Line) Update(now time.Time, op wire.Operation) { l.p.update(now, op) }

// Clear removes the line.
func (l Line) Clear() { l.p.clear() }

// Truncate is what lines are printed with.
var Truncate = truncate

// Supervise keeps a shell script running as child "c" until ctx ends, with short
// pauses between crashes. Lines go to say, addresses to ready.
func Supervise(ctx context.Context, script string, say func(string), ready func(url string)) error {
	s := &supervisor{executable: "/bin/sh", env: []string{"PATH=/usr/bin:/bin"}, names: 1, delay: time.Millisecond,
		say: func(format string, args ...any) { say(fmt.Sprintf(format, args...)) }}
	return s.run(ctx, &child{name: "c", args: []string{"-c", script}, ready: ready})
}

// ChildEnvironment is the environment that a child of up gets.
var ChildEnvironment = childEnvironment
