package dispatch_test

import (
	"container/heap"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/dispatch"
	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/queue"
)

var (
	seeds = flag.Int("seeds", 1000, "number of simulated histories")
	seed  = flag.Uint64("seed", 0, "simulate this history only, and print it")
)

// TestSimulation drives the scheduler through random histories of crashes,
// restarts, other versions, pauses, clocks that jump, partitions, delays,
// duplicates, reordering and retention, in virtual time, and then through a calm in which everything must
// come to its end.
func TestSimulation(t *testing.T) {
	if *seed != 0 {
		simulate(t, *seed, true)
		return
	}
	n := *seeds
	if testing.Short() {
		n = 50
	}
	shards := runtime.GOMAXPROCS(0)
	for shard := range shards {
		t.Run(fmt.Sprintf("shard_%d", shard), func(t *testing.T) {
			t.Parallel()
			for i := shard; i < n; i += shards {
				if simulate(t, uint64(i+1), false); t.Failed() {
					t.Fatalf("replay with: go test -run TestSimulation -seed %d", i+1)
				}
			}
		})
	}
}

const (
	storm     = 8 * time.Minute  // of faults, in which users submit
	calm      = 40 * time.Minute // at most; it ends when nothing is left to do
	userCount = 40
	// sweepCount is how many of them submit operations that gather children.
	sweepCount = 4
)

// world is one simulated history.
type world struct {
	t       *testing.T
	rng     *rand.Rand
	verbose bool
	now     time.Time
	agenda  agenda
	serial  int

	disk     *disk
	state    *dispatch.State // nil while the backend is down
	life     int             // of the backend; what was said to an older life is lost
	term     int64
	requests map[uint64]func(dispatch.Reply)
	request  uint64
	writes   []*pendingWrite
	free     time.Time // when the disk has finished what it was given

	limits  queue.Limits
	skew    time.Duration // of the backend's clock
	paused  bool          // the backend does nothing, and what it is told waits
	backlog []dispatch.Event

	workers simWorkers
	acked   map[string]bool  // submissions that were answered
	stopped map[string]bool  // cancellations that were answered
	saved   map[string]int64 // position of the newest checkpoint that was acknowledged
	told    map[string]bool  // points that were acknowledged: op#attempt.step
	deleted map[string]bool  // by retention
}

// pendingWrite is a write that the disk has not finished.
type pendingWrite struct {
	write dispatch.Write
	term  int64
	life  int
	gone  bool // decided by a crash
}

func simulate(t *testing.T, seed uint64, verbose bool) {
	w := &world{
		t: t, rng: rand.New(rand.NewPCG(seed, 7)), verbose: verbose, now: began, disk: newDisk(),
		acked: map[string]bool{}, stopped: map[string]bool{}, saved: map[string]int64{}, told: map[string]bool{}, deleted: map[string]bool{},
	}
	w.limits = queue.Limits{Queued: 3 + w.rng.IntN(20), Running: w.rng.IntN(3)}
	for i := range 4 {
		kind, gpu := fleet.Training, i == 0
		if i >= 2 {
			kind = fleet.Backtesting
		}
		worker := &simWorker{world: w, id: fmt.Sprintf("w%d", i), kind: kind, gpu: gpu}
		w.workers = append(w.workers, worker)
		worker.start()
	}
	w.boot()
	for i := range userCount {
		w.after(w.upTo(storm), func() { w.submit(fmt.Sprintf("op_%d", i)) })
	}
	for range 3 {
		w.after(w.upTo(storm), func() { w.crash() })
	}
	for range 30 {
		w.after(w.upTo(storm), func() { w.workers[w.rng.IntN(len(w.workers))].trouble() })
	}
	for i := range sweepCount {
		w.after(w.upTo(storm), func() { w.submitFamily(fmt.Sprintf("op_s%d", i)) })
	}
	for range 15 {
		w.after(w.upTo(storm), func() { w.resume(fmt.Sprintf("op_%d", w.rng.IntN(userCount))) })
	}
	for range 4 {
		w.after(w.upTo(storm), func() { w.cordon(w.workers[w.rng.IntN(len(w.workers))].id) })
		w.after(w.upTo(storm), w.pause)
		w.after(w.upTo(storm), func() { w.skew += w.upTo(40*time.Second) - 20*time.Second })
	}
	if w.rng.IntN(4) == 0 { // a clock that is set: Go measures by one that nobody sets, so this is worse than what can happen
		w.after(w.upTo(storm), func() { w.skew += w.upTo(time.Hour) })
	}
	w.after(w.upTo(time.Minute), w.retain)
	if w.run(storm + calm); !t.Failed() {
		w.check()
	}
}

