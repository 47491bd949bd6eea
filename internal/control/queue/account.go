package queue

import "fmt"

// Limits bound what one submitter may have at once. Zero is no limit.
type Limits struct {
	Queued  int // operations that wait; more are refused with *LimitError
	Running int // operations with an open attempt; more wait
}

// A LimitError says that a submitter has as many operations waiting as it may, or
// running where one more was not to wait.
type LimitError struct {
	Submitter string // "" for those that gave no name
	Limit     int
	Running   bool
}

func (e *LimitError) Error() string {
	who := "Submitter " + e.Submitter
	if e.Submitter == "" {
		who = "The anonymous submitter"
	}
	if e.Running {
		return fmt.Sprintf("%s has %d operations running, as many as allowed. Submit without queue: false and wait in the queue, or when some of them have ended.", who, e.Limit)
	}
	return fmt.Sprintf("%s has %d operations waiting, as many as allowed. Submit again when some of them have started, or cancel some.", who, e.Limit)
}

// A Standing says in which column of its submitter's account an operation stands.
type Standing uint8

// The columns. Nowhere is where an operation stands before its submission and
// after its end.
const (
	Nowhere Standing = iota
	Waits
	Runs
	columns
)

// Accounts count the operations of each submitter. The zero value has none and no
// limits.
type Accounts struct {
	Limits Limits
	of     map[string]*[columns]int // of the submitters that have something
}

// Move moves one operation of a submitter from one column to another. The caller
// has counted it in the first before.
func (a *Accounts) Move(submitter string, from, to Standing) {
	if from == to {
		return
	}
	mine := a.of[submitter]
	if mine == nil {
		if a.of == nil {
			a.of = map[string]*[columns]int{}
		}
		mine = new([columns]int)
		a.of[submitter] = mine
	}
	mine[from]--
	mine[to]++
	if mine[Nowhere] = 0; *mine == ([columns]int{}) {
		delete(a.of, submitter)
	}
}

// count is what a submitter has in a column.
func (a *Accounts) count(submitter string, s Standing) int {
	if mine := a.of[submitter]; mine != nil {
		return mine[s]
	}
	return 0
}

// MayRun reports whether a submitter may have one more attempt open.
func (a *Accounts) MayRun(submitter string) bool {
	return a.Limits.Running <= 0 || a.count(submitter, Runs) < a.Limits.Running
}

// MayWait returns a *LimitError unless a submitter may have one more operation
// waiting.
func (a *Accounts) MayWait(submitter string) error {
	if a.Limits.Queued <= 0 || a.count(submitter, Waits) < a.Limits.Queued {
		return nil
	}
	return &LimitError{Submitter: submitter, Limit: a.Limits.Queued}
}
