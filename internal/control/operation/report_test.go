package operation_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ktrdr/ktrdr/internal/control/operation"
)

var hash = strings.Repeat("0a", 32)

func completed() operation.Report {
	return operation.Report{Token: token(1), WorkerID: "w", State: operation.Completed, Result: json.RawMessage(`{}`),
		Model:     &operation.ModelRecord{Name: "m", StrategyName: "s", SHA256: hash},
		Artifacts: []operation.Artifact{{SHA256: hash, Role: "model", Bytes: 3}}}
}

func TestReportValidate(t *testing.T) {
	if err := completed().Validate(); err != nil {
		t.Fatalf("Validate() of a good report = %v", err)
	}
	for name, test := range map[string]struct {
		spoil func(r *operation.Report)
		want  string
	}{
		"no_operation":      {func(r *operation.Report) { r.Token.OperationID = "" }, "operation id"},
		"path_as_operation": {func(r *operation.Report) { r.Token.OperationID = "../x" }, "operation id"},
		"attempt_zero":      {func(r *operation.Report) { r.Token.Attempt = 0 }, "token.attempt"},
		"no_worker":         {func(r *operation.Report) { r.WorkerID = "" }, "worker_id"},
		"pending":           {func(r *operation.Report) { r.State = operation.Pending }, "state"},
		"running_silently":  {func(r *operation.Report) { r.State, r.Model = operation.Running, nil }, "neither progress nor checkpoint nor points"},
		"result_not_json":   {func(r *operation.Report) { r.Result = json.RawMessage(`{`) }, "result is not JSON"},
		"model_of_failure":  {func(r *operation.Report) { r.State = operation.Failed }, "a model is reported"},
		"model_hash":        {func(r *operation.Report) { r.Model.SHA256 = "x" }, "model.sha256"},
		"model_name":        {func(r *operation.Report) { r.Model.Name = "" }, "model_name"},
		"model_metrics":     {func(r *operation.Report) { r.Model.Metrics = json.RawMessage(`]`) }, "metrics"},
		"artifact_hash":     {func(r *operation.Report) { r.Artifacts[0].SHA256 = strings.ToUpper(hash) }, "64 hexadecimal"},
		"artifact_role":     {func(r *operation.Report) { r.Artifacts[0].Role = "" }, "role"},
		"long_error":        {func(r *operation.Report) { r.Error = strings.Repeat("x", operation.MaxErrorText+1) }, "error has"},
		"long_warning":      {func(r *operation.Report) { r.Warnings = []string{strings.Repeat("x", operation.MaxWarningText+1)} }, "warnings[0]"},
		"many_warnings":     {func(r *operation.Report) { r.Warnings = make([]string, operation.MaxWarnings+1) }, "1001 warnings"},
		"large_context": {func(r *operation.Report) {
			r.Progress = &operation.Progress{Context: map[string]any{"a": strings.Repeat("x", 64<<10)}}
		}, "progress.context"},
		"artifact_size": {func(r *operation.Report) { r.Artifacts[0].Bytes = -1 }, "bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			r := completed()
			test.spoil(&r)
			if err := r.Validate(); !errors.Is(err, operation.ErrInvalidReport) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Validate() = %v, want ErrInvalidReport with %q", err, test.want)
			}
		})
	}
}

func TestReportFinish(t *testing.T) {
	o := pending("op_1")
	o.Progress.Percentage, o.Warnings = 40, []string{"old"}
	r := completed()
	r.Token.OperationID, r.Warnings = "op_training_20260102_030405_00000000", []string{"new"}
	r.Model.ID, r.Model.OperationID = "mine", "another"
	f := r.Finish(o, at)
	if f.Model.ID != "model_20260102_030405_00000000" || f.Model.OperationID != r.Token.OperationID || !f.Model.CreatedAt.Equal(at) {
		t.Errorf("model = %+v, want its identity from the backend", f.Model)
	}
	if f.Progress.Percentage != 100 || cmp.Diff([]string{"old", "new"}, f.Warnings) != "" {
		t.Errorf("Finish() = %+v", f)
	}
	failed := operation.Report{Token: token(1), WorkerID: "w", State: operation.Failed, Progress: &operation.Progress{Percentage: 900}}
	if f := failed.Finish(o, at); f.Error != "worker w gave no reason" || f.Progress.Percentage != 40 {
		t.Errorf("Finish() of a failure without a reason = %+v", f)
	}
}

func TestValidate(t *testing.T) {
	good := pending("op_1")
	if err := good.Validate(); err != nil {
		t.Fatalf("Validate() = %v", err)
	}
	for name, spoil := range map[string]func(o *operation.Operation){
		"type":     func(o *operation.Operation) { o.Type = "dancing" },
		"id":       func(o *operation.Operation) { o.ID = "a/b" },
		"long_id":  func(o *operation.Operation) { o.ID = strings.Repeat("a", 121) },
		"no_spec":  func(o *operation.Operation) { o.Spec = nil },
		"attempts": func(o *operation.Operation) { o.MaxAttempts = -1 },
		"artifact": func(o *operation.Operation) { o.Artifacts = []operation.Artifact{{SHA256: "x"}} },
	} {
		t.Run(name, func(t *testing.T) {
			o := good
			spoil(&o)
			if o.Validate() == nil {
				t.Errorf("Validate() accepted %+v", o)
			}
		})
	}
}

// TestJSON pins the form in which an operation travels.
func TestJSON(t *testing.T) {
	o := pending("op_1")
	o.Spec = json.RawMessage(`"never on the wire"`)
	got, err := json.MarshalIndent(o, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	want := `{
 "operation_id": "op_1",
 "parent_operation_id": null,
 "operation_type": "training",
 "status": "pending",
 "created_at": "2026-01-02T03:04:05Z",
 "started_at": null,
 "completed_at": null,
 "progress": {
  "percentage": 0,
  "current_step": "",
  "steps_completed": 0,
  "steps_total": 0,
  "items_processed": 0,
  "items_total": null,
  "current_item": null,
  "context": {}
 },
 "metadata": {
  "symbol": null,
  "timeframe": null,
  "mode": null,
  "start_date": null,
  "end_date": null,
  "parameters": {}
 },
 "error_message": null,
 "warnings": [],
 "errors": [],
 "result_summary": null,
 "priority": 0,
 "attempt": 0,
 "max_attempts": 0,
 "cancel_requested": false
}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("JSON of an operation (-want +got):\n%s", diff)
	}
}

// FuzzReport feeds reports as they come over the network: whatever they say,
// they are refused or they lead to a change that Apply accepts or refuses.
func FuzzReport(f *testing.F) {
	good, err := json.Marshal(completed())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"token":{"operation_id":"op_1","attempt":1,"term":7},"worker_id":"w","state":"running","progress":{"percentage":1e300}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var r operation.Report
		if json.Unmarshal(b, &r) != nil || r.Validate() != nil {
			return
		}
		o := pending(r.Token.OperationID)
		o.Attempt, o.Term, o.Open = r.Token.Attempt, r.Token.Term, true
		if r.State == operation.Running {
			if p, err := o.Progress.Advance(*r.Progress); err == nil && !(p.Percentage >= 0 && p.Percentage <= 100) {
				t.Fatalf("percentage %v was accepted", p.Percentage)
			}
			return
		}
		done, err := o.Apply(r.Finish(o, at))
		if err != nil || !done.Status.Terminal() {
			t.Fatalf("report %s: %+v, %v", b, done, err)
		}
		if _, err := json.Marshal(done); err != nil {
			t.Fatalf("report %s leads to a record without JSON: %v", b, err)
		}
	})
}
