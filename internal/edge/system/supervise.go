package system

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/edge/display"
	"github.com/ktrdr/ktrdr/internal/edge/settings"
)

const (
	restartDelay    = time.Second
	maxRestartDelay = 30 * time.Second // the doubling ends here
	stableAfter     = time.Minute      // a child that ran so long starts over with the short delay
	childGrace      = 35 * time.Second // from asking a child to stop until it is killed
)

// A child is one role that this process runs as a process of its own.
type child struct {
	name string
	args []string
	// ready is called with the address whenever the child, or its replacement
	// after a crash, listens. It may change args for the next start.
	ready func(url string)
}

// A supervisor runs children and passes on what they say, each line with the
// name of the child before it.
type supervisor struct {
	executable string
	env        []string
	names      int           // width of the longest name
	delay      time.Duration // before a crashed child starts again, doubling
	say        func(format string, args ...any)
}

func newSupervisor(say func(format string, args ...any), names []string) (*supervisor, error) {
	executable, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s := &supervisor{executable: executable, env: settings.Strip(os.Environ()), delay: restartDelay}
	for _, name := range names {
		s.names = max(s.names, len(name))
	}
	var lines sync.Mutex // guards the order of lines on stderr
	s.say = func(format string, args ...any) {
		lines.Lock()
		defer lines.Unlock()
		say(format, args...)
	}
	return s, nil
}

// run keeps the child running until ctx ends, then stops it in order. A child
// that ends before it was ever ready is an error; one that ends later starts
// again after a pause.
func (s *supervisor) run(ctx context.Context, ch *child) error {
	delay, wasReady := s.delay, false
	for {
		started := time.Now()
		ready, err := s.runOnce(ctx, ch)
		wasReady = wasReady || ready
		switch {
		case ctx.Err() != nil:
			return nil
		case !wasReady:
			return fmt.Errorf("%s did not start: %w", ch.name, err)
		case time.Since(started) > stableAfter:
			delay = s.delay
		}
		s.say("%s ended (%v); starting it again in %s", ch.name, err, display.Duration(delay))
		if wire.Pause(ctx, delay) != nil {
			return nil
		}
		delay = min(2*delay, maxRestartDelay)
	}
}

// runOnce starts the child and waits for its end. It reports whether the child
// said that it listens.
func (s *supervisor) runOnce(ctx context.Context, ch *child) (ready bool, err error) {
	cmd := exec.CommandContext(ctx, s.executable, ch.args...)
	cmd.Env = s.env
	cmd.Cancel = func() error { return terminate(cmd) }
	cmd.WaitDelay = childGrace
	detachFromTerminal(cmd)
	talk := &lineWriter{line: func(text string) { s.say("%-*s | %s", s.names, ch.name, text) }}
	output := &lineWriter{line: func(text string) {
		if url, ok := strings.CutPrefix(text, "listening on "); ok {
			ready = true
			ch.ready(url)
		}
		talk.line(text)
	}}
	cmd.Stdout, cmd.Stderr = output, talk
	err = cmd.Run()
	output.flush()
	talk.flush()
	if err == nil {
		err = errors.New("it stopped by itself")
	}
	if last := talk.last; last != "" && !ready {
		err = fmt.Errorf("%w: %s", err, last)
	}
	return ready, err
}

// A lineWriter calls line for each whole line that is written to it.
type lineWriter struct {
	line    func(text string)
	last    string // line written last
	pending bytes.Buffer
}

var _ io.Writer = (*lineWriter)(nil)

// Write implements io.Writer.
func (w *lineWriter) Write(p []byte) (int, error) {
	w.pending.Write(p)
	for {
		text, rest, found := bytes.Cut(w.pending.Bytes(), []byte("\n"))
		if !found {
			return len(p), nil
		}
		w.emit(string(text))
		w.pending.Next(w.pending.Len() - len(rest))
	}
}

// flush passes on a last line without an end.
func (w *lineWriter) flush() {
	if w.pending.Len() > 0 {
		w.emit(w.pending.String())
		w.pending.Reset()
	}
}

func (w *lineWriter) emit(text string) {
	w.last = strings.TrimSpace(text)
	w.line(text)
}
