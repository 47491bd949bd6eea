package worker_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/ktrdr/ktrdr/internal/control/wire"
)

func orderOfTerm(id string, term int) string {
	return fmt.Sprintf(`{"task_id":%q,"token":{"operation_id":%q,"attempt":1,"term":%d},"strategy_name":"s"}`, id, id, term)
}

// TestOrdersOfAnOlderTerm: a worker that has heard of a scheduler takes no orders
// of those before it, whether it heard by an order, taken or not, or by a health
// check. What it runs already is nobody's to take away.
func TestOrdersOfAnOlderTerm(t *testing.T) {
	for name, tc := range map[string]struct {
		heard func(r *rig)
		code  int
	}{
		"heard_of_nobody":    {func(*rig) {}, 200},
		"order_of_its_own":   {func(r *rig) { r.finish(5) }, 200},
		"order_of_a_newer":   {func(r *rig) { r.finish(6) }, 409},
		"health_of_its_own":  {func(r *rig) { r.do("GET", "/health", "", wire.HeaderTerm, "5") }, 200},
		"health_of_a_newer":  {func(r *rig) { r.do("GET", "/health", "", wire.HeaderTerm, "6") }, 409},
		"health_of_an_older": {func(r *rig) { r.do("GET", "/health", "", wire.HeaderTerm, "4") }, 200},
		"older_after_newer": {func(r *rig) {
			r.do("GET", "/health", "", wire.HeaderTerm, "6")
			r.do("GET", "/health", "", wire.HeaderTerm, "4")
		}, 409},
		"health_by_a_person": {func(r *rig) { r.do("GET", "/health", "") }, 200},
		"health_by_nonsense": {func(r *rig) {
			if code, body := r.do("GET", "/health", "", wire.HeaderTerm, "9e99"); code != 400 {
				r.t.Errorf("a term that is none: %d %s, want 400", code, body)
			}
		}, 200},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(t, &fakeBackend{}, untilCancelled(0))
				tc.heard(r)
				code, body := r.do("POST", "/training/start", orderOfTerm("op_late", 5))
				if code != tc.code || code == 409 && !strings.Contains(body, "takes no orders of term 5") {
					t.Errorf("an order of term 5: %d %s, want %d with the reason", code, body, tc.code)
				}
				if busy := r.busy(); busy != (tc.code == 200) {
					t.Errorf("worker is busy: %v", busy)
				}
				r.end()
			})
		})
	}
}

// finish gives the worker an order of the term and cancels it.
func (r *rig) finish(term int) {
	r.t.Helper()
	if code, body := r.do("POST", "/training/start", orderOfTerm("op_before", term)); code != 200 {
		r.t.Fatalf("an order of term %d: %d %s", term, code, body)
	}
	r.do("DELETE", "/api/v1/operations/op_before/cancel", "")
	if r.busy() {
		r.t.Fatal("the cancelled job still runs")
	}
}

// TestRepeatedOrderAfterFailOver: the answer to an order may have been lost, and
// its scheduler replaced meanwhile. What runs is what was ordered.
func TestRepeatedOrderAfterFailOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, &fakeBackend{}, untilCancelled(0))
		r.do("POST", "/training/start", orderOfTerm("op_1", 5))
		r.do("GET", "/health", "", wire.HeaderTerm, "6")
		if code, body := r.do("POST", "/training/start", orderOfTerm("op_1", 5)); code != 200 {
			t.Errorf("the same order again: %d %s, want 200", code, body)
		}
		r.end()
	})
}
