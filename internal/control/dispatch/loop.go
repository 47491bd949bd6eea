package dispatch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
)

const (
	// tickInterval is the resolution of the scheduler's clock.
	tickInterval = 25 * time.Millisecond
	// startTimeout bounds the call that hands an attempt to its worker.
	startTimeout = 30 * time.Second
	// callLimit bounds the calls to workers that are under way at once.
	callLimit = 512
	// retryInterval is how often decisions are written again that lack room.
	retryInterval = time.Second
	// commitTimeout bounds one commit; a disk that takes longer is broken.
	commitTimeout = 30 * time.Second
)

// wallClock is the clock of a Controller that is given no other.
func wallClock() time.Time { return time.Now() }

// A message is what the loop's goroutine is told: exactly one of its fields is
// set.
type message struct {
	event   Event              // something happened
	ask     func(uint64) Event // the same, by somebody who waits for answer
	answer  chan Reply         // has room for one
	look    func(*State)       // somebody wants to read the state, and waits for seen
	seen    chan struct{}      // closed when it was read, or will not be
	written *Write             // this write is done, or delayed
	err     error              // of the write
	delayed bool               // it will be tried again
}

// loop is one reign of a scheduler. Only its own goroutine touches it.
type loop struct {
	*Controller
	inbox   mailbox[message]
	lease   *lease
	state   *State
	term    int64
	request uint64
	waiting map[uint64]chan Reply
	writes  mailbox[Write]
	calls   sync.WaitGroup
	slots   chan struct{}   // one token per call under way
	ctx     context.Context // of the calls
}

// reign restores what was saved and schedules in term until ctx ends, the term
// is lost or the store fails. It returns only when every goroutine it started has
// ended.
func (c *Controller) reign(ctx context.Context, d *desk, lease *lease) error {
	term := lease.term
	unfinished, err := c.o.Store.Unfinished(ctx)
	if err != nil {
		return fmt.Errorf("restore operations: %w", err)
	}
	workers, err := c.o.Store.Workers(ctx)
	if err != nil {
		return fmt.Errorf("restore workers: %w", err)
	}
	cordons, err := c.o.Store.Cordons(ctx)
	if err != nil {
		return fmt.Errorf("restore cordons: %w", err)
	}
	calls, cancel := context.WithCancel(ctx)
	defer cancel()
	l := &loop{
		Controller: c, inbox: d.inbox, lease: lease, state: NewState(term, c.o.Timing, c.o.Now()), term: term,
		waiting: map[uint64]chan Reply{}, writes: newMailbox[Write](),
		slots: make(chan struct{}, callLimit), ctx: calls,
	}
	var writer sync.WaitGroup
	writer.Go(func() { l.write(ctx) })
	c.o.Log.Info("scheduler started", "term", term, "operations", len(unfinished), "workers", len(workers))
	l.perform(l.state.Step(Restored{Unfinished: unfinished, Workers: workers, Cordons: cordons, Limits: c.o.Limits}, c.o.Now()))
	c.appoint(c.o.Holder)
	err = l.run(ctx)
	cancel()
	if err != nil {
		c.appoint("") // at once: what follows may wait for a store that does not answer
	}
	l.calls.Wait()
	if err == nil { // a scheduler that failed records nothing any more
		l.perform(l.state.Flush())
	}
	l.writes.close()
	writer.Wait()
	l.refuse()
	return err
}

// run handles messages until ctx ends or a write fails.
func (l *loop) run(ctx context.Context) error {
	ticker := time.NewTicker(tickInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return l.lease.lost()
		case <-ticker.C:
			if err := l.lease.hold(ctx); err != nil {
				return err
			}
			l.perform(l.state.Step(Ticked{}, l.o.Now()))
		case <-l.inbox.bell:
			messages, _ := l.inbox.take()
			for i, m := range messages {
				err := l.lease.hold(ctx)
				if err == nil {
					err = l.handle(m)
				}
				if err != nil {
					l.reject(messages[i:])
					return err
				}
			}
		}
	}
}

// handle deals with one message.
func (l *loop) handle(m message) error {
	switch {
	case m.event != nil:
		l.perform(l.state.Step(m.event, l.o.Now()))
	case m.ask != nil:
		l.request++
		l.waiting[l.request] = m.answer
		l.perform(l.state.Step(m.ask(l.request), l.o.Now()))
	case m.look != nil:
		m.look(l.state)
		close(m.seen)
	case m.delayed:
		l.delay(m)
	case m.err != nil && m.written.final(m.err):
		return fmt.Errorf("record a decision (nothing more is decided, so that nothing is done twice; restart the backend): %w", m.err)
	default:
		l.done(m)
	}
	return nil
}

