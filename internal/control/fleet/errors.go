package fleet

import (
	"errors"
	"fmt"
)

// What can go wrong when the backend calls a worker. Any other error means that
// the outcome of the call is not known.
var (
	// ErrBusy: the worker runs another operation and did not take this one.
	ErrBusy = errors.New("worker is busy")
	// ErrUnreachable: the call never reached the worker (no connection).
	ErrUnreachable = errors.New("worker is unreachable")
	// ErrRejected: the worker understood the order and will not do it, and
	// neither would another.
	ErrRejected = errors.New("worker rejected the order")
)

// Why a registration is refused.
var (
	// ErrInvalid: something in the registration cannot be right.
	ErrInvalid = errors.New("invalid registration")
	// ErrIncompatible: the worker belongs to another version of the program.
	ErrIncompatible = fmt.Errorf("%w: incompatible version", ErrInvalid)
	// ErrReplaced: a newer process lives under the same worker id or address.
	ErrReplaced = errors.New("a newer process has taken this worker id or address")
)
