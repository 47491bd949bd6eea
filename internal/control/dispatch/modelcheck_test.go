package dispatch_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/dispatch"
	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// bounds limit what may go wrong in one history of the model. Within them the
// explorer looks at every order of events.
type bounds struct {
	crashes, restarts, delays, cancels int
	drops                              int // messages and answers lost
	failures                           int // of attempts
	depth                              int // events
	// chunks are the children of the operation; 0 is an operation that gathers
	// none. So many of them as done says have completed before it begins.
	chunks, done int
}

// defect is a mistake that the self-test plants.
type defect string

const (
	none      defect = ""
	unfenced  defect = "the disk takes writes of an older term"
	hasty     defect = "workers are called before the attempt is durable"
	tokenless defect = "reports are taken for the newest attempt, whatever they speak for"
	forgetful defect = "the last child is forgotten when another backend takes over"
	blind     defect = "that a child has failed is forgotten when another backend takes over"
	fruitless defect = "children are recorded without their results"
)

var modelDepth = flag.Int("depth", 6, "events in the longest history of the model")

// TestModel explores the protocol of leases and fencing tokens: one operation,
// alone or with the children that it gathers, two workers, and the scheduler as
// it is. Worker processes are replaced, the
// backend dies between decision and record and another takes over while what the
// first has sent is still on its way, messages are lost and overtake each other,
// leases run out while workers compute. In every state that can be reached the
// invariants of explorer.judge hold, and from a sample of them every history
// ends.
func TestModel(t *testing.T) {
	for name, b := range map[string]bounds{
		"crash_and_lease":   {crashes: 1, delays: 1, drops: 1},
		"restart_and_lease": {restarts: 1, delays: 2, drops: 1},
		"cancel":            {cancels: 1, delays: 1, drops: 1},
		"family_begins":     {chunks: 2, crashes: 1},
		"family_gathers":    {chunks: 2, done: 1, crashes: 1, delays: 1, drops: 1},
		"family_restart":    {chunks: 2, done: 1, restarts: 1, delays: 1, drops: 1},
		"family_cancel":     {chunks: 2, done: 1, crashes: 1, cancels: 1},
		"family_fails":      {chunks: 2, done: 1, crashes: 1, failures: 1},
	} {
		t.Run(name, func(t *testing.T) {
			if b.depth = *modelDepth; testing.Short() {
				b.depth--
			}
			x := explore(b, none)
			t.Logf("%d states, %d steps, %d histories led to their end", len(x.seen), x.steps, x.ends)
			if x.violation != "" {
				t.Errorf("%s\nafter:\n%s", x.violation, strings.Join(x.trace, "\n"))
			}
			if len(x.seen) < 300 || x.ends == 0 {
				t.Errorf("only %d states were reached and %d histories ended", len(x.seen), x.ends)
			}
		})
	}
}

// TestModelFindsDefects plants mistakes and expects the explorer to find them.
func TestModelFindsDefects(t *testing.T) {
	for _, c := range []struct {
		defect
		bounds
	}{
		{unfenced, bounds{crashes: 1, delays: 1, depth: 6}},
		{hasty, bounds{delays: 1, depth: 6}},
		{tokenless, bounds{delays: 1, depth: 9}},
		{unfenced, bounds{chunks: 2, done: 1, crashes: 1, depth: 6}},
		{hasty, bounds{chunks: 2, done: 1, depth: 6}},
		{tokenless, bounds{chunks: 1, delays: 1, depth: 9}},
		{forgetful, bounds{chunks: 2, done: 1, crashes: 1, depth: 7}},
		{blind, bounds{chunks: 2, done: 1, crashes: 1, failures: 1, depth: 7}},
		{fruitless, bounds{chunks: 2, done: 1, depth: 6}},
	} {
		x := explore(c.bounds, c.defect)
		if x.violation == "" {
			t.Errorf("%q was not found in %d states of %+v", c.defect, len(x.seen), c.bounds)
			continue
		}
		t.Logf("%q found after %d states: %s", c.defect, len(x.seen), x.violation)
	}
}

// explorer searches breadth first. A state is reached by replaying the events
// that lead to it: the scheduler is a function of them.
type explorer struct {
	bounds
	defect    defect
	seen      map[uint64]bool
	steps     int
	ends      int
	violation string
	trace     []string
}