// upTo is a random time below d.
func (w *world) upTo(d time.Duration) time.Duration { return time.Duration(w.rng.Int64N(int64(d))) }

// stormy reports whether faults may still happen.
func (w *world) stormy() bool { return w.now.Sub(began) < storm }

func (w *world) chance(percent int) bool { return w.stormy() && w.rng.IntN(100) < percent }

// delay is how long a message travels.
func (w *world) delay() time.Duration {
	if w.chance(3) {
		return w.upTo(50 * time.Second)
	}
	return time.Millisecond + w.upTo(50*time.Millisecond)
}

func (w *world) after(d time.Duration, f func()) {
	w.serial++
	heap.Push(&w.agenda, appointment{at: w.now.Add(d), serial: w.serial, do: f})
}

// send delivers a message once, twice, late or never.
func (w *world) send(deliver func()) {
	if w.chance(3) {
		return
	}
	w.after(w.delay(), deliver)
	if w.chance(2) {
		w.after(w.delay(), deliver)
	}
}

func (w *world) logf(format string, args ...any) {
	if w.verbose {
		w.t.Logf("%8.3f "+format, append([]any{w.now.Sub(began).Seconds()}, args...)...)
	}
}

func (w *world) run(d time.Duration) {
	end := began.Add(d)
	for len(w.agenda) > 0 && !w.t.Failed() {
		a := heap.Pop(&w.agenda).(appointment)
		if a.at.After(end) {
			return
		}
		w.now = a.at
		a.do()
		if !w.stormy() && w.settled() {
			return
		}
	}
}

// settled reports whether nothing is left to do.
func (w *world) settled() bool {
	if w.state == nil || len(w.writes) > 0 || w.now.Sub(began) < storm+time.Minute {
		return false
	}
	for _, op := range w.disk.operations {
		if !op.Status.Terminal() {
			return false
		}
	}
	for _, x := range w.state.Workers() {
		if x.Status != fleet.Available {
			return false
		}
	}
	return len(w.state.Workers()) == len(w.workers)
}

// boot starts a backend on what the disk holds.
func (w *world) boot() {
	w.life++
	w.term, _ = w.disk.AcquireTerm(w.t.Context(), "")
	w.requests = map[uint64]func(dispatch.Reply){}
	unfinished, _ := w.disk.Unfinished(w.t.Context())
	workers, _ := w.disk.Workers(w.t.Context())
	cordons, _ := w.disk.Cordons(w.t.Context())
	w.state, w.backlog = dispatch.NewState(w.term, fleet.Timing{}, w.now.Add(w.skew)), nil
	w.logf("backend starts, term %d, %d operations", w.term, len(unfinished))
	w.step(dispatch.Restored{Unfinished: unfinished, Workers: workers, Cordons: cordons, Limits: w.limits})
	w.tick(w.life)
}

func (w *world) tick(life int) {
	if w.life == life && w.state != nil {
		w.step(dispatch.Ticked{})
		w.after(200*time.Millisecond, func() { w.tick(life) })
	}
}

// crash kills the backend. Of the writes under way the first few are on the
// disk; the others come late, with a term that is no longer the newest, or never.
func (w *world) crash() {
	if w.state == nil {
		return
	}
	w.logf("backend crashes")
	w.state, w.paused = nil, false
	done := w.rng.IntN(len(w.writes) + 1)
	for i, p := range w.writes {
		p.gone = true
		if i < done {
			_ = w.disk.Commit(w.t.Context(), p.term, []operation.Transaction{p.write.Tx})
		} else {
			w.after(40*time.Second, func() {
				if len(p.write.Tx) > 0 && !errors.Is(w.disk.Commit(w.t.Context(), p.term, []operation.Transaction{p.write.Tx})[0], operation.ErrDeposed) {
					w.t.Errorf("a write of an older scheduler was stored: %v", p.write.Tx)
				}
			})
		}
	}
	w.writes = nil
	w.after(time.Second+w.upTo(30*time.Second), w.boot)
}

