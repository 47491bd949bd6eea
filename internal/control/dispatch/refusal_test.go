package dispatch_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
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