func explore(b bounds, d defect) *explorer {
	x := &explorer{bounds: b, defect: d, seen: map[uint64]bool{}}
	frontier := [][]string{nil}
	for depth := 0; depth <= b.depth && len(frontier) > 0; depth++ {
		var next [][]string
		for _, trace := range frontier {
			m := x.replay(trace)
			if x.judge(m, trace) {
				return x
			}
			key := m.key()
			if x.seen[key] {
				continue
			}
			x.seen[key] = true
			if key%8 == 0 && x.defect == none {
				if m.calm(); m.violation == "" && !m.ended() {
					m.violation = "an operation does not end: " + m.describe()
				}
				if x.ends++; x.judge(m, trace) {
					return x
				}
				m = x.replay(trace)
			}
			for _, e := range m.enabled() {
				next = append(next, append(slices.Clip(trace), e.name))
			}
		}
		frontier = next
	}
	return x
}

func (x *explorer) replay(trace []string) *model {
	m := newModel(x.bounds, x.defect)
	for _, name := range trace {
		x.steps++
		m.do(name)
	}
	return m
}

// judge reports whether a state breaks an invariant. They are checked where
// things happen: a terminal state never changes and is decided by an attempt that
// was carried out; no process has two open attempts; only attempts that are on
// the disk are started; nothing of an older term is stored; what was
// acknowledged is on the disk; what gathers begins with the results of all of its
// children, and ends after them.
func (x *explorer) judge(m *model, trace []string) bool {
	x.violation = m.violation
	x.trace = trace
	return m.violation != ""
}

// model is one state of the world.
type model struct {
	bounds
	defect    defect
	now       time.Time
	disk      *disk
	state     *dispatch.State
	history   strings.Builder // of the events that the scheduler has seen
	ids       []string        // of the operations
	kind      fleet.WorkerType
	term      int64
	writes    []dispatch.Write
	zombies   []zombie
	net       []letter
	workers   []*modelWorker
	checks    map[int]time.Time
	requests  map[uint64]letter
	request   uint64
	computed  map[operation.Token]bool
	violation string
}

// zombie is a write of a scheduler that died, still on its way.
type zombie struct {
	term int64
	tx   operation.Transaction
}

type modelWorker struct {
	process int
	current *operation.Token
	unacked []operation.Report
}

// letter is on its way. text identifies it.
type letter struct {
	text    string
	deliver func(m *model, answered bool)
}

// happening is something that can happen in a state.
type happening struct {
	name string
	do   func()
}

func newModel(b bounds, d defect) *model {
	m := &model{bounds: b, defect: d, now: began, disk: newDisk(), checks: map[int]time.Time{}, requests: map[uint64]letter{}, computed: map[operation.Token]bool{}}
	op, children := submission("op", operation.Training), chunks(b.chunks)
	m.ids, m.kind = []string{"op"}, fleet.Training
	if b.chunks > 0 {
		op.Type, m.kind = operation.Sweep, fleet.Backtesting
		for i := range b.chunks {
			m.ids = append(m.ids, operation.ChildID("op", i))
		}
	}
	m.workers = []*modelWorker{{process: 1}, {process: 1}}
	m.takeOver()
	for i := range m.workers {
		m.beat(i).deliver(m, true)
		m.settle()
		m.health(i)
	}
	op.MaxAttempts = 2
	m.step(dispatch.Submitted{Operation: op, Children: children})
	m.settle()
	for range b.done {
		m.complete()
	}
	return m
}

// complete lets one attempt be carried out without faults.
func (m *model) complete() {
	for len(m.net) > 0 {
		m.take(0).deliver(m, true)
		m.settle()
	}
	i := slices.IndexFunc(m.workers, func(w *modelWorker) bool { return w.current != nil })
	m.end(i, operation.Completed)
	m.report(i)
	m.take(len(m.net)-1).deliver(m, true)
	m.settle()
}

// takeOver starts a scheduler on what the disk holds.
func (m *model) takeOver() {
	m.term, _ = m.disk.AcquireTerm(context.Background(), "")
	unfinished, _ := m.disk.Unfinished(context.Background())
	switch m.defect {
	case forgetful:
		unfinished = slices.DeleteFunc(unfinished, func(u operation.Unfinished) bool { return u.Operation.ID == operation.ChildID("op", m.chunks-1) })
	case blind:
		for i := range unfinished {
			unfinished[i].Family.Broken = ""
		}
	}
	workers, _ := m.disk.Workers(context.Background())
	m.state = dispatch.NewState(m.term, fleet.Timing{}, m.now)
	m.history.Reset()
	m.checks, m.requests = map[int]time.Time{}, map[uint64]letter{}
	m.step(dispatch.Restored{Unfinished: unfinished, Workers: workers})
}