// ask puts a question to the backend; reply is called unless it dies first.
func (w *world) ask(event func(request uint64) dispatch.Event, reply func(dispatch.Reply)) {
	if w.state == nil {
		return
	}
	w.request++
	w.requests[w.request] = reply
	w.step(event(w.request))
}

// step gives the backend an event.
func (w *world) step(e dispatch.Event) {
	if w.state == nil {
		return
	}
	if w.paused {
		w.backlog = append(w.backlog, e)
		return
	}
	if _, tick := e.(dispatch.Ticked); !tick {
		w.logf("  %T %+v", e, e)
	}
	w.perform(w.state.Step(e, w.now.Add(w.skew)))
}

// pause stops the backend for a while, as a debugger or a laptop's lid does.
func (w *world) pause() {
	life := w.life
	if w.state == nil || w.paused {
		return
	}
	w.logf("backend pauses")
	w.paused = true
	w.after(w.upTo(time.Minute), func() {
		if w.life != life || w.state == nil {
			return
		}
		w.logf("backend goes on")
		backlog := w.backlog
		w.paused, w.backlog = false, nil
		for _, e := range backlog {
			w.step(e)
		}
	})
}

// perform does what the loop does.
func (w *world) perform(effects []dispatch.Effect) {
	life := w.life
	back := func(f func()) func() { // only to the same life
		return func() {
			if w.life == life && w.state != nil {
				f()
			}
		}
	}
	for _, e := range effects {
		switch e := e.(type) {
		case dispatch.Write:
			w.write(e)
		case dispatch.Reply:
			if reply := w.requests[e.Request]; reply != nil {
				delete(w.requests, e.Request)
				reply(e)
			}
		case dispatch.Start:
			if op := w.disk.operations[e.Operation.ID]; !op.Open || op.Token() != e.Operation.Token() {
				w.t.Errorf("%s is started and that is not on the disk: %+v", e.Operation.Token(), op)
			}
			for _, child := range w.disk.children(e.Operation.ID) {
				if e.Operation.Type.Gathers() && (child.Status != operation.Completed || string(child.Result) != result(child.ID)) {
					w.t.Errorf("%s is started and its child %s is %s with result %q", e.Operation.Token(), child.ID, child.Status, child.Result)
				}
			}
			if from := e.Operation.Checkpoints; w.saved[e.Operation.ID] > 0 && (len(from) == 0 || from[0].Position < w.saved[e.Operation.ID]) {
				w.t.Errorf("%s begins at %+v although position %d was acknowledged", e.Operation.Token(), from, w.saved[e.Operation.ID])
			}
			w.workers.find(e.Worker.ID).onStart(e, back)
		case dispatch.Stop:
			w.send(func() { w.workers.find(e.Worker.ID).onStop(e) })
		case dispatch.Check:
			w.workers.find(e.Worker.ID).onCheck(e, back)
		}
	}
}

// write gives a transaction to the disk, which takes its time but keeps order.
func (w *world) write(e dispatch.Write) {
	p := &pendingWrite{write: e, term: w.term, life: w.life}
	w.writes = append(w.writes, p)
	if w.free.Before(w.now) {
		w.free = w.now
	}
	w.free = w.free.Add(time.Duration(1+w.rng.IntN(20)) * time.Millisecond)
	w.after(w.free.Sub(w.now), func() {
		if p.gone {
			return
		}
		w.writes = w.writes[1:]
		err := w.disk.Commit(w.t.Context(), p.term, []operation.Transaction{e.Tx})[0]
		for _, c := range e.Tx {
			if opened, ok := c.(operation.Opened); ok && err == nil {
				w.allowed(opened)
			}
			w.logf("    stored %T %+v: %v", c, c, err)
		}
		if err != nil && !e.Submission {
			w.t.Errorf("a decision could not be stored: %v", err)
			return
		}
		w.booked()
		w.gathered()
		if err == nil {
			w.perform(e.Then)
		}
		if e.ID != "" {
			w.step(dispatch.Recorded{ID: e.ID, Err: err})
		}
	})
}

