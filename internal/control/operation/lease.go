package operation

import (
	"errors"
	"time"
)

// LeaseLength is how long a scheduler keeps its term without renewing it, by
// the clock of the database.
const LeaseLength = 3 * time.Second

// A Lease says who schedules.
type Lease struct {
	Term int64
	// Holder names a process: the address of its backend, and in the fragment
	// the process itself, such as http://10.0.0.7:8000#3f9a0c1e.
	Holder string
	// Left is how long the lease still runs, negative when it has run out.
	Left time.Duration
}

var (
	// ErrHeld: another process schedules, and its lease has not run out.
	ErrHeld = errors.New("another backend is the scheduler")
	// ErrUncertain: the database did not say whether a write was made. Only
	// reading can tell.
	ErrUncertain = errors.New("outcome of the write is not known")
)
