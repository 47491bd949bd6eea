package submission

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/edge/exit"
)

// terms are the flags that say how the operation of a start waits and ends.
type terms struct {
	priority    int
	maxAttempts int
	deadline    time.Duration
	noQueue     bool
}

// bind adds the flags.
func (t *terms) bind(cmd *cobra.Command) {
	f := cmd.Flags()
	f.IntVar(&t.priority, "priority", 0, "higher runs earlier, from -100 to 100")
	f.IntVar(&t.maxAttempts, "max-attempts", 0, "how often its worker may be lost before it fails (default 3)")
	f.DurationVar(&t.deadline, "deadline", 0, "fail it when it has not ended after so long, for example 90m")
	f.BoolVar(&t.noQueue, "no-queue", false, "fail instead of waiting when all workers are busy")
}

// check refuses terms that no operation could have.
func (t terms) check() error {
	switch {
	case t.priority < -100 || t.priority > 100:
		return exit.Usagef("--priority %d: want -100 to 100", t.priority)
	case t.maxAttempts < 0 || t.maxAttempts > 100:
		return exit.Usagef("--max-attempts %d: want 1 to 100", t.maxAttempts)
	case t.deadline < 0:
		return exit.Usagef("--deadline %s: want a duration from now on, such as 90m", t.deadline)
	}
	return nil
}

// until is the deadline as a moment, nil for none.
func (t terms) until() *time.Time {
	if t.deadline == 0 {
		return nil
	}
	return new(time.Now().Add(t.deadline).UTC().Truncate(time.Second))
}

// submission is what a start has of t, beside so many threads.
func (t terms) submission(threads int) wire.Submission {
	return wire.Submission{Threads: threads, Priority: t.priority, MaxAttempts: t.maxAttempts, Deadline: t.until(), Queue: new(!t.noQueue)}
}
