package worker_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/wire"
)

func TestHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &fakeBackend{}
		r := start(t, b, untilCancelled(0))
		pass(35 * time.Second)
		if len(b.beats) != 4 {
			t.Fatalf("%d registrations in 35 s, want 4", len(b.beats))
		}
		for i, at := range b.beats {
			if since := at.Sub(b.beats[0]); since != time.Duration(i)*10*time.Second {
				t.Errorf("registration %d after %s, want every 10s", i, since)
			}
		}
		first := b.registrations[0]
		if first.WorkerID != "w1" || first.Type != fleet.Training || first.EndpointURL != "http://127.0.0.1:5004" || first.Version != "v1" || first.CurrentOperationID != nil {
			t.Errorf("registration is %+v", first)
		}
		if err := first.Validate(); err != nil {
			t.Error(err)
		}
		r.dispatch("op_1", 3)
		pass(10 * time.Second)
		last := b.registrations[len(b.registrations)-1]
		if last.CurrentOperationID == nil || *last.CurrentOperationID != "op_1" || last.Current.Attempt != 3 || last.Incarnation != first.Incarnation {
			t.Errorf("registration of a busy worker is %+v", last)
		}
		r.end()
	})
}

// TestHeartbeatOutlivesTheBackend: it starts before the backend, comes back
// with growing, scattered pauses, and never gives up.
func TestHeartbeatOutlivesTheBackend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &fakeBackend{onRegister: func(int) error { return &wire.UnreachableError{URL: "u", Err: errors.New("refused")} }}
		r := start(t, b, untilCancelled(0))
		pass(time.Hour)
		n := len(b.beats)
		if n < 350 || n > 800 {
			t.Errorf("%d registrations in an hour, want one every 5 to 10 s", n)
		}
		for i := 1; i < n; i++ {
			if d := b.beats[i].Sub(b.beats[i-1]); d > 10*time.Second || i > 10 && d < 5*time.Second {
				t.Fatalf("pause %d is %s", i, d)
			}
		}
		r.end()
	})
}

func TestHeartbeatHonoursRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &fakeBackend{onRegister: func(n int) error {
			if n == 1 {
				return &wire.Error{Code: wire.CodeUnavailable, Message: "Backend is shutting down", RetryAfter: 5 * time.Second}
			}
			return nil
		}}
		r := start(t, b, untilCancelled(0))
		pass(7 * time.Second)
		if len(b.beats) != 2 || b.beats[1].Sub(b.beats[0]) < 5*time.Second || b.beats[1].Sub(b.beats[0]) > 6*time.Second {
			t.Errorf("registrations at %v, want the second 5 to 6 s after the first", b.beats)
		}
		r.end()
	})
}

func TestReplacedWorkerEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &fakeBackend{onRegister: func(n int) error {
			if n == 3 {
				return wire.Errorf(wire.CodeSuperseded, "a newer process lives under w1")
			}
			return nil
		}}
		r := start(t, b, untilCancelled(0))
		pass(21 * time.Second)
		err := <-r.ended
		if err == nil || !strings.Contains(err.Error(), "a newer process lives under w1") {
			t.Errorf("Run returned %v, want the refusal", err)
		}
		r.stop()
	})
}

func TestBackendShutdownNotice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &fakeBackend{}
		r := start(t, b, untilCancelled(0))
		if code, body := r.do("POST", "/backend-shutdown", `{"message":"bye"}`); code != 200 || body != `{"acknowledged":true}` {
			t.Errorf("%d %s", code, body)
		}
		pass(3 * time.Second)
		if len(b.beats) != 2 {
			t.Errorf("%d registrations 3 s after the notice, want 2", len(b.beats))
		}
		r.end()
	})
}
