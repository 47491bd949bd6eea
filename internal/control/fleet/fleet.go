package fleet

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// Timing are the intervals by which workers live and die. Zero fields mean the
// defaults named beside them.
type Timing struct {
	HealthInterval time.Duration // between health checks of one worker; 10 s
	HealthTimeout  time.Duration // of one health check; 5 s
	HealthMisses   int           // consecutive misses until unavailable; 3
	Lease          time.Duration // of silence until a worker's attempt is lost; 28 s, so that a loss is noticed within 30
	Removal        time.Duration // of silence until the worker is removed; 300 s
	// Settle is how soon a worker is asked again that should be idle and says
	// that it is busy; it doubles with every answer. 20 ms.
	Settle time.Duration
	// Grace is how long a worker may say that it does not run its attempt until
	// the attempt is lost: its result may still be on the way. 5 s.
	Grace time.Duration
}

// WithDefaults returns t with its zero fields filled.
func (t Timing) WithDefaults() Timing {
	t.HealthInterval = cmp.Or(t.HealthInterval, 10*time.Second)
	t.HealthTimeout = cmp.Or(t.HealthTimeout, 5*time.Second)
	t.HealthMisses = cmp.Or(t.HealthMisses, 3)
	t.Lease = cmp.Or(t.Lease, 28*time.Second)
	t.Removal = cmp.Or(t.Removal, 300*time.Second)
	t.Settle = cmp.Or(t.Settle, 20*time.Millisecond)
	t.Grace = cmp.Or(t.Grace, 5*time.Second)
	return t
}

// A Fleet is the set of registered workers. Make one with New; it belongs to
// one goroutine.
type Fleet struct {
	timing  Timing
	workers map[string]*Worker
	cordons map[string]bool
	order   []*Worker // the same, sorted by id, so that every walk has one order
}

// track is what the fleet remembers about a worker beyond its public record.
type track struct {
	reserved  *operation.Token // the attempt that the scheduler gave it
	claimed   bool             // it says that it runs something
	claim     string           // what it says it runs
	proven    bool             // a health check has reached this incarnation
	seen      time.Time        // last sign of life, on either road
	nextCheck time.Time
	checking  bool // a health check is under way
	settles   int  // answers "busy" since it should have been idle
	settling  bool
	declines  int // refusals to start since an attempt was taken
	selected  time.Time
}

// New makes an empty fleet.
func New(t Timing) *Fleet {
	return &Fleet{timing: t.WithDefaults(), workers: map[string]*Worker{}, cordons: map[string]bool{}}
}

// Worker returns one worker.
func (f *Fleet) Worker(id string) (Worker, bool) {
	w, ok := f.workers[id]
	if !ok {
		return Worker{}, false
	}
	return *w, true
}

// Workers returns every worker, sorted by id.
func (f *Fleet) Workers() []Worker {
	all := make([]Worker, len(f.order))
	for i, w := range f.order {
		all[i] = *w
	}
	return all
}

// Registered counts the workers of a type, in any state.
func (f *Fleet) Registered(t WorkerType) int {
	n := 0
	for _, w := range f.workers {
		if w.Type == t {
			n++
		}
	}
	return n
}

// Drained returns how many workers of a type are registered and out of service.
func (f *Fleet) Drained(t WorkerType) int {
	n := 0
	for _, w := range f.workers {
		if w.Type == t && w.Cordoned {
			n++
		}
	}
	return n
}

// Reservation returns the attempt that a worker holds, or nil.
func (f *Fleet) Reservation(id string) *operation.Token {
	if w, ok := f.workers[id]; ok {
		return w.track.reserved
	}
	return nil
}

// Select returns the worker that should run the next operation of a type: the
// least recently selected of those available, of trainings' workers those with
// a GPU before those without.
func (f *Fleet) Select(t WorkerType) (Worker, bool) {
	var best *Worker
	for _, w := range f.order {
		if w.Type == t && w.Status == Available && !w.Draining && !w.Cordoned && (best == nil || before(w, best)) {
			best = w
		}
	}
	if best == nil {
		return Worker{}, false
	}
	return *best, true
}

// before reports whether a should be selected rather than b, of the same type.
func before(a, b *Worker) bool {
	if a.Type == Training && a.Capabilities.GPU() != b.Capabilities.GPU() {
		return a.Capabilities.GPU()
	}
	return a.track.selected.Before(b.track.selected)
}

// find returns the place of an id in the order.
func (f *Fleet) find(id string) (int, bool) {
	return slices.BinarySearchFunc(f.order, id, func(w *Worker, id string) int { return cmp.Compare(w.ID, id) })
}

// add puts a worker into the fleet, in place of any of the same id.
func (f *Fleet) add(w *Worker) {
	w.Cordoned = f.cordons[w.ID]
	if i, held := f.find(w.ID); held {
		f.order[i] = w
	} else {
		f.order = slices.Insert(f.order, i, w)
	}
	f.workers[w.ID] = w
}

// remove takes a worker out of the fleet and says what that ends.
func (f *Fleet) remove(w *Worker, reason string) []Effect {
	i, _ := f.find(w.ID)
	f.order = slices.Delete(f.order, i, i+1)
	delete(f.workers, w.ID)
	return append(w.gone(reason), Forgotten{WorkerID: w.ID, Reason: reason})
}

// gone gives up the reservation of a worker, if it has one.
func (w *Worker) gone(reason string) []Effect {
	if w.track.reserved == nil {
		return nil
	}
	token := *w.track.reserved
	w.track.reserved = nil
	return []Effect{Gone{WorkerID: w.ID, Token: token, Reason: reason}}
}

// refresh derives the public status from what is known. Every change of a
// worker ends with it.
func (w *Worker) refresh() {
	t := &w.track
	w.CurrentOperationID = nil
	switch {
	case t.reserved != nil:
		w.CurrentOperationID = new(t.reserved.OperationID)
	case t.claimed && t.claim != "":
		w.CurrentOperationID = new(t.claim)
	}
	switch {
	case !t.proven:
		w.Status = TemporarilyUnavailable
	case t.reserved != nil || t.claimed || t.settling:
		w.Status = Busy
	default:
		w.Status = Available
	}
}

// check marks a worker for a health check now, unless one is under way.
func (f *Fleet) check(w *Worker, now time.Time) []Effect {
	if w.track.checking {
		return nil
	}
	w.track.checking = true
	w.track.nextCheck = now.Add(f.timing.HealthInterval)
	w.LastHealthCheck = new(now.UTC())
	return []Effect{Check{Worker: *w}}
}

// silent describes how long nothing was heard of a worker.
func (w *Worker) silent(now time.Time) string {
	s := fmt.Sprintf("worker %s: no sign of life for %s", w.ID, now.Sub(w.track.seen).Round(time.Second))
	if w.LastError != nil {
		s += " (last error: " + *w.LastError + ")"
	}
	return s
}
