package operation

import (
	"encoding/json"
	"fmt"
	"time"
)

// Gathers reports whether operations of type t are submitted together with
// children and run when all of those have completed, over their results.
func (t Type) Gathers() bool { return t == Sweep }

// Part reports whether operations of type t are of use only to the one that
// gathers them: they are neither resumed nor retried alone.
func (t Type) Part() bool { return t == SweepChunk }

// ChildID returns the id of child number i of those submitted with a parent.
func ChildID(parent string, i int) string { return fmt.Sprintf("%s_%04d", parent, i) }

// MaxChildren bounds how many children are submitted with one parent.
const MaxChildren = 1000

// ValidateFamily refuses children that could not be submitted with o. Their ids
// and parents are filled by the scheduler.
func (o Operation) ValidateFamily(children []Operation) error {
	if o.Type.Gathers() != (len(children) > 0) || len(children) > MaxChildren {
		return fmt.Errorf("operation %s of type %s has %d children: want 1 to %d for one that gathers, and else none", o.ID, o.Type, len(children), MaxChildren)
	}
	for i, c := range children {
		c.ID = ChildID(o.ID, i)
		if err := c.Validate(); err != nil {
			return err
		}
		if c.Type.Gathers() || c.Weight < 1 {
			return fmt.Errorf("child %s has type %s and weight %d: want a type that does not gather itself, and at least 1", c.ID, c.Type, c.Weight)
		}
	}
	return nil
}

// A Begun is the start of an operation that gathers: its first child has started.
type Begun struct {
	ID string
	At time.Time
}

// Subject implements Change.
func (c Begun) Subject() string { return c.ID }

func (o Operation) begin(c Begun) (Operation, error) {
	if o.Open || o.Status != Pending || !o.Type.Gathers() {
		return o, o.conflict(c, "it does not wait for its first child to start")
	}
	return o.run(c.At), nil
}

// A Family is what is known of the children of an operation that gathers.
type Family struct {
	Children  int
	Completed int
	Weight    int64 // of all children
	Done      int64 // of those that have completed
	// Broken says how a child ended that did not complete; "" if none did.
	Broken string
}

// Add counts one child.
func (f *Family) Add(weight int64) {
	f.Children++
	f.Weight += weight
}

// End takes the end of one of the children into account.
func (f *Family) End(id string, weight int64, end Status, message string) {
	switch {
	case end == Completed:
		f.Completed++
		f.Done += weight
	case f.Broken == "":
		f.Broken = "operation " + id + " " + string(end)
		if end == Cancelled {
			f.Broken = "operation " + id + " was cancelled"
		}
		if message != "" {
			f.Broken += ": " + message
		}
	}
}

// gatheredShare is the part of the progress, in percent, that children make; the
// rest is that of the operation itself.
const gatheredShare = 95.0

// Progress returns how far an operation is that has had no attempt of its own;
// running is the weight that children under way have done. A child that ended
// otherwise than completed has done nothing: nobody can use it.
func (f Family) Progress(running float64) Progress {
	total := f.Weight
	done := float64(f.Done) + running
	return Progress{
		Phase: "children", CurrentStep: fmt.Sprintf("%d of %d parts completed", f.Completed, f.Children),
		StepsCompleted: f.Completed, StepsTotal: f.Children, ItemsProcessed: int64(done), ItemsTotal: &total,
		Percentage: gatheredShare * done / float64(max(1, total)), Context: map[string]any{},
	}
}

// A Gained is the progress that children have made for the operation that gathers
// them, before its own attempt. It is stored now and then; losing one loses nothing.
type Gained struct {
	ID       string
	Progress Progress
}

// Subject implements Change.
func (c Gained) Subject() string { return c.ID }

func (o Operation) gain(c Gained) (Operation, error) {
	if !o.Type.Gathers() || o.Attempt > 0 {
		return o, o.conflict(c, "its progress is not that of its children")
	}
	o.Progress = c.Progress
	return o, nil
}

// Whole returns the progress of an operation that gathers from p, that of its own
// attempt.
func (p Progress) Whole() Progress {
	p.Percentage = gatheredShare + (100-gatheredShare)*p.Percentage/100
	return p
}

// Shown returns how far an operation is, from its record. The record of one that
// gathers has what its children make, then what its own attempt says, and the
// whole at the end.
func (o Operation) Shown() Progress {
	if o.Type.Gathers() && o.Attempt > 0 && !o.Status.Terminal() {
		return o.Progress.Whole()
	}
	return o.Progress
}

// An Adopted completes a part at its submission with the result that the operation
// named by its RetryOf has for the same work, so that it is not done again.
type Adopted struct {
	ID        string
	Result    json.RawMessage
	Artifacts []Artifact // what the result refers to
	At        time.Time
}

// Subject implements Change.
func (c Adopted) Subject() string { return c.ID }

func (o Operation) adopt(c Adopted) (Operation, error) {
	if !o.Type.Part() || o.RetryOf == nil || o.Attempt > 0 || len(c.Result) == 0 {
		return o, o.conflict(c, "it is no part that repeats another, or there is no result")
	}
	o.Status, o.Result, o.CompletedAt, o.Progress = Completed, c.Result, &c.At, Progress{Percentage: 100}
	return o.WithDefaults(), nil
}

// Again returns what is submitted to do the work of o once more.
func (o Operation) Again() Operation {
	return Operation{Type: o.Type, Weight: o.Weight, Submitter: o.Submitter, Priority: o.Priority, MaxAttempts: o.MaxAttempts,
		Metadata: o.Metadata, Spec: o.Spec, SpecHash: o.SpecHash, Artifacts: o.Artifacts}
}