func (m *model) step(e dispatch.Event) {
	fmt.Fprintf(&m.history, "%s %T%s;", m.now.Sub(began), e, m.outline(e))
	m.perform(m.state.Step(e, m.now))
}

// outline is what tells apart events of one type.
func (m *model) outline(e dispatch.Event) string {
	switch e := e.(type) {
	case dispatch.Reported:
		return fmt.Sprint(e.Report.Token, e.Report.WorkerID, e.Report.Incarnation, e.Report.State)
	case dispatch.Registered:
		return fmt.Sprint(e.Registration.WorkerID, e.Registration.Incarnation, e.Registration.Current, len(e.Registration.Finished))
	case dispatch.Answered:
		return fmt.Sprint(e.WorkerID, e.Incarnation, e.Asked.Sub(began), e.Health.Incarnation, e.Health.Current, e.Health.Finished)
	case dispatch.StartReturned:
		return fmt.Sprint(e.Token, e.Err)
	case dispatch.Restored:
		return fmt.Sprintf("%d %s", m.term, m.tokens())
	}
	return ""
}

func (m *model) perform(effects []dispatch.Effect) {
	for _, e := range effects {
		switch e := e.(type) {
		case dispatch.Write:
			m.writes = append(m.writes, e)
			if m.defect == hasty {
				m.perform(e.Then)
			}
		case dispatch.Reply:
			if r, ok := m.requests[e.Request]; ok {
				delete(m.requests, e.Request)
				if e.Err == nil {
					r.deliver(m, true)
				}
			}
		case dispatch.Start:
			m.start(e)
		case dispatch.Stop:
			i := place(e.Worker.ID)
			m.send("stop "+e.Worker.ID+" "+e.Token.String(), func(m *model, _ bool) {
				if w := m.workers[i]; w.current != nil && *w.current == e.Token {
					m.end(i, operation.Cancelled)
				}
			})
		case dispatch.Check:
			m.checks[place(e.Worker.ID)] = m.now
		}
	}
}

func place(worker string) int { return int(worker[1] - '0') }

func (m *model) send(text string, deliver func(m *model, answered bool)) {
	if !slices.ContainsFunc(m.net, func(o letter) bool { return o.text == text }) {
		m.net = append(m.net, letter{text: text, deliver: deliver})
	}
}

// start sends an attempt to its worker. The answer reaches only the scheduler
// that asked.
func (m *model) start(e dispatch.Start) {
	token, i, term := e.Operation.Token(), place(e.Worker.ID), m.term
	if op := m.disk.operations[token.OperationID]; op.Attempt < token.Attempt {
		m.fail("%s is started and not on the disk", token)
	}
	for _, child := range m.disk.children(token.OperationID) {
		if child.Status != operation.Completed || string(child.Result) != result(child.ID) {
			m.fail("%s is started and its child %s is %s with result %q", token, child.ID, child.Status, child.Result)
		}
	}
	m.send(fmt.Sprintf("start %s on w%d", token, i), func(m *model, answered bool) {
		w := m.workers[i]
		err := error(nil)
		switch {
		case !answered:
			err = errLost
		case w.current == nil:
			w.current = &token
		case *w.current != token:
			err = fleet.ErrBusy
		}
		if m.term == term {
			m.step(dispatch.StartReturned{Token: token, Err: err})
		}
	})
}

var errLost = fmt.Errorf("no answer")

func (m *model) end(i int, state operation.Status) {
	w := m.workers[i]
	r := operation.Report{Token: *w.current, WorkerID: fmt.Sprintf("w%d", i), Incarnation: fmt.Sprint(w.process), State: state}
	if state == operation.Completed {
		r.Result = []byte(result(r.Token.OperationID))
		m.computed[r.Token] = true
	}
	if state == operation.Failed {
		r.Error = "bad luck"
	}
	w.unacked, w.current = append(w.unacked, r), nil
}

// beat is a heartbeat as it would be sent now.
func (m *model) beat(i int) letter {
	w := m.workers[i]
	r := fleet.Registration{WorkerID: fmt.Sprintf("w%d", i), Type: m.kind, EndpointURL: fmt.Sprintf("http://w%d:1", i),
		Incarnation: fmt.Sprint(w.process), Finished: slices.Clone(w.unacked)}
	if w.current != nil {
		r.Current = new(*w.current)
	}
	return letter{text: fmt.Sprintf("beat w%d.%d %v %d", i, w.process, r.Current, len(r.Finished)), deliver: func(m *model, _ bool) {
		m.step(dispatch.Registered{Registration: r})
	}}
}