// done goes on after a write.
func (l *loop) done(m message) {
	if m.err == nil {
		for _, c := range m.written.Tx {
			logChange(l.o.Log, c)
		}
		l.perform(m.written.Then)
	}
	if m.written.ID != "" {
		l.perform(l.state.Step(Recorded{ID: m.written.ID, Err: m.err}, l.o.Now()))
	}
}

// delay tells who waits for a write why it is not done yet. What follows from it
// follows when it is.
func (l *loop) delay(m message) {
	for _, e := range m.written.Then {
		if r, ok := e.(Reply); ok {
			r.Err = m.err
			l.perform([]Effect{r})
		}
	}
}

// perform does what the state asks for. It never blocks: calls run in their own
// goroutines, writes in the writer's.
func (l *loop) perform(effects []Effect) {
	for _, e := range effects {
		switch e := e.(type) {
		case Write:
			l.writes.put(e)
		case Reply:
			if answer := l.waiting[e.Request]; answer != nil {
				delete(l.waiting, e.Request)
				answer <- e
			}
		case Note:
			e.log(l.ctx, l.o.Log)
		case Start:
			l.call(startTimeout, func(ctx context.Context) {
				l.inbox.put(message{event: StartReturned{Token: e.Operation.Token(), Err: l.begin(ctx, e)}})
			})
		case Stop:
			l.call(l.o.Timing.HealthTimeout, func(ctx context.Context) {
				if err := l.o.Transport.Cancel(ctx, e.Worker, e.Token, e.Reason); err != nil {
					l.o.Log.Warn("worker not told to stop", "operation", e.Token.OperationID, "worker", e.Worker.ID, "error", err)
				}
			})
		case Check:
			l.call(l.o.Timing.HealthTimeout, func(ctx context.Context) { l.check(ctx, e) })
		}
	}
}

// check asks a worker for its health.
func (l *loop) check(ctx context.Context, e Check) {
	asked := l.o.Now()
	h, err := l.o.Transport.Health(ctx, e.Worker, l.term)
	if err != nil {
		l.inbox.put(message{event: Missed{WorkerID: e.Worker.ID, Incarnation: e.Worker.Incarnation, Err: err.Error()}})
		return
	}
	l.inbox.put(message{event: Answered{WorkerID: e.Worker.ID, Incarnation: e.Worker.Incarnation, Asked: asked, Health: h}})
}

// call runs f in a goroutine of its own when a slot is free. Its time begins
// then.
func (l *loop) call(timeout time.Duration, f func(context.Context)) {
	l.calls.Go(func() {
		select {
		case l.slots <- struct{}{}:
		case <-l.ctx.Done():
			return
		}
		defer func() { <-l.slots }()
		ctx, cancel := context.WithTimeout(l.ctx, timeout)
		defer cancel()
		f(ctx)
	})
}

// write is the writer's goroutine: it commits what has gathered, all at once,
// and says so, also when ctx ends. What lacks room is kept, and tried again before
// and with what was decided later. After a failure that ends the reign nothing more
// is committed: what was decided later took that write for granted.
func (l *loop) write(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	var ended error
	var kept []Write
	for more := true; more; {
		l.awaitWrites(len(kept) > 0)
		var writes []Write
		writes, more = l.writes.take()
		told := len(kept)
		writes = slices.Concat(kept, writes)
		kept = nil
		errs := slices.Repeat([]error{ended}, len(writes))
		if ended == nil {
			errs = l.commit(ctx, writes)
		}
		for i := range writes {
			m := message{written: &writes[i], err: errs[i]}
			m.delayed = more && ended == nil && l.passing(writes[i], errs[i])
			switch {
			case m.delayed && !writes[i].progress():
				kept = append(kept, writes[i])
			case !m.delayed && m.err != nil && writes[i].final(m.err):
				ended = m.err
			}
			if !m.delayed || i >= told {
				l.inbox.put(m)
			}
		}
		switch {
		case len(kept) > 0 && told == 0:
			l.o.Log.Warn("decisions wait until they can be recorded", "error", cmp.Or(errs...))
		case len(kept) == 0 && told > 0 && ended == nil:
			l.o.Log.Info("decisions that waited are recorded", "changes", told)
		}
	}
}

// awaitWrites returns when there is something to write, or, where some writes are
// to be tried again, a while later.
func (l *loop) awaitWrites(again bool) {
	if !again {
		<-l.writes.bell
		return
	}
	pause := time.NewTimer(retryInterval)
	defer pause.Stop()
	select {
	case <-l.writes.bell:
	case <-pause.C:
	}
}

// passing reports whether a write has failed for a reason that passes, has
// certainly changed nothing, and is one that the state has built on.
func (l *loop) passing(w Write, err error) bool {
	return err != nil && !w.Submission && !errors.Is(err, operation.ErrDeposed) && !errors.Is(err, operation.ErrUncertain) &&
		l.o.Passing != nil && l.o.Passing(err)
}

