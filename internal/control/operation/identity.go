package operation

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ktrdr/ktrdr/internal/core/spell"
)

// A Type says what an operation does. Its text is its wire value.
type Type string

// The types of operations.
const (
	Training         Type = "training"
	Backtesting      Type = "backtesting"
	DataLoad         Type = "data_load"
	IndicatorCompute Type = "indicator_compute"
	FuzzyAnalysis    Type = "fuzzy_analysis"
	Sweep            Type = "sweep"       // variants of one strategy, tried by its children
	SweepChunk       Type = "sweep_chunk" // some of the trials of a sweep
	Dummy            Type = "dummy"
)

// Types lists every type, in the order of the documentation.
func Types() []Type {
	return []Type{DataLoad, Training, Backtesting, IndicatorCompute, FuzzyAnalysis, Sweep, SweepChunk, Dummy}
}

// ParseType accepts a type's wire value in any case.
func ParseType(s string) (Type, error) {
	return parse(s, "operation type", Types())
}

// A Status is the state of an operation. Its text is its wire value.
type Status string

// The states of an operation.
const (
	Pending   Status = "pending"
	Running   Status = "running"
	Resuming  Status = "resuming"
	Completed Status = "completed"
	Failed    Status = "failed"
	Cancelled Status = "cancelled"
)

// Statuses lists every status.
func Statuses() []Status {
	return []Status{Pending, Running, Resuming, Completed, Failed, Cancelled}
}

// ParseStatus accepts a status's wire value in any case.
func ParseStatus(s string) (Status, error) {
	return parse(s, "operation status", Statuses())
}

// Terminal reports whether a status is final.
func (s Status) Terminal() bool {
	return s == Completed || s == Failed || s == Cancelled
}

// parse finds s among the wire values, in any case.
func parse[T ~string](s, what string, all []T) (T, error) {
	if i := slices.Index(all, T(strings.ToLower(s))); i >= 0 {
		return all[i], nil
	}
	names := make([]string, len(all))
	for i, v := range all {
		names[i] = string(v)
	}
	return "", fmt.Errorf("unknown %s %.80q%s: want one of %s", what, s, spell.Hint(s, names), strings.Join(names, " "))
}

// NewID returns an operation id such as
// op_training_20251113_123456_1a2b3c4d; the time is written in UTC and tail
// should be random.
func NewID(t Type, now time.Time, tail [4]byte) string {
	return fmt.Sprintf("op_%s_%s_%s", t, now.UTC().Format("20060102_150405"), hex.EncodeToString(tail[:]))
}

// NewIDFor returns an id for o: that of a retry names itself one, as
// op_retry_training_20251113_123456_1a2b3c4d.
func NewIDFor(o Operation, now time.Time, tail [4]byte) string {
	if o.RetryOf != nil {
		return NewID("retry_"+o.Type, now, tail)
	}
	return NewID(o.Type, now, tail)
}

// maxIDLength bounds ids that come from outside.
const maxIDLength = 120

// ValidateID refuses an id that could not be a file name, a URL segment and a
// log value at once. Callers may choose their own ids; NewID's form is not
// required.
func ValidateID(id string) error {
	if id == "" || len(id) > maxIDLength {
		return fmt.Errorf("operation id has %d characters: want 1 to %d", len(id), maxIDLength)
	}
	for _, r := range id {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", r) {
			return fmt.Errorf("operation id %.80q contains %q: want letters, digits, _ and -", id, r)
		}
	}
	return nil
}

// A Token names one attempt of an operation. The scheduler makes it when it
// dispatches; whoever speaks for the attempt shows it.
type Token struct {
	OperationID string `json:"operation_id"`
	Attempt     int    `json:"attempt"`
	Term        int64  `json:"term"`
}

// Compare orders tokens of one operation: negative if t is older than u, zero
// if they name the same attempt. Attempts are numbered under the guard of the
// store, so the number decides and the term tells apart only what two
// schedulers may have claimed.
func (t Token) Compare(u Token) int {
	return cmp.Or(cmp.Compare(t.Attempt, u.Attempt), cmp.Compare(t.Term, u.Term))
}

// String is the form for logs: operation#attempt@term.
func (t Token) String() string {
	return fmt.Sprintf("%s#%d@%d", t.OperationID, t.Attempt, t.Term)
}
