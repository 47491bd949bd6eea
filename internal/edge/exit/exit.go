package exit

import (
	"context"
	"errors"
	"fmt"

	"github.com/ktrdr/ktrdr/internal/control/wire"
)

// The exit codes. They are part of the interface and listed in every help.
const (
	OK          = 0
	Failed      = 1
	Usage       = 2
	NotFound    = 3
	Unreachable = 4
	Cancelled   = 130
)

// A coded error knows its exit code.
type coded struct {
	code int
	err  error
}

func (e *coded) Error() string { return e.err.Error() }
func (e *coded) Unwrap() error { return e.err }

// Usagef returns an error of wrong usage.
func Usagef(format string, args ...any) error {
	return &coded{Usage, fmt.Errorf(format, args...)}
}

// NotFoundf returns an error of something that does not exist.
func NotFoundf(format string, args ...any) error {
	return &coded{NotFound, fmt.Errorf(format, args...)}
}

// ErrCancelled says that an operation was cancelled, by this command or another.
var ErrCancelled = errors.New("cancelled")

// ErrReported says that the command has shown why it failed, so that nothing is
// left to say.
var ErrReported error = &coded{Failed, errors.New("reported")}

// Code maps a failure to the exit code of the process.
func Code(err error) int {
	if err == nil {
		return OK
	}
	if known, ok := errors.AsType[*coded](err); ok {
		return known.code
	}
	if _, ok := errors.AsType[*wire.UnreachableError](err); ok {
		return Unreachable
	}
	if errors.Is(err, ErrCancelled) || errors.Is(err, context.Canceled) {
		return Cancelled
	}
	switch wire.KindOf(err) {
	case wire.NotFound:
		return NotFound
	case wire.Cancelled:
		return Cancelled
	default:
		return Failed
	}
}

// Name is the word for programs: that of the backend where there is one.
func Name(code int, err error) string {
	if known, ok := errors.AsType[*wire.Error](err); ok && known.Code != "" {
		return string(known.Code)
	}
	switch code {
	case Usage:
		return "USAGE"
	case NotFound:
		return "NOT_FOUND"
	case Unreachable:
		return "UNREACHABLE"
	case Cancelled:
		return "CANCELLED"
	default:
		return "FAILED"
	}
}
