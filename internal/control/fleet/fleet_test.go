package fleet_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
)

var at = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func registration(id string, kind fleet.WorkerType, gpu bool) fleet.Registration {
	return fleet.Registration{WorkerID: id, Type: kind, EndpointURL: "http://" + id + ":5003", Incarnation: "1", Capabilities: fleet.Capabilities{"gpu": gpu}}
}

func token(id string) operation.Token {
	return operation.Token{OperationID: id, Attempt: 1, Term: 1}
}

// join registers a worker and proves that it can be reached.
func join(f *fleet.Fleet, r fleet.Registration) {
	f.Step(fleet.Registered{Registration: r}, at)
	f.Step(fleet.Answered{WorkerID: r.WorkerID, Incarnation: r.Incarnation}, at)
}

func ExampleFleet() {
	f := fleet.New(fleet.Timing{})
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, effect := range f.Step(fleet.Registered{Registration: fleet.Registration{
		WorkerID: "w1", Type: fleet.Training, EndpointURL: "http://10.0.0.7:5004",
	}}, now) {
		fmt.Printf("%T\n", effect)
	}
	_, ok := f.Select(fleet.Training)
	fmt.Println("selectable:", ok)

	f.Step(fleet.Answered{WorkerID: "w1"}, now) // the check was answered
	w, _ := f.Select(fleet.Training)
	fmt.Println(w.ID, w.Status)
	// Output:
	// fleet.Saved
	// fleet.Check
	// selectable: false
	// w1 available
}

func TestSelect(t *testing.T) {
	f := fleet.New(fleet.Timing{})
	for _, id := range []string{"c1", "c2"} {
		join(f, registration(id, fleet.Training, false))
	}
	for _, id := range []string{"g1", "g2"} {
		join(f, registration(id, fleet.Training, true))
	}
	text := registration("x1", fleet.Training, false)
	text.Capabilities = fleet.Capabilities{"gpu": "true"} // a text is not true
	join(f, text)
	join(f, registration("b1", fleet.Backtesting, true))
	draining := registration("g0", fleet.Training, true)
	draining.Draining = true
	join(f, draining)

	var got []string
	for i := range 6 {
		w, ok := f.Select(fleet.Training)
		if !ok {
			break
		}
		got = append(got, w.ID)
		f.Step(fleet.Reserved{WorkerID: w.ID, Token: token(fmt.Sprint(i))}, at.Add(time.Duration(i)*time.Second))
	}
	if want := "g1 g2 c1 c2 x1"; strings.Join(got, " ") != want {
		t.Errorf("selected %q, want %q", strings.Join(got, " "), want)
	}
	// Freed in another order, they are selected by how long they were not.
	for i, id := range []string{"g2", "g1"} {
		w, _ := f.Worker(id)
		f.Step(fleet.Released{WorkerID: id, Token: token(map[string]string{"g1": "0", "g2": "1"}[id])}, at.Add(time.Duration(10+i)*time.Second))
		f.Step(fleet.Answered{WorkerID: id, Incarnation: w.Incarnation}, at.Add(time.Duration(10+i)*time.Second))
	}
	if w, _ := f.Select(fleet.Training); w.ID != "g1" {
		t.Errorf("selected %s, want g1, the least recently used", w.ID)
	}
	if w, _ := f.Worker("g1"); w.Metadata.LastSelected == nil || *w.Metadata.LastSelected != float64(at.Unix()) {
		t.Errorf("last_selected = %v, want %d", w.Metadata.LastSelected, at.Unix())
	}
	if n := f.Registered(fleet.Training); n != 6 {
		t.Errorf("Registered(training) = %d, want 6", n)
	}
}

func TestHeartbeatNeverFrees(t *testing.T) {
	f := fleet.New(fleet.Timing{})
	r := registration("w1", fleet.Training, false)
	join(f, r)
	f.Step(fleet.Reserved{WorkerID: "w1", Token: token("op")}, at)
	check := func(what string, want fleet.Status) {
		t.Helper()
		if w, _ := f.Worker("w1"); w.Status != want {
			t.Errorf("after %s the worker is %s, want %s", what, w.Status, want)
		}
	}
	f.Step(fleet.Registered{Registration: r}, at) // says idle, was sent before the start
	check("an idle heartbeat", fleet.Busy)
	f.Step(fleet.Answered{WorkerID: "w1", Incarnation: "1"}, at)
	check("an idle answer", fleet.Busy)
	f.Step(fleet.Released{WorkerID: "w1", Token: token("another")}, at)
	check("the release of another attempt", fleet.Busy)
	f.Step(fleet.Released{WorkerID: "w1", Token: token("op")}, at)
	check("its release", fleet.Busy)
	f.Step(fleet.Answered{WorkerID: "w1", Incarnation: "1", Health: fleet.Health{Busy: true}}, at)
	check("a busy answer", fleet.Busy)
	busy := r
	busy.CurrentOperationID = new("op")
	f.Step(fleet.Registered{Registration: busy}, at)
	f.Step(fleet.Registered{Registration: r}, at)
	check("an idle heartbeat", fleet.Busy)
	f.Step(fleet.Answered{WorkerID: "w1", Incarnation: "1"}, at)
	check("an idle answer", fleet.Available)
}

