package dispatch

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/queue"
)

// errNotHeld answers a request about an operation that the state does not hold:
// it has ended, or never was. The store knows which.
var errNotHeld = fmt.Errorf("operation is not held: %w", ErrUnknown)

const (
	// flushInterval is how often the progress of running attempts is stored.
	flushInterval = time.Second
	// stopInterval is how often a worker is asked again to stop a cancelled
	// attempt.
	stopInterval = 5 * time.Second
	// cancelledText is the message of an operation cancelled without a reason.
	cancelledText = "Operation cancelled by user"
)

// A State is everything the scheduler knows: the operations that have not
// ended, the queues and the fleet. It is pure; make one with NewState.
type State struct {
	term   int64
	timing fleet.Timing
	began  time.Time
	fleet  *fleet.Fleet
	held   map[string]*held
	queues map[fleet.WorkerType]*queue.Queue
	seq    uint64
	// accounts are of the submitters, with what each may have.
	accounts queue.Accounts
	children map[string]map[string]*held // by the id of the parent
	// timed are those with a deadline; the next is due.
	timed map[string]*held
	due   time.Time
	// unsettled gather children that have ended in the event in hand.
	unsettled []*held
	// watched are attempts that need looking after as time passes: in doubt, or
	// to be cancelled. dirty are those with progress to store.
	watched map[string]*held
	dirty   map[string]*held
	flushed time.Time
	created time.Time // of the newest operation
	out     []Effect  // of the event in hand
}

// held is one operation that has not ended, or whose end is not durable yet.
type held struct {
	op        operation.Operation
	kind      fleet.WorkerType
	seq       uint64
	request   uint64            // who waits for the submission
	recorded  bool              // the submission is durable
	doomed    string            // its worker was lost before that
	ended     bool              // its end is decided, and not durable yet
	calling   bool              // the call that starts the attempt is under way
	given     time.Time         // when that call was over
	idle      time.Time         // since when the worker says that it does not run it
	stopAt    time.Time         // when to ask the worker (again) to stop
	losses    []string          // reasons of lost attempts
	candidate *operation.Report // result of a superseded attempt
	distrust  bool              // its worker lied about progress, and was told
	counted   queue.Standing    // in the account of its submitter
	family    operation.Family  // of an operation that gathers
}

// entry is the operation as its queue sees it.
func (h *held) entry() queue.Entry {
	return queue.Entry{ID: h.op.ID, Submitter: h.op.Submitter, Priority: h.op.Priority, Age: h.seq,
		Returns: h.op.Attempt > 0 && h.op.Ended != operation.Settled}
}

func older(a, b *held) int { return cmp.Compare(a.seq, b.seq) }

// NewState makes the state of a scheduler that begins now. Its first event must
// be Restored.
func NewState(term int64, t fleet.Timing, now time.Time) *State {
	s := &State{
		term: term, timing: t.WithDefaults(), began: now, flushed: now,
		fleet: fleet.New(t), held: map[string]*held{}, queues: map[fleet.WorkerType]*queue.Queue{},
		watched: map[string]*held{}, dirty: map[string]*held{}, children: map[string]map[string]*held{}, timed: map[string]*held{},
	}
	for _, kind := range []fleet.WorkerType{fleet.Backtesting, fleet.Training, fleet.Data} {
		s.queues[kind] = &queue.Queue{}
	}
	return s
}

// Step takes one event into account and returns what must be done, in order.
func (s *State) Step(e Event, now time.Time) []Effect {
	s.out = nil
	switch e := e.(type) {
	case Restored:
		s.restore(e, now)
	case Submitted:
		s.submit(e, now)
	case Recorded:
		s.wasRecorded(e, now)
	case CancelAsked:
		s.cancel(e, now)
	case ResumeAsked:
		s.resume(e, now)
	case Registered:
		s.register(e, now)
	case Left:
		s.left(e, now)
	case CordonAsked:
		s.cordon(e, now)
	case RemoveAsked:
		s.remove(e, now)
	case Reported:
		s.report(e, now)
	case StartReturned:
		s.startReturned(e, now)
	case Answered:
		s.answered(e, now)
	case Missed:
		_ = s.tell(fleet.Missed{WorkerID: e.WorkerID, Incarnation: e.Incarnation, Err: e.Err}, now)
	case Ticked:
		s.tick(now)
	}
	s.settle(now)
	s.match(now)
	return s.out
}

func (s *State) emit(e ...Effect) { s.out = append(s.out, e...) }

// reply answers when everything that was decided in this step is durable.
func (s *State) reply(r Reply) {
	if slices.ContainsFunc(s.out, func(e Effect) bool { _, ok := e.(Write); return ok }) {
		s.emit(Write{Then: []Effect{r}})
	} else {
		s.emit(r)
	}
}

// stamp is the form in which a time is recorded: UTC, whole microseconds.
func stamp(now time.Time) time.Time { return now.UTC().Truncate(time.Microsecond) }

// tell passes an event to the fleet and turns what it asks for into effects. It
// returns the reason if a registration was refused.
func (s *State) tell(e fleet.Event, now time.Time) error {
	for _, effect := range s.fleet.Step(e, now) {
		switch x := effect.(type) {
		case fleet.Check:
			s.emit(Check{Worker: x.Worker})
		case fleet.Saved:
			s.emit(Write{Tx: operation.Transaction{x}})
			s.emit(Note{Message: "worker registered", Worker: x.Worker.ID, Expected: true})
		case fleet.Forgotten:
			s.emit(Write{Tx: operation.Transaction{x}})
			s.emit(Note{Message: "worker removed", Worker: x.WorkerID, Reason: x.Reason, Expected: true})
		case fleet.Gone:
			if h := s.holder(x.Token); h != nil {
				s.lose(h, x.Reason, now)
			}
		case fleet.Refused:
			return x.Err
		}
	}
	return nil
}