// allowed checks that an attempt may have been opened: its worker is in service
// and its submitter has not more running than it may. One that is found again
// may be one too many.
func (w *world) allowed(c operation.Opened) {
	if w.disk.cordons[c.WorkerID] {
		w.t.Errorf("%s was given to %s, which is out of service", c.Token, c.WorkerID)
	}
	running := 0
	for _, op := range w.disk.operations {
		if op.Open && op.Submitter == w.disk.operations[c.Token.OperationID].Submitter {
			running++
		}
	}
	if w.limits.Running > 0 && running > w.limits.Running {
		w.t.Errorf("with %s its submitter has %d running, want at most %d", c.Token, running, w.limits.Running)
	}
}

// booked checks that no process holds two attempts.
func (w *world) booked() {
	holder := map[string]string{}
	for _, id := range w.disk.order {
		op := w.disk.operations[id]
		if !op.Open {
			continue
		}
		process := op.WorkerID + " " + op.Incarnation
		if other := holder[process]; other != "" {
			w.t.Errorf("worker %s is booked twice: %s and %s", process, other, id)
		}
		holder[process] = id
	}
}

// submit is a user who submits an operation, perhaps a second time with the same
// id, and perhaps cancels it later.
func (w *world) submit(id string) {
	if w.state == nil {
		w.after(w.upTo(20*time.Second), func() { w.submit(id) })
		return
	}
	op := submission(id, operation.Training)
	if w.rng.IntN(3) == 0 {
		op.Type = operation.Backtesting
	}
	op.Immediate = w.rng.IntN(10) == 0
	op.Priority = w.rng.IntN(2)
	op.Submitter = []string{"", "ann", "bob"}[w.rng.IntN(3)]
	if w.rng.IntN(5) == 0 {
		op.ParentID = new(fmt.Sprintf("op_%d", w.rng.IntN(userCount)))
	}
	if w.rng.IntN(6) == 0 {
		op.Deadline = new(w.now.Add(w.skew + w.upTo(4*time.Minute)))
	}
	if w.rng.IntN(4) == 0 { // of which only one can be stored
		op.Submitter, op.IdempotencyKey = "cid", fmt.Sprintf("key_%d", w.rng.IntN(8))
	}
	w.ask(func(r uint64) dispatch.Event { return dispatch.Submitted{Request: r, Operation: op} }, func(r dispatch.Reply) {
		if r.Err == nil {
			w.acked[id] = true
			if _, err := w.disk.Operation(w.t.Context(), id); err != nil {
				w.t.Errorf("%s was acknowledged and is not on the disk", id)
			}
		}
	})
	if w.rng.IntN(8) == 0 {
		w.after(w.delay(), func() { w.submit(id) })
	}
	if w.rng.IntN(4) == 0 {
		w.after(w.upTo(2*time.Minute), func() { w.cancel(id) })
	}
}

func (w *world) cancel(id string) {
	var children []string // of those that the backend must know
	for _, child := range w.disk.order {
		if op := w.disk.operations[child]; op.ParentID != nil && *op.ParentID == id && w.acked[child] {
			children = append(children, child)
		}
	}
	w.ask(func(r uint64) dispatch.Event { return dispatch.CancelAsked{Request: r, ID: id} }, func(r dispatch.Reply) {
		if r.Err == nil {
			w.stopped[id] = true
			if op, _ := w.disk.Operation(w.t.Context(), id); !op.CancelRequested {
				w.t.Errorf("cancel of %s was acknowledged and is not on the disk", id)
			}
			for _, child := range children {
				if op := w.disk.operations[child]; !op.Status.Terminal() && !op.CancelRequested && w.disk.events[child][len(w.disk.events[child])-1] != operation.EventResumed {
					w.t.Errorf("cancel of %s was acknowledged, and its child %s goes on", id, child)
				}
			}
		}
	})
}

// resume is a user who resumes what can be.
func (w *world) resume(id string) {
	op := w.disk.operations[id]
	if op.ID == "" || op.Resumable() != nil {
		return
	}
	w.ask(func(r uint64) dispatch.Event { return dispatch.ResumeAsked{Request: r, Operation: op} }, func(r dispatch.Reply) {
		if now := w.disk.operations[id]; r.Err == nil && now.Status != operation.Resuming {
			w.t.Errorf("the resumption of %s was acknowledged, and the disk says %s", id, now.Status)
		}
	})
}