// TestReleasedIdle: a worker that says with the outcome that it is idle is free at
// once, unless an older answer about it is on its way.
func TestReleasedIdle(t *testing.T) {
	for name, test := range map[string]struct {
		checking bool
		token    string
		want     fleet.Status
	}{
		"free":              {false, "op", fleet.Available},
		"another_attempt":   {false, "another", fleet.Busy},
		"answer_on_its_way": {true, "op", fleet.Busy},
	} {
		t.Run(name, func(t *testing.T) {
			f := fleet.New(fleet.Timing{})
			join(f, registration("w1", fleet.Training, false))
			f.Step(fleet.Reserved{WorkerID: "w1", Token: token("op")}, at)
			f.Step(fleet.Answered{WorkerID: "w1", Incarnation: "1", Health: fleet.Health{Busy: true}}, at)
			if test.checking {
				f.Step(fleet.Doubted{WorkerID: "w1"}, at)
			}
			effects := f.Step(fleet.Released{WorkerID: "w1", Token: token(test.token), Idle: true}, at)
			if w, _ := f.Worker("w1"); w.Status != test.want || len(effects) != 0 {
				t.Errorf("it is %s after %v, want %s", w.Status, effects, test.want)
			}
			if test.checking {
				f.Step(fleet.Answered{WorkerID: "w1", Incarnation: "1", Health: fleet.Health{Busy: true}}, at)
				if asked := f.Step(fleet.Ticked{}, at.Add(time.Second)); len(asked) != 1 {
					t.Errorf("after an old answer it is asked %d times within a second, want once", len(asked))
				}
			}
		})
	}
}

func TestSettle(t *testing.T) {
	f := fleet.New(fleet.Timing{})
	join(f, registration("w1", fleet.Training, false))
	f.Step(fleet.Reserved{WorkerID: "w1", Token: token("op")}, at)
	f.Step(fleet.Released{WorkerID: "w1", Token: token("op")}, at)
	var asked []time.Duration
	busy := fleet.Answered{WorkerID: "w1", Incarnation: "1", Health: fleet.Health{Busy: true}}
	f.Step(busy, at)
	for d := time.Duration(0); d < 30*time.Second; d += 10 * time.Millisecond {
		for range f.Step(fleet.Ticked{}, at.Add(d)) {
			asked = append(asked, d)
			f.Step(busy, at.Add(d))
		}
	}
	if len(asked) < 9 || asked[0] != 20*time.Millisecond || asked[1] != 60*time.Millisecond || asked[2] != 140*time.Millisecond || asked[len(asked)-1]-asked[len(asked)-2] > 10*time.Second {
		t.Errorf("a worker that should be idle was asked at %v, want at 20 ms, 60 ms, 140 ms … and at least every 10 s", asked)
	}
}

func TestParseWorkerType(t *testing.T) {
	for s, want := range map[string]fleet.WorkerType{
		"training": fleet.Training, "TRAINING": fleet.Training, "cpu_training": fleet.Training, "gpu_host": fleet.Training,
		"Backtesting": fleet.Backtesting, "data": fleet.Data,
	} {
		if got, err := fleet.ParseWorkerType(s); err != nil || got != want {
			t.Errorf("ParseWorkerType(%q) = %q, %v, want %q", s, got, err, want)
		}
	}
	if _, err := fleet.ParseWorkerType("agent"); err == nil {
		t.Error("ParseWorkerType(agent) succeeded")
	}
	for kind, want := range map[operation.Type]fleet.WorkerType{
		operation.Training: fleet.Training, operation.Backtesting: fleet.Backtesting, operation.DataLoad: fleet.Data, operation.Dummy: "",
	} {
		if got, err := fleet.TypeFor(kind); got != want || (err != nil) != (want == "") {
			t.Errorf("TypeFor(%s) = %q, %v, want %q", kind, got, err, want)
		}
	}
}