// holder returns the operation whose newest attempt is t and open.
func (s *State) holder(t operation.Token) *held {
	if h := s.held[t.OperationID]; h != nil && h.op.Open && h.op.Token() == t {
		return h
	}
	return nil
}

// change applies a change to a held operation. The caller has made sure that it
// is legal; if not, the scheduler's picture is wrong and it must not go on.
func (s *State) change(h *held, c operation.Change) operation.Change {
	op, err := h.op.Apply(c)
	if err != nil {
		panic("dispatch: " + err.Error())
	}
	h.op = op
	switch {
	case op.Status.Terminal():
		s.count(h, queue.Nowhere)
	case op.Open:
		s.count(h, queue.Runs)
	default:
		s.count(h, queue.Waits)
	}
	return c
}

// count moves an operation to another column of its submitter's account.
func (s *State) count(h *held, to queue.Standing) {
	if to == queue.Waits && s.gatherer(h) != nil {
		to = queue.Nowhere // what waits is the operation that gathers it
	}
	s.accounts.Move(h.op.Submitter, h.counted, to)
	h.counted = to
}

// match gives waiting operations to available workers.
func (s *State) match(now time.Time) {
	for _, kind := range []fleet.WorkerType{fleet.Backtesting, fleet.Training, fleet.Data} {
		for q := s.queues[kind]; q.Len() > 0; {
			w, ok := s.fleet.Select(kind)
			if !ok {
				break
			}
			e, ok := q.Next(s.accounts.MayRun)
			if !ok {
				break
			}
			q.Take(e)
			h := s.held[e.ID]
			opened := s.open(h, w, now)
			s.emit(Write{Tx: operation.Transaction{opened}, Then: []Effect{s.start(h)}})
		}
	}
}

// open reserves a worker for the next attempt of an operation.
func (s *State) open(h *held, w fleet.Worker, now time.Time) operation.Change {
	t := operation.Token{OperationID: h.op.ID, Attempt: h.op.Attempt + 1, Term: s.term}
	c := s.change(h, operation.Opened{Token: t, WorkerID: w.ID, Incarnation: w.Incarnation, At: stamp(now)})
	_ = s.tell(fleet.Reserved{WorkerID: w.ID, Token: t}, now)
	h.calling, h.given, h.idle, h.distrust = true, time.Time{}, time.Time{}, false
	return c
}

// start is the call for an opened attempt.
func (s *State) start(h *held) Effect {
	w, _ := s.fleet.Worker(h.op.WorkerID)
	return Start{Worker: w, Operation: h.op}
}

// tick looks after time: the fleet, attempts in doubt, cancellations, progress.
func (s *State) tick(now time.Time) {
	_ = s.tell(fleet.Ticked{}, now)
	s.expire(now)
	for _, id := range slices.Sorted(maps.Keys(s.watched)) {
		h := s.watched[id]
		if !h.op.Open || h.idle.IsZero() && !h.op.CancelRequested {
			delete(s.watched, id)
			continue
		}
		if !h.idle.IsZero() {
			_ = s.tell(fleet.Doubted{WorkerID: h.op.WorkerID}, now)
		}
		s.stop(h, now)
	}
	if now.Sub(s.flushed) >= flushInterval {
		s.flushed = now
		s.flush()
	}
}

// stop asks the worker of a cancelled attempt to stop it, now and then, once
// the call that started it is over.
func (s *State) stop(h *held, now time.Time) {
	if !h.op.CancelRequested || !h.op.Open || h.calling || now.Before(h.stopAt) {
		return
	}
	h.stopAt = now.Add(stopInterval)
	s.watched[h.op.ID] = h
	if w, ok := s.fleet.Worker(h.op.WorkerID); ok {
		s.emit(Stop{Worker: w, Token: h.op.Token(), Reason: h.op.CancelReason})
	}
}

// flush stores the progress that has changed since the last time.
func (s *State) flush() {
	var tx operation.Transaction
	for _, id := range slices.Sorted(maps.Keys(s.dirty)) {
		h := s.dirty[id]
		if h.op.Type.Gathers() && h.op.Attempt == 0 {
			tx = append(tx, s.change(h, operation.Gained{ID: id, Progress: s.familyProgress(h)}))
		} else if h.op.Open && h.op.Status == operation.Running {
			tx = append(tx, operation.Progressed{Token: h.op.Token(), Progress: h.op.Progress})
		}
	}
	clear(s.dirty)
	if len(tx) > 0 {
		s.emit(Write{Tx: tx})
	}
}

// Flush returns the Write of all progress not stored yet, for a scheduler that
// stops.
func (s *State) Flush() []Effect {
	s.out = nil
	s.flush()
	return s.out
}

// Workers returns every registered worker, sorted by id.
func (s *State) Workers() []fleet.Worker { return s.fleet.Workers() }

// QueuePosition returns the place of a waiting operation, 1 for the next, and 0
// for one that does not wait.
func (s *State) QueuePosition(id string) int {
	h := s.held[id]
	if h == nil || h.op.Open || h.ended {
		return 0
	}
	return s.queues[h.kind].Position(h.entry())
}

// Overlay puts the live progress of running attempts into records from the
// store. What the store does not know yet to be running stays as it is.
func (s *State) Overlay(ops []operation.Operation) {
	for i := range ops {
		h := s.held[ops[i].ID]
		if h != nil && !h.ended && h.op.Type.Gathers() {
			ops[i].Progress = s.familyProgress(h)
		} else if h != nil && !h.ended && ops[i].Status == operation.Running && ops[i].Token() == h.op.Token() {
			ops[i].Progress = h.op.Progress
		}
	}
}