// cordon takes a worker out of service, and some time later back.
func (w *world) cordon(id string) {
	w.ask(func(r uint64) dispatch.Event { return dispatch.CordonAsked{Request: r, WorkerID: id, Out: true} }, func(r dispatch.Reply) {
		if r.Err == nil && !w.disk.cordons[id] {
			w.t.Errorf("the cordon of %s was acknowledged and is not on the disk", id)
		}
	})
	w.after(w.upTo(2*time.Minute), func() { w.uncordon(id) })
}

func (w *world) uncordon(id string) {
	done := false
	w.ask(func(r uint64) dispatch.Event { return dispatch.CordonAsked{Request: r, WorkerID: id} }, func(r dispatch.Reply) {
		done = r.Err == nil
	})
	w.after(5*time.Second, func() {
		if !done && w.disk.cordons[id] {
			w.uncordon(id)
		}
	})
}

// checkHistory: after a terminal state only a resumption follows.
func (w *world) checkHistory(id string) {
	ended := false
	for _, kind := range w.disk.events[id] {
		if ended != (kind == operation.EventResumed) {
			w.t.Errorf("history of %s: %v", id, w.disk.events[id])
			return
		}
		ended = operation.Status(kind).Terminal()
	}
	if !ended {
		w.t.Errorf("history of %s has no end: %v", id, w.disk.events[id])
	}
}

// checkPoints: they are numbered without gaps, grow within an attempt, and all
// that was acknowledged is there.
func (w *world) checkPoints() {
	found := map[string]bool{}
	for id, points := range w.disk.points {
		last := operation.Point{}
		for i, p := range points {
			if p.Number != int64(i) || p.Attempt < last.Attempt || p.Attempt == last.Attempt && p.Step <= last.Step {
				w.t.Errorf("points of %s: %+v after %+v", id, p, last)
			}
			last = p
			found[fmt.Sprintf("%s#%d.%d", id, p.Attempt, p.Step)] = true
		}
	}
	for point := range w.told {
		if !found[point] {
			w.t.Errorf("point %s was acknowledged and is not on the disk", point)
		}
	}
}

// check looks at the end of a history.
func (w *world) check() {
	w.checkPoints()
	for id := range w.acked {
		w.checkEnd(id)
	}
	for id := range w.stopped {
		if op := w.disk.operations[id]; !op.Status.Terminal() {
			w.t.Errorf("%s was cancelled and is %s", id, op.Status)
		}
	}
	for _, x := range w.state.Workers() {
		if x.Status != fleet.Available {
			w.t.Errorf("worker %s is %s at the end: %+v", x.ID, x.Status, x)
		}
	}
	if len(w.state.Workers()) != len(w.workers) {
		w.t.Errorf("%d workers at the end, want %d", len(w.state.Workers()), len(w.workers))
	}
}

// checkEnd: an acknowledged operation has ended, once, as it should.
func (w *world) checkEnd(id string) {
	w.checkHistory(id)
	op, err := w.disk.Operation(w.t.Context(), id)
	if err != nil || !op.Status.Terminal() || op.Open {
		w.t.Errorf("%s was acknowledged and has not ended: %+v %v", id, op, err)
	}
	if op.Status == operation.Completed && string(op.Result) != result(id) {
		w.t.Errorf("%s has the result %s", id, op.Result)
	}
	if op.Status == operation.Cancelled && !op.CancelRequested {
		w.t.Errorf("%s is cancelled and nobody asked for it", id)
	}
	if op.Status == operation.Failed && op.Lost < op.AttemptLimit() && op.ErrorMessage != nil && *op.ErrorMessage != "bad luck" && !strings.HasPrefix(*op.ErrorMessage, "The deadline passed") && !strings.HasPrefix(*op.ErrorMessage, "operation op_s") && *op.ErrorMessage != fleet.ErrRejected.Error() {
		w.t.Errorf("%s failed without cause: %s", id, *op.ErrorMessage)
	}
}

// agenda is what will happen, soonest first.
type agenda []appointment

type appointment struct {
	at     time.Time
	serial int
	do     func()
}

func (a agenda) Len() int      { return len(a) }
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a agenda) Less(i, j int) bool {
	return a[i].at.Before(a[j].at) || a[i].at.Equal(a[j].at) && a[i].serial < a[j].serial
}
func (a *agenda) Push(x any) { *a = append(*a, x.(appointment)) }
func (a *agenda) Pop() any {
	old := *a
	x := old[len(old)-1]
	*a = old[:len(old)-1]
	return x
}