// progress reports whether a write holds nothing but progress, which is worth
// nothing when there is newer.
func (w Write) progress() bool {
	for _, c := range w.Tx {
		switch c.(type) {
		case operation.Progressed, operation.Gained:
		default:
			return false
		}
	}
	return len(w.Tx) > 0 && len(w.Then) == 0 && w.ID == ""
}

// commit makes writes durable, in order, and returns one error for each.
func (l *loop) commit(ctx context.Context, writes []Write) []error {
	batch := make([]operation.Transaction, len(writes))
	for i, w := range writes {
		batch[i] = w.Tx
	}
	ctx, cancel := context.WithTimeout(ctx, commitTimeout)
	defer cancel()
	return l.o.Store.Commit(ctx, l.term, batch)
}

// final reports whether the failure of a write ends the reign. That of a
// submission does not, when it is certain that nothing was stored: nothing was
// built on it.
func (w Write) final(err error) bool {
	return !w.Submission || errors.Is(err, operation.ErrDeposed) || errors.Is(err, operation.ErrUncertain)
}

// refuse ends a scheduler: it answers who waited for a write that is done, and
// refuses everybody else. Of the effects only replies are still performed.
func (l *loop) refuse() {
	l.inbox.close()
	messages, _ := l.inbox.take()
	for _, m := range messages {
		if m.written == nil || m.err != nil {
			continue
		}
		last := m.written.Then
		if m.written.ID != "" {
			last = slices.Concat(last, l.state.Step(Recorded{ID: m.written.ID}, l.o.Now()))
		}
		for _, e := range last {
			if r, ok := e.(Reply); ok {
				l.perform([]Effect{r})
			}
		}
	}
	l.reject(messages)
	for _, answer := range l.waiting {
		answer <- Reply{Err: l.away()}
	}
}

// reject refuses messages that will not be handled.
func (c *Controller) reject(messages []message) {
	for _, m := range messages {
		if m.answer != nil {
			m.answer <- Reply{Err: c.away()}
		}
		if m.seen != nil {
			close(m.seen)
		}
	}
}

// ask sends an event to the loop and waits for the reply.
func (c *Controller) ask(ctx context.Context, event func(uint64) Event) (Reply, error) {
	answer := make(chan Reply, 1)
	d := c.current()
	if !d.inbox.put(message{ask: event, answer: answer}) {
		return Reply{}, c.away()
	}
	select {
	case r := <-answer:
		return r, r.Err
	case <-ctx.Done():
		return Reply{}, context.Cause(ctx)
	case <-d.closed:
		select {
		case r := <-answer: // it came just before
			return r, r.Err
		default:
			return Reply{}, c.away()
		}
	}
}

// look reads the state on the loop's goroutine.
func (c *Controller) look(f func(*State)) {
	seen := make(chan struct{})
	d := c.current()
	if !d.inbox.put(message{look: f, seen: seen}) {
		return
	}
	select {
	case <-seen:
	case <-d.closed:
	}
}

// log writes one line with what is known.
func (n Note) log(ctx context.Context, log *slog.Logger) {
	level := slog.LevelWarn
	if n.Expected {
		level = slog.LevelInfo
	}
	var known []slog.Attr
	for _, a := range []slog.Attr{slog.String("operation", n.Operation), slog.String("worker", n.Worker), slog.String("reason", n.Reason)} {
		if a.Value.String() != "" {
			known = append(known, a)
		}
	}
	log.LogAttrs(ctx, level, n.Message, known...)
}

// logChange writes one line for a change that is durable.
func logChange(log *slog.Logger, c operation.Change) {
	switch c := c.(type) {
	case operation.Created:
		log.Info("operation submitted", "operation", c.Operation.ID, "type", c.Operation.Type)
	case operation.Started:
		log.Info("operation started", "operation", c.Token.OperationID, "attempt", c.Token.Attempt)
	case operation.Ended:
		log.Warn("attempt ended", "operation", c.Token.OperationID, "attempt", c.Token.Attempt, "outcome", c.Outcome, "reason", c.Reason)
	case operation.Checkpointed:
		log.Info("checkpoint stored", "operation", c.Token.OperationID, "attempt", c.Token.Attempt, "type", c.Checkpoint.Kind, "position", c.Checkpoint.Position)
	case operation.Resumed:
		log.Info("operation resumed", "operation", c.ID)
	case operation.Reopened:
		log.Info("attempt found again", "operation", c.Token.OperationID, "attempt", c.Token.Attempt)
	case operation.CancelRequested:
		log.Info("cancel requested", "operation", c.ID)
	case fleet.Marked:
		log.Info("worker cordoned or put back", "worker", c.WorkerID, "cordoned", c.Cordoned)
	case operation.Finished:
		log.Info("operation ended", "operation", c.Token.OperationID, "status", c.State, "error", c.Error)
	case operation.Closed:
		log.Info("operation ended", "operation", c.ID, "status", c.State, "error", c.Error)
	}
}
