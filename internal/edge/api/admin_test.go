package api_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/edge/api"
)

// A fakeUpkeep sends text as a backup and then fails.
type fakeUpkeep struct {
	text string
	fail error
}

func (u fakeUpkeep) Backup(_ context.Context, w io.Writer) error {
	if u.text != "" {
		if _, err := io.WriteString(w, u.text); err != nil {
			return err
		}
	}
	return u.fail
}

func (u fakeUpkeep) Cleanup(_ context.Context, req wire.CleanupRequest) (wire.CleanupReport, error) {
	r := wire.CleanupReport{Success: true, DryRun: req.DryRun, Checkpoints: 2, Operations: []wire.CleanedOperation{},
		Retired: wire.CleanedArtifacts{Count: 1, SizeBytes: 5, Artifacts: []wire.CleanedArtifact{{SHA256: helloHash, SizeBytes: 5}}},
		Deleted: wire.CleanedArtifacts{Artifacts: []wire.CleanedArtifact{}}}
	if req.OlderThanDays != nil && *req.OlderThanDays == 0 {
		r.OperationsCount, r.Operations = 1, append(r.Operations, wire.CleanedOperation{OperationID: "op_done", OperationType: operation.Training, Status: operation.Completed, CompletedAt: now})
	}
	return r, u.fail
}

// A backup that fails on the way must not look like one that is whole.
func TestBackup(t *testing.T) {
	for name, tc := range map[string]struct {
		upkeep fakeUpkeep
		status int
		cut    bool
	}{
		"whole":             {fakeUpkeep{text: "archive"}, http.StatusOK, false},
		"fails_at_once":     {fakeUpkeep{fail: errors.New("no disk")}, http.StatusInternalServerError, false},
		"fails_on_the_way":  {fakeUpkeep{text: "archi", fail: errors.New("no disk")}, http.StatusOK, true},
		"refused_for_a_why": {fakeUpkeep{fail: wire.Errorf(wire.CodeUnavailable, "later")}, http.StatusServiceUnavailable, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBackend(t)
			o := b.options(nil)
			o.Upkeep = tc.upkeep
			h, err := api.New(o)
			if err != nil {
				t.Fatal(err)
			}
			server := httptest.NewServer(h)
			defer server.Close()
			resp, err := http.Get(server.URL + wire.PathAdminBackup)
			if err != nil {
				if !tc.cut {
					t.Fatal(err)
				}
				return
			}
			defer resp.Body.Close()
			_, err = io.ReadAll(resp.Body)
			if resp.StatusCode != tc.status || (err != nil) != tc.cut {
				t.Errorf("status %d, then %v; want status %d, cut off %v", resp.StatusCode, err, tc.status, tc.cut)
			}
		})
	}
}
