package dispatch_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/ktrdr/ktrdr/internal/control/dispatch"
	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// TestRefusalsAreToldOnce: what a worker repeats and is refused, the operator
// reads once, until something has changed.
func TestRefusalsAreToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		b := startLogged(t, newDisk(), newWires(), slog.New(slog.NewTextHandler(&log, nil)))
		told := func(what string) int { return strings.Count(log.String(), what) }
		register := func(contract string) error {
			_, err := b.Register(t.Context(), fleet.Registration{WorkerID: "w1", Type: fleet.Training, EndpointURL: "http://w1:1", Incarnation: "2", Contract: contract})
			synctest.Wait()
			return err
		}
		for range 3 {
			if err := register("9.0"); !errors.Is(err, fleet.ErrIncompatible) {
				t.Fatalf("Register with contract 9.0: %v", err)
			}
		}
		if n := told("registration refused"); n != 1 || told("speaks contract 9.0") != 1 {
			t.Errorf("told %d times with the reason, want once:\n%s", n, &log)
		}
		if err := register(""); err != nil {
			t.Fatal(err)
		}
		_ = register("9.0")
		if n := told("registration refused"); n != 2 {
			t.Errorf("told %d times after it had been taken, want twice:\n%s", n, &log)
		}

		report := operation.Report{Token: operation.Token{OperationID: "op_none", Attempt: 1, Term: 1}, WorkerID: "w1", State: operation.Completed}
		for range 3 {
			if err := b.Report(t.Context(), report); !errors.Is(err, dispatch.ErrUnknown) {
				t.Fatalf("Report of an unknown operation: %v", err)
			}
		}
		report.State = "done"
		if err := b.Report(t.Context(), report); !errors.Is(err, operation.ErrInvalidReport) {
			t.Fatalf("Report of an unknown state: %v", err)
		}
		if n := told("report refused"); n != 2 || told(`operation op_none: unknown`) != 1 || told(`state is \"done\"`) != 1 {
			t.Errorf("told %d times, want each reason once:\n%s", n, &log)
		}
		for i := range 3000 { // names are made up more easily than remembered
			_, _ = b.Register(t.Context(), fleet.Registration{WorkerID: fmt.Sprintf("w%d", i), Type: "miner", EndpointURL: "http://w1:1"})
		}
		if n := told("unknown worker type"); n != 3000 {
			t.Errorf("told %d of 3000 different refusals", n)
		}
	})
}

// TestRegistrationsBringNothingUnproven: what an outcome refers to must be stored,
// by whichever way the outcome comes.
func TestRegistrationsBringNothingUnproven(t *testing.T) {
	here, gone := strings.Repeat("ab", 32), strings.Repeat("cd", 32)
	for name, tc := range map[string]struct {
		change func(*operation.Report)
		status operation.Status
		kept   int // checkpoints
	}{
		"stored":         {func(r *operation.Report) { r.Artifacts[0].SHA256 = here }, operation.Completed, 0},
		"missing_output": {func(r *operation.Report) {}, operation.Running, 0},
		"missing_model": {func(r *operation.Report) {
			r.Artifacts, r.Model = nil, &operation.ModelRecord{Name: "m", StrategyName: "s", SHA256: gone}
		}, operation.Running, 0},
		"of_another_worker":  {func(r *operation.Report) { r.Artifacts, r.WorkerID = nil, "w2" }, operation.Running, 0},
		"no_such_state":      {func(r *operation.Report) { r.Artifacts, r.State = nil, "done" }, operation.Running, 0},
		"missing_checkpoint": {failedWith(gone), operation.Failed, 0},
		"stored_checkpoint":  {failedWith(here), operation.Failed, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				b := startLogged(t, newDisk(), newWires(), slog.New(slog.NewTextHandler(&log, nil)))
				b.stored = map[string]bool{here: true}
				b.register("w1", fleet.Training)
				b.submit("op")
				<-b.wires.started
				synctest.Wait()
				report := b.wires.finish("w1")
				report.Artifacts = []operation.Artifact{{SHA256: gone, Role: "trades"}}
				tc.change(&report)
				for range 2 {
					if _, err := b.Register(t.Context(), fleet.Registration{WorkerID: "w1", Type: fleet.Training, EndpointURL: "http://w1:1", Finished: slices.Repeat([]operation.Report{report}, 3)}); err != nil {
						t.Fatal(err)
					}
				}
				synctest.Wait()
				op, err := b.Operation(t.Context(), "op")
				if err != nil || op.Status != tc.status || len(op.Checkpoints) != tc.kept {
					t.Errorf("the operation is %s with %d checkpoints (%v), want %s with %d", op.Status, len(op.Checkpoints), err, tc.status, tc.kept)
				}
				want := 0
				if tc.status == operation.Running {
					want = 1
				}
				if n := strings.Count(log.String(), "report refused"); n != want {
					t.Errorf("told %d times of a refusal, want %d:\n%s", n, want, &log)
				}
			})
		})
	}
}

// failedWith makes a report one of a failure that left a checkpoint.
func failedWith(sha256 string) func(*operation.Report) {
	return func(r *operation.Report) {
		r.Artifacts, r.Result, r.State, r.Error = nil, nil, operation.Failed, "tired"
		r.Checkpoint = &operation.Checkpoint{SHA256: sha256, Kind: operation.CheckpointFailure, Position: 3, Unit: "epoch"}
	}
}
