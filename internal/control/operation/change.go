package operation

import "errors"

// Errors of a store that keeps operations.
var (
	ErrNotFound  = errors.New("not found")
	ErrDuplicate = errors.New("operation id is already taken")
	ErrConflict  = errors.New("operation is not in the state that the change starts from")
	ErrDeposed   = errors.New("another backend is the scheduler now")
)

// A Change is one durable step of an operation.
type Change interface{ change() }

// A Transaction is a list of changes that are stored together or not at all.
type Transaction []Change

// An Unfinished is an operation that has not ended, with what a scheduler needs
// to go on with it.
type Unfinished struct {
	Operation Operation // whole
	// Losses are the reasons of the attempts that ended without a result.
	Losses []string
	// Candidate is the result of a superseded attempt, kept in case nothing
	// newer finishes; nil if there is none.
	Candidate *Report
}