// health answers the check of a worker that is under way.
func (m *model) health(i int) {
	w, asked := m.workers[i], m.checks[i]
	delete(m.checks, i)
	h := fleet.Health{WorkerID: fmt.Sprintf("w%d", i), Incarnation: fmt.Sprint(w.process), Busy: w.current != nil, Current: w.current}
	for _, r := range w.unacked {
		h.Finished = append(h.Finished, r.Token)
	}
	x, _ := slices.BinarySearchFunc(m.state.Workers(), h.WorkerID, func(x fleet.Worker, id string) int { return strings.Compare(x.ID, id) })
	m.step(dispatch.Answered{WorkerID: h.WorkerID, Incarnation: m.state.Workers()[x].Incarnation, Asked: asked, Health: h})
}

// report sends the first outcome that a worker has not got rid of.
func (m *model) report(i int) {
	w := m.workers[i]
	r, process := w.unacked[0], w.process
	r.Idle = w.current == nil
	m.send(fmt.Sprintf("report %s from w%d %s", r.Token, i, r.State), func(m *model, answered bool) {
		if m.defect == tokenless {
			op := m.disk.operations[r.Token.OperationID]
			r.Token, r.WorkerID, r.Incarnation = op.Token(), op.WorkerID, op.Incarnation
		}
		m.request++
		if answered {
			m.requests[m.request] = letter{deliver: func(m *model, _ bool) { m.acknowledge(i, process, r) }}
		}
		m.step(dispatch.Reported{Request: m.request, Report: r})
	})
}

// acknowledge takes an answer: the outcome is recorded.
func (m *model) acknowledge(i, process int, r operation.Report) {
	id := r.Token.OperationID
	if _, kept := m.disk.candidates[id]; r.State == operation.Completed && !kept && !m.disk.operations[id].Status.Terminal() {
		m.fail("the outcome of %s was acknowledged and is not on the disk", r.Token)
	}
	if w := m.workers[i]; w.process == process {
		w.unacked = slices.DeleteFunc(w.unacked, func(u operation.Report) bool { return u.Token == r.Token })
	}
}

func (m *model) fail(format string, args ...any) {
	if m.violation == "" {
		m.violation = fmt.Sprintf(format, args...)
	}
}

// record lets the disk finish the first write.
func (m *model) record() {
	w := m.writes[0]
	m.writes = m.writes[1:]
	err := m.store(m.term, w.Tx)
	if err != nil && !w.Submission {
		m.fail("a decision could not be stored: %v", err)
		return
	}
	if err == nil && m.defect != hasty {
		m.perform(w.Then)
	}
	if w.ID != "" {
		m.step(dispatch.Recorded{ID: w.ID, Err: err})
	}
}

// store commits a transaction and looks at what has become of the operations.
func (m *model) store(term int64, tx operation.Transaction) error {
	before := maps.Clone(m.disk.operations)
	real := m.disk.term
	if m.defect == fruitless {
		tx = withoutResults(tx)
	}
	if m.defect == unfenced {
		m.disk.term = term
	}
	err := m.disk.Commit(context.Background(), term, []operation.Transaction{tx})[0]
	m.disk.term = real
	if err == nil && term != real && len(tx) > 0 {
		m.fail("a write of term %d was stored in term %d: %v", term, real, tx)
	}
	for id, before := range before {
		after := m.disk.operations[id]
		if before.Status.Terminal() && (after.Status != before.Status || after.CompletedAt != before.CompletedAt) {
			m.fail("%s was %s and is %s", id, before.Status, after.Status)
		}
	}
	for _, c := range tx {
		if f, ok := c.(operation.Finished); ok && err == nil && f.State == operation.Completed && !m.computed[f.Token] {
			m.fail("%s has completed it, and was never carried out", f.Token)
		}
	}
	return err
}

// withoutResults is a transaction in which children end with nothing.
func withoutResults(tx operation.Transaction) operation.Transaction {
	tx = slices.Clone(tx)
	for i, c := range tx {
		if f, ok := c.(operation.Finished); ok && f.Token.OperationID != "op" {
			f.Result = nil
			tx[i] = f
		}
	}
	return tx
}
