package operation

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A Report is what a worker says about one attempt: progress while State is
// Running, the outcome when State is terminal, and that it stopped so that the
// operation may go on elsewhere when State is Resuming. The worker repeats all
// but progress until it is acknowledged.
type Report struct {
	Token       Token           `json:"token"`
	WorkerID    string          `json:"worker_id"`
	Incarnation string          `json:"incarnation,omitempty"`
	State       Status          `json:"state"`
	Progress    *Progress       `json:"progress,omitempty"`
	Result      json.RawMessage `json:"result,omitempty"`
	Error       string          `json:"error,omitempty"`
	Warnings    []string        `json:"warnings,omitempty"`
	// Model accompanies a completed training and becomes a row of the model
	// index in the same transaction as the completion.
	Model *ModelRecord `json:"model,omitempty"`
	// Checkpoint is the state of the attempt, uploaded before the report; it may
	// come with any state but completed.
	Checkpoint *Checkpoint `json:"checkpoint,omitempty"`
	// Points are numbers that the attempt has produced since its last report; some
	// may be repeated.
	Points []Point `json:"points,omitempty"`
	// Idle says, beside an outcome, that the worker runs nothing and takes orders
	// when it sends the report.
	Idle bool `json:"idle,omitempty"`
	// Artifacts are the stored outputs, uploaded before the report.
	Artifacts []Artifact `json:"artifacts,omitempty"`
}

// ErrInvalidReport is wrapped by every error of Report.Validate.
var ErrInvalidReport = errors.New("invalid report")

// Validate refuses a report that no state of its operation could make true.
func (r Report) Validate() error {
	err := ValidateID(r.Token.OperationID)
	switch {
	case err != nil:
	case r.Token.Attempt < 1:
		err = fmt.Errorf("token.attempt is %d: want at least 1", r.Token.Attempt)
	case r.WorkerID == "":
		err = errors.New("worker_id is empty")
	case r.State == Running && r.Progress == nil && r.Checkpoint == nil && len(r.Points) == 0:
		err = errors.New("state is running but neither progress nor checkpoint nor points are there")
	case r.State != Running && r.State != Resuming && !r.State.Terminal():
		err = fmt.Errorf("state is %q: want one of %s %s %s %s %s", r.State, Running, Resuming, Completed, Failed, Cancelled)
	case len(r.Result) > 0 && !json.Valid(r.Result):
		err = errors.New("result is not JSON")
	case r.Model != nil && r.State != Completed:
		err = fmt.Errorf("state is %s but a model is reported", r.State)
	case r.Model != nil:
		err = r.Model.validate()
	}
	if err == nil {
		err = r.validateTexts()
	}
	if err == nil && r.Checkpoint != nil {
		err = r.Checkpoint.Validate()
	}
	if err == nil {
		err = validatePoints(r.Points)
	}
	for i := 0; err == nil && i < len(r.Artifacts); i++ {
		err = r.Artifacts[i].Validate()
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInvalidReport, err)
	}
	return nil
}

// The texts that are kept of one report, in bytes, and how many warnings.
const (
	MaxErrorText   = 64 << 10
	MaxWarningText = 4 << 10
	MaxWarnings    = 1000
	maxContextJSON = 64 << 10
)

// validateTexts refuses what would make a record too large to be shown.
func (r Report) validateTexts() error {
	if len(r.Error) > MaxErrorText {
		return fmt.Errorf("error has %d bytes: want at most %d", len(r.Error), MaxErrorText)
	}
	if len(r.Warnings) > MaxWarnings {
		return fmt.Errorf("there are %d warnings: want at most %d", len(r.Warnings), MaxWarnings)
	}
	for i, text := range r.Warnings {
		if len(text) > MaxWarningText {
			return fmt.Errorf("warnings[%d] has %d bytes: want at most %d", i, len(text), MaxWarningText)
		}
	}
	if r.Progress == nil || len(r.Progress.Context) == 0 {
		return nil
	}
	if text, err := json.Marshal(r.Progress.Context); err != nil || len(text) > maxContextJSON {
		return fmt.Errorf("progress.context takes %d bytes: want at most %d", len(text), maxContextJSON)
	}
	return nil
}

// Evidence returns the changes that store what a report brings beside progress
// and outcome. They come before the change that ends the operation, if any.
func (r Report) Evidence(o Operation, at time.Time) Transaction {
	var tx Transaction
	if c := r.measured(o, at); c != nil {
		tx = append(tx, c)
	}
	if c := r.checkpoint(o, at); c != nil {
		tx = append(tx, c)
	}
	return tx
}

// Finish turns a terminal report into the change that ends o. The backend, not
// the worker, says which operation a model belongs to and when it was made;
// progress that cannot be true is left out, for the outcome matters more.
func (r Report) Finish(o Operation, at time.Time) Finished {
	f := Finished{
		Token: r.Token, State: r.State, Progress: o.Progress, Result: r.Result, Error: r.Error,
		Warnings: slices.Concat(o.Warnings, r.Warnings), Artifacts: r.Artifacts, At: at,
	}
	if r.Progress != nil {
		f.Progress, _ = o.Progress.Advance(*r.Progress)
	}
	if r.State == Completed {
		f.Progress.Percentage = 100
	}
	if r.State == Failed && f.Error == "" {
		f.Error = "worker " + r.WorkerID + " gave no reason"
	}
	if r.Model != nil {
		m := *r.Model
		m.ID, m.OperationID, m.CreatedAt = ModelID(r.Token.OperationID), r.Token.OperationID, at
		f.Model = &m
	}
	return f
}

// ModelID returns the id of the model that a training operation makes:
// op_training_20251113_… makes model_20251113_….
func ModelID(operationID string) string {
	return "model_" + strings.TrimPrefix(strings.TrimPrefix(operationID, "op_"), "training_")
}

var sha256Form = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Validate refuses an artifact whose content hash is not one.
func (a Artifact) Validate() error {
	switch {
	case !sha256Form.MatchString(a.SHA256):
		return fmt.Errorf("artifact %q: sha256 is %q: want 64 hexadecimal digits", a.Role, a.SHA256)
	case a.Role == "" || len(a.Role) > maxText:
		return fmt.Errorf("artifact %s: role has %d bytes: want 1 to %d", a.SHA256, len(a.Role), maxText)
	case a.Bytes < 0:
		return fmt.Errorf("artifact %s: bytes is %d: want at least 0", a.SHA256, a.Bytes)
	}
	return nil
}

func (m ModelRecord) validate() error {
	switch {
	case !sha256Form.MatchString(m.SHA256):
		return fmt.Errorf("model.sha256 is %q: want 64 hexadecimal digits", m.SHA256)
	case m.Name == "" || m.StrategyName == "":
		return errors.New("model.model_name or model.strategy_name is empty")
	case len(m.Metrics) > 0 && !json.Valid(m.Metrics):
		return errors.New("model.metrics is not JSON")
	}
	return nil
}
