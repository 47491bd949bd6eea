package api_test

import (
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/control/wire"
)

// TestHostileBodies: what a worker or anybody else may send to hurt is refused
// with the reason, and nothing is changed.
func TestHostileBodies(t *testing.T) {
	bomb := strings.Repeat(`{"a":`, 200_000)
	nested := strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)
	for name, tc := range map[string]struct {
		path, body string
		code       int
	}{
		"register_bomb":       {"/api/v1/workers/register", bomb, 422},
		"register_oversized":  {"/api/v1/workers/register", `{"worker_id":"` + strings.Repeat("x", wire.MaxReportBytes) + `"}`, 413},
		"register_path_as_id": {"/api/v1/workers/register", `{"worker_id":"../../etc","worker_type":"training","endpoint_url":"http://h:1"}`, 422},
		"report_bomb":         {"/api/v1/workers/w2/reports", `{"result":` + nested + `}`, 422},
		"report_oversized":    {"/api/v1/workers/w2/reports", `{"result":"` + strings.Repeat("x", wire.MaxReportBytes) + `"}`, 413},
		"report_no_token":     {"/api/v1/workers/w2/reports", `{"worker_id":"w2","state":"completed"}`, 422},
		"report_bad_hash":     {"/api/v1/workers/w2/reports", `{"token":{"operation_id":"op_running","attempt":1,"term":1},"worker_id":"w2","state":"running","checkpoint":{"sha256":"../x","checkpoint_type":"periodic"}}`, 422},
		"start_bomb":          {train, bomb, 400},
	} {
		t.Run(name, func(t *testing.T) {
			b := populated(t)
			workers, operations, reports := len(b.controller.workers), len(b.controller.operations), len(b.controller.reports)
			rec := b.do("POST", tc.path, tc.body, "Content-Type", "application/json")
			if rec.Code != tc.code || !strings.Contains(rec.Body.String(), `"success":false`) {
				t.Errorf("%d %.300s, want %d with the reason", rec.Code, rec.Body, tc.code)
			}
			if len(b.controller.workers) != workers || len(b.controller.operations) != operations || rec.Code >= 500 {
				t.Errorf("something changed: %d reports before, %d after", reports, len(b.controller.reports))
			}
		})
	}
}