func TestNewIncarnation(t *testing.T) {
	a := fleet.NewIncarnation(at, [4]byte{9})
	b := fleet.NewIncarnation(at.Add(time.Millisecond), [4]byte{0})
	if a >= b || a != "20260102T030405.000000000Z-09000000" {
		t.Errorf("NewIncarnation gives %q, then %q: want text that sorts by time", a, b)
	}
}

func TestWorkerJSON(t *testing.T) {
	f := fleet.New(fleet.Timing{})
	join(f, registration("w1", fleet.Training, true))
	w, _ := f.Worker("w1")
	b, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{
		`"worker_id":"w1"`, `"worker_type":"training"`, `"endpoint_url":"http://w1:5003"`, `"status":"available"`, `"current_operation_id":null`,
		`"capabilities":{"gpu":true}`, `"last_health_check":"2026-01-02T03:04:05Z"`, `"last_healthy_at":"2026-01-02T03:04:05Z"`, `"health_check_failures":0`, `"metadata":{}`,
	} {
		if !strings.Contains(string(b), field) {
			t.Errorf("JSON of a worker lacks %s: %s", field, b)
		}
	}
}

// TestFleetHolds feeds random events and expects, after each, that nobody can be
// selected who was not reached, is reserved, says that it is busy, or drains.
func TestFleetHolds(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		f := fleet.New(fleet.Timing{})
		now := at
		reserved := map[string]operation.Token{}
		reached := map[string]bool{}
		for i := range rapid.IntRange(1, 60).Draw(r, "events") {
			id := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(r, "worker")
			inc := rapid.SampledFrom([]string{"1", "2"}).Draw(r, "incarnation")
			var e fleet.Event
			switch rapid.IntRange(0, 8).Draw(r, "event") {
			case 0, 1:
				g := registration(id, fleet.Training, false)
				g.Incarnation, g.Draining = inc, rapid.Bool().Draw(r, "draining")
				if rapid.Bool().Draw(r, "moved") {
					g.EndpointURL = "http://shared:1"
				}
				e = fleet.Registered{Registration: g}
			case 2, 3:
				e = fleet.Answered{WorkerID: id, Incarnation: inc, Health: fleet.Health{Busy: rapid.Bool().Draw(r, "busy")}}
			case 4:
				e = fleet.Missed{WorkerID: id, Incarnation: inc, Err: "x"}
			case 5:
				if w, ok := f.Select(fleet.Training); ok {
					e = fleet.Reserved{WorkerID: w.ID, Token: token(fmt.Sprint(i))}
				} else {
					e = fleet.Ticked{}
				}
			case 6:
				e = fleet.Released{WorkerID: id, Token: reserved[id], Idle: rapid.Bool().Draw(r, "idle")}
			case 7:
				e = fleet.Left{WorkerID: id, Incarnation: inc}
			default:
				now = now.Add(time.Duration(rapid.IntRange(0, 60).Draw(r, "seconds")) * time.Second)
				e = fleet.Ticked{}
			}
			before, existed := f.Worker(id)
			effects := f.Step(e, now)
			for _, x := range effects {
				switch x := x.(type) {
				case fleet.Gone:
					if reserved[x.WorkerID] != x.Token {
						r.Fatalf("%T gave up %v of %s, which holds %v", e, x.Token, x.WorkerID, reserved[x.WorkerID])
					}
					delete(reserved, x.WorkerID)
				case fleet.Saved:
					if w, _ := f.Worker(x.Worker.ID); !existed || before.Incarnation != w.Incarnation || before.EndpointURL != w.EndpointURL {
						reached[x.Worker.ID] = false
					}
				}
			}
			switch e := e.(type) {
			case fleet.Reserved:
				if other, double := reserved[e.WorkerID]; double {
					r.Fatalf("%s was selected for %v while it holds %v", e.WorkerID, e.Token, other)
				}
				reserved[e.WorkerID] = e.Token
			case fleet.Released:
				delete(reserved, e.WorkerID)
			case fleet.Answered:
				if w, ok := f.Worker(e.WorkerID); ok && w.Incarnation == e.Incarnation {
					reached[e.WorkerID] = true
				}
			}
			holds(r, f, reserved, reached)
		}
	})
}

