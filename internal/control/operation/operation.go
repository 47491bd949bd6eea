package operation

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

// DefaultMaxAttempts is how many attempts an operation gets when its submitter
// names no limit.
const DefaultMaxAttempts = 3

// An Operation is one request of a user and everything known about it. The zero
// value is not an operation: it needs at least a type and a specification.
type Operation struct {
	ID           string          `json:"operation_id"`
	ParentID     *string         `json:"parent_operation_id"`
	RetryOf      *string         `json:"retry_of,omitempty"` // the operation that is tried again
	Weight       int64           `json:"-"`                  // its share in the progress of its parent; 0 means 1
	Type         Type            `json:"operation_type"`
	Status       Status          `json:"status"`
	CreatedAt    time.Time       `json:"created_at"`
	StartedAt    *time.Time      `json:"started_at"`
	CompletedAt  *time.Time      `json:"completed_at"`
	Progress     Progress        `json:"progress"`
	Metadata     Metadata        `json:"metadata"`
	ErrorMessage *string         `json:"error_message"`
	Warnings     []string        `json:"warnings"`
	Errors       []string        `json:"errors"`
	Result       json.RawMessage `json:"result_summary"`

	// Spec is the work order for the worker, opaque here. SpecHash identifies
	// equal work.
	Spec     json.RawMessage `json:"-"`
	SpecHash string          `json:"spec_hash,omitempty"`
	// Gathered are the results of its children, in order of submission. They are
	// filled for the attempt of an operation that gathers, and nowhere else.
	Gathered []json.RawMessage `json:"-"`
	// Artifacts are the stored inputs that the specification refers to.
	Artifacts []Artifact `json:"-"`

	// Submitter names who asked for it, "" for nobody in particular. A key makes
	// a repeated submission harmless: the same submitter, key and Fingerprint (of
	// the request) mean the same operation.
	Submitter      string `json:"submitter,omitempty"`
	IdempotencyKey string `json:"-"`
	Fingerprint    string `json:"-"`

	// Priority orders the queue, highest first; equal priorities wait in order
	// of submission.
	Priority int `json:"priority"`
	// Immediate refuses the submission instead of queueing it when every worker
	// is busy. It is a wish of the submitter and is not stored.
	Immediate bool `json:"-"`

	// Attempt is the number of the newest attempt, 0 before the first; Term is
	// the scheduler's term that dispatched it; WorkerID and Incarnation name the
	// process that has or had it.
	Attempt     int    `json:"attempt"`
	Term        int64  `json:"-"`
	WorkerID    string `json:"worker_id,omitempty"`
	Incarnation string `json:"-"`
	// Open says that the newest attempt has not ended; Ended says how it did,
	// if it brought no result.
	Open  bool    `json:"-"`
	Ended Outcome `json:"-"`
	// Lost counts attempts that ended without a result; when it reaches
	// MaxAttempts the operation fails. MaxAttempts 0 means DefaultMaxAttempts.
	Lost        int `json:"-"`
	MaxAttempts int `json:"max_attempts"`

	// Checkpoints are what a later attempt may go on from, newest first, at most
	// KeptCheckpoints; none after completion.
	Checkpoints []Checkpoint `json:"checkpoints,omitempty"`

	// Points counts the points that are stored; PointStep is the step of the
	// newest attempt's last.
	Points    int64 `json:"-"`
	PointStep int64 `json:"-"`

	// Deadline is when the operation fails unless it has ended; Expired says that
	// it was asked to stop for that reason, or because a child did not complete.
	Deadline *time.Time `json:"deadline,omitempty"`
	Expired  bool       `json:"-"`

	CancelRequested   bool       `json:"cancel_requested"`
	CancelReason      string     `json:"cancellation_reason,omitempty"`
	CancelRequestedAt *time.Time `json:"cancel_requested_at,omitempty"`
}

// Metadata describes an operation to people and to filters.
type Metadata struct {
	Symbol     *string        `json:"symbol"`
	Timeframe  *string        `json:"timeframe"`
	Mode       *string        `json:"mode"`
	StartDate  *string        `json:"start_date"`
	EndDate    *string        `json:"end_date"`
	Parameters map[string]any `json:"parameters"`
}

// An Artifact is a reference to stored content that belongs to an operation.
type Artifact struct {
	SHA256 string `json:"sha256"` // 64 hexadecimal digits
	Role   string `json:"role"`   // what it is to the operation, such as "bars", "model", "trades"
	Bytes  int64  `json:"bytes"`
}

