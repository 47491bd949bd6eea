package operation_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/operation"
)

func TestCheckpointValidate(t *testing.T) {
	good := operation.Checkpoint{SHA256: strings.Repeat("0d", 32), Bytes: 1, Kind: operation.CheckpointShutdown, Position: 3, Unit: "epoch", State: json.RawMessage(`{"epoch":3}`)}
	if err := good.Validate(); err != nil {
		t.Errorf("Validate() = %v", err)
	}
	for name, test := range map[string]struct {
		change func(c *operation.Checkpoint)
		want   string
	}{
		"hash":         {func(c *operation.Checkpoint) { c.SHA256 = "../etc/passwd" }, "checkpoint.sha256"},
		"bytes":        {func(c *operation.Checkpoint) { c.Bytes = -1 }, "checkpoint.size_bytes is -1"},
		"position":     {func(c *operation.Checkpoint) { c.Position = -1 }, "checkpoint.position is -1"},
		"kind":         {func(c *operation.Checkpoint) { c.Kind = "periodical" }, "did you mean periodic"},
		"kind_case":    {func(c *operation.Checkpoint) { c.Kind = "Periodic" }, "checkpoint.checkpoint_type"},
		"state_array":  {func(c *operation.Checkpoint) { c.State = json.RawMessage(`[1]`) }, "no JSON object"},
		"state_null":   {func(c *operation.Checkpoint) { c.State = json.RawMessage(`null`) }, "no JSON object"},
		"state_length": {func(c *operation.Checkpoint) { c.State = json.RawMessage(`{"a":"` + strings.Repeat("x", 1<<16) + `"}`) }, "at most 65536"},
	} {
		t.Run(name, func(t *testing.T) {
			c := good
			test.change(&c)
			if err := c.Validate(); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Validate() = %v, want %q", err, test.want)
			}
		})
	}
}

// TestEvidence: of a report's checkpoint the backend says whose it is and when
// it came, and what is not newer than what is kept is left out.
func TestEvidence(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	hash := strings.Repeat("0d", 32)
	op := operation.Operation{ID: "op_1", Attempt: 2, Term: 1, Open: true, Status: operation.Running,
		Checkpoints: []operation.Checkpoint{{SHA256: hash, Attempt: 2, Position: 5}}}
	report := func(position int64, sha256 string) operation.Report {
		return operation.Report{Token: op.Token(), WorkerID: "w", State: operation.Running,
			Checkpoint: &operation.Checkpoint{SHA256: sha256, Kind: operation.CheckpointPeriodic, Position: position, Attempt: 77}}
	}
	tx := report(6, hash).Evidence(op, at)
	if len(tx) != 1 {
		t.Fatalf("Evidence() = %v, want one change", tx)
	}
	if c := tx[0].(operation.Checkpointed).Checkpoint; c.Attempt != 2 || !c.CreatedAt.Equal(at) {
		t.Errorf("checkpoint = %+v, want it of attempt 2 at %s", c, at)
	}
	next, err := op.Apply(tx[0])
	if err != nil || len(next.Checkpoints) != 2 || next.Checkpoints[0].Position != 6 || len(op.Checkpoints) != 1 {
		t.Errorf("Apply() = %+v, %v", next.Checkpoints, err)
	}
	for name, r := range map[string]operation.Report{"older": report(4, hash), "same": report(5, hash)} {
		if tx := r.Evidence(op, at); len(tx) != 0 {
			t.Errorf("Evidence() of a checkpoint that is %s = %v, want none", name, tx)
		}
	}
	if tx := report(5, strings.Repeat("0e", 32)).Evidence(op, at); len(tx) != 1 {
		t.Errorf("Evidence() of another checkpoint at the same position = %v, want it", tx)
	}
	op.Attempt = 3 // which began again at an earlier one
	if tx := report(4, hash).Evidence(op, at); len(tx) != 1 {
		t.Errorf("Evidence() of a new attempt's checkpoint = %v, want it", tx)
	}
	op.Open, op.Ended = false, operation.Settled
	if tx := report(9, hash).Evidence(op, at); len(tx) != 0 {
		t.Errorf("Evidence() after the attempt was settled = %v, want none", tx)
	}
}

func TestResumable(t *testing.T) {
	for _, s := range operation.Statuses() {
		op := operation.Operation{ID: "op_1", Status: s, Checkpoints: []operation.Checkpoint{{}}}
		err := op.Resumable()
		if want := s == operation.Failed || s == operation.Cancelled; (err == nil) != want {
			t.Errorf("Resumable() of what is %s = %v", s, err)
		}
		if _, ok := errors.AsType[*operation.NotResumableError](err); err != nil && (!ok || !strings.Contains(err.Error(), string(s))) {
			t.Errorf("Resumable() of what is %s = %q", s, err)
		}
	}
	if err := (operation.Operation{ID: "op_1", Status: operation.Failed}).Resumable(); !errors.Is(err, operation.ErrNoCheckpoint) {
		t.Errorf("Resumable() without a checkpoint = %v, want ErrNoCheckpoint", err)
	}
}
