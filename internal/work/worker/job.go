package worker

import (
	"context"
	"encoding/json"
	"errors"
	"iter"

	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// A Job performs one type of operation. Run computes what order says and returns
// the summary that becomes the result of the operation. It must return soon,
// with an error, after ctx ends; context.Cause then tells why. It must not keep
// env or goroutines beyond its return.
type Job interface {
	Run(ctx context.Context, order json.RawMessage, env Env) (result json.RawMessage, err error)
}

// A JobFunc is a function that is a Job.
type JobFunc func(ctx context.Context, order json.RawMessage, env Env) (json.RawMessage, error)

// Run calls f.
func (f JobFunc) Run(ctx context.Context, order json.RawMessage, env Env) (json.RawMessage, error) {
	return f(ctx, order, env)
}

// An Env is what a job sees of the world. Its methods may be called from several
// goroutines.
type Env interface {
	// Report says how far the job is. It is cheap and never blocks on the network:
	// the newest progress is passed on at a bounded rate. The caller must not
	// change what p refers to afterwards.
	Report(p operation.Progress)

	// Point keeps the numbers of one step of the work, such as the losses of an
	// epoch, with the operation: values is a JSON object of at most 4 KiB, and step
	// grows from 1.
	Point(step int64, values json.RawMessage)

	// Fetch returns the stored content with this hash, verified. The caller must
	// not write to it. While the backend cannot be reached it waits for it.
	Fetch(ctx context.Context, sha256 string) ([]byte, error)

	// Upload stores content and returns its hash. While the backend cannot be
	// reached it waits for it.
	Upload(ctx context.Context, content []byte) (sha256 string, err error)

	// Produce names an uploaded output of the operation.
	Produce(a operation.Artifact)

	// ProduceModel gives the row of the model index that a completed training
	// makes.
	ProduceModel(m operation.ModelRecord)

	// Warn adds a line for people to the operation.
	Warn(text string)

	// Saved yields the states that earlier attempts of the operation saved, newest
	// first, verified; what cannot be had is left out with a warning. The job goes
	// on from the first that it can use.
	Saved(ctx context.Context) iter.Seq[[]byte]

	// CheckpointDue says whether the job, so many units into its work, should give
	// its state to Checkpoint now. It is cheap.
	CheckpointDue(unit Unit, position int64) bool

	// Checkpoint takes a state that Saved gives back to a later attempt, perhaps
	// on another worker. It does not block: a state that is due is uploaded beside
	// the job, the newest one after its return if it was stopped or has failed. ctx is that of Run, whose end is the reason of
	// a last checkpoint. The caller must not change state afterwards.
	Checkpoint(ctx context.Context, unit Unit, position int64, state []byte)

	// Gathered are the results of the children of the operation, in the order of
	// their submission; nil for one without.
	Gathered() []json.RawMessage

	// Threads is how many threads the job may use where the order does not say.
	Threads() int
}

// Why the context of a job ended, as context.Cause says it.
var (
	// ErrCancelled: a user asked for the operation to stop.
	ErrCancelled = errors.New("operation cancelled by user")
	// ErrSuperseded: the backend gave the operation to another attempt, or does
	// not know it any more.
	ErrSuperseded = errors.New("attempt is superseded")
	// ErrDrained: the worker is stopping; the operation will run elsewhere.
	ErrDrained = errors.New("worker is stopping")
)
