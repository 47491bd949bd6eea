package operation

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// A CheckpointKind says why a checkpoint was written. Its text is its wire value.
type CheckpointKind string

// The kinds of checkpoints.
const (
	CheckpointPeriodic     CheckpointKind = "periodic"
	CheckpointCancellation CheckpointKind = "cancellation" // the attempt was asked to stop: by a cancel, the deadline, or a part that failed
	CheckpointFailure      CheckpointKind = "failure"
	CheckpointShutdown     CheckpointKind = "shutdown"
)

// CheckpointKinds lists every kind of checkpoint.
func CheckpointKinds() []CheckpointKind {
	return []CheckpointKind{CheckpointPeriodic, CheckpointCancellation, CheckpointFailure, CheckpointShutdown}
}

// ParseCheckpointKind accepts a kind's wire value in any case.
func ParseCheckpointKind(s string) (CheckpointKind, error) {
	return parse(s, "checkpoint type", CheckpointKinds())
}

// A Checkpoint refers to stored content from which a later attempt goes on. The
// worker stores the content first and then reports the reference; Attempt and
// CreatedAt are filled by the backend, whatever the worker says.
type Checkpoint struct {
	SHA256 string         `json:"sha256"` // 64 hexadecimal digits
	Bytes  int64          `json:"size_bytes"`
	Kind   CheckpointKind `json:"checkpoint_type"`
	// Position is how far the work had come, in units such as epoch or bar.
	Position int64  `json:"position"`
	Unit     string `json:"unit,omitempty"`
	// State is what people see of it, a JSON object; the work itself is in the
	// content.
	State     json.RawMessage `json:"state,omitempty"`
	Attempt   int             `json:"attempt"`
	CreatedAt time.Time       `json:"created_at"`
}

const (
	// KeptCheckpoints is how many checkpoints of an operation are kept: the
	// newest, and the one before in case the newest cannot be read.
	KeptCheckpoints = 2
	// maxCheckpointState bounds Checkpoint.State, in bytes.
	maxCheckpointState = 64 << 10
)

// Validate refuses a reference that cannot be one.
func (c Checkpoint) Validate() error {
	switch {
	case !sha256Form.MatchString(c.SHA256):
		return fmt.Errorf("checkpoint.sha256 is %.80q: want 64 hexadecimal digits", c.SHA256)
	case c.Bytes < 0:
		return fmt.Errorf("checkpoint.size_bytes is %d: want at least 0", c.Bytes)
	case c.Position < 0 || len(c.Unit) > maxText:
		return fmt.Errorf("checkpoint.position is %d %.80q: want at least 0 of a unit", c.Position, c.Unit)
	case !slices.Contains(CheckpointKinds(), c.Kind):
		_, err := ParseCheckpointKind(string(c.Kind))
		return fmt.Errorf("checkpoint.checkpoint_type is %.80q: %w", c.Kind, err)
	case len(c.State) > maxCheckpointState || len(c.State) > 0 && !isObject(c.State):
		return fmt.Errorf("checkpoint.state has %d bytes or is no JSON object: want at most %d bytes", len(c.State), maxCheckpointState)
	}
	return nil
}

// isObject reports whether text is a JSON object.
func isObject(text json.RawMessage) bool {
	text = bytes.TrimLeft(text, " \t\r\n")
	return len(text) > 0 && text[0] == '{' && json.Valid(text)
}

// follows reports whether c is not older than what is kept: within one attempt
// the position never goes back.
func (c Checkpoint) follows(kept []Checkpoint) bool {
	return len(kept) == 0 || kept[0].Attempt != c.Attempt || kept[0].Position < c.Position ||
		kept[0].Position == c.Position && kept[0].SHA256 != c.SHA256
}

// A Checkpointed stores a checkpoint of the newest attempt. Those before the
// last KeptCheckpoints are released.
type Checkpointed struct {
	Token      Token
	Checkpoint Checkpoint
}

// Resumed takes a failed or cancelled operation up again where its newest
// checkpoint left it, as a new attempt of the same operation, without a deadline.
type Resumed struct {
	ID string
	At time.Time
}

// Subject implements Change.
func (c Checkpointed) Subject() string { return c.Token.OperationID }
func (c Resumed) Subject() string      { return c.ID }

// checkpoint turns a report into the change that stores its checkpoint, or
// returns nil if it brings none, or none that is newer than what o holds.
func (r Report) checkpoint(o Operation, at time.Time) Change {
	if r.Checkpoint == nil || r.State == Completed || !o.keepsCheckpoints() {
		return nil
	}
	c := *r.Checkpoint
	c.Attempt, c.CreatedAt = r.Token.Attempt, at
	if !c.follows(o.Checkpoints) {
		return nil
	}
	return Checkpointed{Token: r.Token, Checkpoint: c}
}

// keepsCheckpoints reports whether the newest attempt may still bring one: it
// runs, or nobody knows that it does not.
func (o Operation) keepsCheckpoints() bool { return o.Open || o.Ended == Lost }

func (o Operation) checkpoint(c Checkpointed) (Operation, error) {
	if c.Token != o.Token() || !o.keepsCheckpoints() {
		return o, o.conflict(c, "that attempt does not run")
	}
	kept := append([]Checkpoint{c.Checkpoint}, o.Checkpoints...)
	o.Checkpoints = kept[:min(len(kept), KeptCheckpoints)]
	return o, nil
}

// ErrNoCheckpoint says that there is nothing to resume from.
var ErrNoCheckpoint = errors.New("no checkpoint available")

// A NotResumableError says that an operation is in a state from which it cannot
// be resumed.
type NotResumableError struct {
	ID     string
	Status Status
	Part   bool // it is of use only to the operation that gathers it
}

func (e *NotResumableError) Error() string {
	if e.Part {
		return fmt.Sprintf("Operation %s is a part of another: retry that one", e.ID)
	}
	switch e.Status {
	case Running, Resuming, Completed:
		return fmt.Sprintf("Operation %s is already %s", e.ID, e.Status)
	default:
		return fmt.Sprintf("Cannot resume operation %s from status %s", e.ID, e.Status)
	}
}

// Resumable says why o cannot be resumed: a *NotResumableError, or one that
// wraps ErrNoCheckpoint.
func (o Operation) Resumable() error {
	if o.Status != Failed && o.Status != Cancelled || o.Type.Part() {
		return &NotResumableError{ID: o.ID, Status: o.Status, Part: o.Type.Part()}
	}
	if len(o.Checkpoints) == 0 {
		return fmt.Errorf("%w for operation %s", ErrNoCheckpoint, o.ID)
	}
	return nil
}

func (o Operation) resume(c Resumed) (Operation, error) {
	if err := o.Resumable(); err != nil {
		return o, o.conflict(c, err.Error())
	}
	o.Status, o.CompletedAt, o.ErrorMessage, o.Errors, o.Result = Resuming, nil, nil, []string{}, nil
	o.CancelRequested, o.CancelReason, o.CancelRequestedAt = false, "", nil
	o.Deadline, o.Expired = nil, false
	o.Open, o.Ended, o.Lost = false, Settled, 0
	return o, nil
}