// A ModelRecord is what the index of models knows about one trained model. The
// worker reports it with a completed training; ID, OperationID, Version and
// CreatedAt are filled by the backend, whatever the worker says.
type ModelRecord struct {
	ID           string          `json:"model_id"`
	Name         string          `json:"model_name"`
	StrategyName string          `json:"strategy_name"`
	Symbols      []string        `json:"symbols"`
	Timeframes   []string        `json:"timeframes"`
	Version      int             `json:"version"` // 1, 2, … within one name
	SHA256       string          `json:"sha256"`  // content hash of the artifact
	Bytes        int64           `json:"size_bytes"`
	OperationID  string          `json:"operation_id"`
	CreatedAt    time.Time       `json:"created_at"`
	TrainStart   time.Time       `json:"training_start"`
	TrainEnd     time.Time       `json:"training_end"`
	FeatureHash  string          `json:"feature_hash"`
	Metrics      json.RawMessage `json:"metrics"`
	Description  string          `json:"description"`
}

// Token returns the token of the newest attempt.
func (o Operation) Token() Token {
	return Token{OperationID: o.ID, Attempt: o.Attempt, Term: o.Term}
}

// AttemptLimit is MaxAttempts with its default applied.
func (o Operation) AttemptLimit() int {
	if o.MaxAttempts > 0 {
		return o.MaxAttempts
	}
	return DefaultMaxAttempts
}

// WithDefaults returns o with empty lists and maps where it has none, so that
// its JSON never says null for them.
func (o Operation) WithDefaults() Operation {
	if o.Warnings == nil {
		o.Warnings = []string{}
	}
	if o.Errors == nil {
		o.Errors = []string{}
	}
	if o.Metadata.Parameters == nil {
		o.Metadata.Parameters = map[string]any{}
	}
	if o.Progress.Context == nil {
		o.Progress.Context = map[string]any{}
	}
	return o
}

// ErrInvalid is wrapped by every error of Operation.Validate.
var ErrInvalid = errors.New("invalid operation")

// Validate refuses a submission that no scheduler could keep: an unknown type,
// an id of its own that is not one, no specification. That the specification is
// JSON is the matter of whoever has encoded it.
func (o Operation) Validate() error {
	if err := o.validate(); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return nil
}

func (o Operation) validate() error {
	if _, err := ParseType(string(o.Type)); err != nil {
		return err
	}
	if err := ValidateID(o.ID); err != nil {
		return err
	}
	if len(o.Spec) == 0 {
		return fmt.Errorf("operation %s has no specification", o.ID)
	}
	if o.MaxAttempts < 0 || o.MaxAttempts > maxAttemptLimit {
		return fmt.Errorf("operation %s: max_attempts is %d: want 0 to %d", o.ID, o.MaxAttempts, maxAttemptLimit)
	}
	if len(o.Submitter) > maxText || !utf8.ValidString(o.Submitter) {
		return fmt.Errorf("operation %s: submitter has %d bytes or is not UTF-8: want at most %d bytes", o.ID, len(o.Submitter), maxText)
	}
	if err := o.validateKey(); err != nil {
		return err
	}
	for _, a := range o.Artifacts {
		if err := a.Validate(); err != nil {
			return fmt.Errorf("operation %s: %w", o.ID, err)
		}
	}
	return nil
}

// maxKeyLength bounds idempotency keys.
const maxKeyLength = 200

// validateKey refuses an idempotency key that is not short and printable, and
// one without a fingerprint, which could not tell a repetition from a mistake.
func (o Operation) validateKey() error {
	if o.IdempotencyKey == "" {
		return nil
	}
	if len(o.IdempotencyKey) > maxKeyLength {
		return fmt.Errorf("idempotency key has %d bytes: want at most %d", len(o.IdempotencyKey), maxKeyLength)
	}
	for _, r := range o.IdempotencyKey {
		if r < '!' || r > '~' {
			return fmt.Errorf("idempotency key %q contains %q: want printable ASCII without spaces", o.IdempotencyKey, r)
		}
	}
	if o.Fingerprint == "" || len(o.Fingerprint) > maxKeyLength {
		return fmt.Errorf("idempotency key %q: fingerprint of the request has %d bytes: want 1 to %d", o.IdempotencyKey, len(o.Fingerprint), maxKeyLength)
	}
	return nil
}

// maxAttemptLimit bounds what a submitter may ask for.
const maxAttemptLimit = 100