func holds(r *rapid.T, f *fleet.Fleet, reserved map[string]operation.Token, reached map[string]bool) {
	all := f.Workers()
	if !slices.IsSortedFunc(all, func(a, b fleet.Worker) int { return strings.Compare(a.ID, b.ID) }) {
		r.Fatalf("workers are not sorted: %v", all)
	}
	addresses := map[string]string{}
	for _, w := range all {
		if other := addresses[w.EndpointURL]; other != "" && w.EndpointURL == "http://shared:1" && w.Status == fleet.Available {
			if o, _ := f.Worker(other); o.Status == fleet.Available {
				r.Fatalf("%s and %s are both available at %s", other, w.ID, w.EndpointURL)
			}
		}
		addresses[w.EndpointURL] = w.ID
		_, held := reserved[w.ID]
		if (f.Reservation(w.ID) != nil) != held {
			r.Fatalf("%s holds %v, want %v", w.ID, f.Reservation(w.ID), held)
		}
		if w.Status == fleet.Available && (held || !reached[w.ID]) {
			r.Fatalf("%s is available: held %v, reached %v", w.ID, held, reached[w.ID])
		}
	}
	if w, ok := f.Select(fleet.Training); ok && (w.Status != fleet.Available || w.Draining) {
		r.Fatalf("selected %+v", w)
	}
}

// FuzzRegistration feeds registrations as they come over the network.
func FuzzRegistration(f *testing.F) {
	good, err := json.Marshal(registration("w1", fleet.Training, true))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"worker_id":"w","worker_type":"TRAINING","endpoint_url":"http://[::1]:99999/%zz"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var r fleet.Registration
		if json.Unmarshal(b, &r) != nil {
			return
		}
		fl := fleet.New(fleet.Timing{})
		effects := fl.Step(fleet.Registered{Registration: r}, at)
		refused, no := effects[0].(fleet.Refused)
		if valid := r.Validate() == nil; valid == no || no && !errors.Is(refused.Err, fleet.ErrInvalid) {
			t.Fatalf("registration %s: valid %v, refused %v", b, valid, effects)
		}
		if _, err := json.Marshal(fl.Workers()); err != nil {
			t.Fatalf("registration %s leads to a worker without JSON: %v", b, err)
		}
	})
}

func TestRegistration_refuses(t *testing.T) {
	refused := func(why string, change func(*fleet.Registration)) {
		t.Helper()
		f := fleet.New(fleet.Timing{})
		r := registration("w", fleet.Training, false)
		change(&r)
		effects := f.Step(fleet.Registered{Registration: r}, at)
		if len(effects) != 1 || len(f.Workers()) != 0 {
			t.Fatalf("%s: %+v, want a refusal and nothing else", why, effects)
		}
		err := effects[0].(fleet.Refused).Err
		if !errors.Is(err, fleet.ErrInvalid) || !strings.Contains(err.Error(), why) || len(err.Error()) > 1000 {
			t.Errorf("%.1000v, want ErrInvalid and %q", err, why)
		}
	}
	for _, text := range []string{"", "w:5003", "ftp://w:1", "http://", "http://user:secret@w:1", "http://w:1/path", "http://w:1?a=b", "http://w:1#a",
		"http://w:65536", "http://w:99999999", "http://" + strings.Repeat("w", 500)} {
		refused("endpoint_url", func(r *fleet.Registration) { r.EndpointURL = text })
	}
	for _, text := range []string{"1\n2", "\x1b[31m", "a\x00b", "\xff", strings.Repeat("v", 121)} {
		refused("printable", func(r *fleet.Registration) { r.Incarnation = text })
		refused("printable", func(r *fleet.Registration) { r.Version = text })
	}
	refused("capabilities take", func(r *fleet.Registration) {
		r.Capabilities = fleet.Capabilities{"gpu": strings.Repeat("x", 1<<20)}
	})
	refused("worker_id", func(r *fleet.Registration) { r.WorkerID = strings.Repeat("w", 1<<20) })
	for _, id := range []string{"", "../op", "op 1", strings.Repeat("o", 1<<20)} {
		refused("current operation", func(r *fleet.Registration) { r.CurrentOperationID = &id })
		refused("current operation", func(r *fleet.Registration) {
			r.Current = &operation.Token{OperationID: id, Attempt: 1}
		})
	}
	refused("attempt is -5", func(r *fleet.Registration) {
		r.Current = &operation.Token{OperationID: "op", Attempt: -5}
	})
}

func TestCompatible(t *testing.T) {
	for contract, want := range map[string]bool{
		"": true, "1.0": true, "1.1": true, "1.2": true, "1.3": false, "2.1": false, "0.1": false,
		"1": false, "1.x": false, "1.-1": false, "1.1.1": false, "v1.1": false, "1.99999": false, " 1.1": false,
	} {
		if err := fleet.Compatible(contract); (err == nil) != want || err != nil && !errors.Is(err, fleet.ErrInvalid) {
			t.Errorf("Compatible(%q) = %v, want accepted: %v", contract, err, want)
		}
	}
}
