package dispatch_test

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/dispatch"
	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// simWorker is a simulated worker process: one operation at a time, heartbeats,
// reports repeated until acknowledged.
type simWorker struct {
	*world
	id       string
	kind     fleet.WorkerType
	gpu      bool
	process  int // counts restarts
	back     int // how far its clock was set back, in restarts
	contract string
	term     int64 // the newest that it has heard of
	up       bool
	deaf     bool // what the backend says does not arrive
	mute     bool // what it says does not arrive
	current  *operation.Token
	percent  float64
	position int64             // of the work: what a checkpoint holds
	steps    int64             // of the last point
	points   []operation.Point // not acknowledged
	unacked  []operation.Report
	finished int
}

type simWorkers []*simWorker

func (all simWorkers) find(id string) *simWorker {
	return all[slices.IndexFunc(all, func(w *simWorker) bool { return w.id == id })]
}

func result(id string) string { return fmt.Sprintf(`{"result of":%q}`, id) }

// incarnation begins with the time of the start by the worker's own clock.
func (x *simWorker) incarnation() string {
	return fmt.Sprintf("%08d-%08d", x.process-x.back, x.process)
}

func (x *simWorker) start() {
	x.process++
	x.up, x.deaf, x.mute, x.term, x.current, x.unacked = true, false, false, 0, nil, nil
	x.version()
	x.logf("%s starts as %s, contract %q", x.id, x.incarnation(), x.contract)
	x.beat(x.process)
	x.push(x.process)
}

// version decides of which version a new process is, and what its clock says. One
// of a version that cannot work here is replaced after a while.
func (x *simWorker) version() {
	x.contract = []string{"", fleet.Contract, "1.0", "1.2"}[x.rng.IntN(4)]
	if x.chance(10) {
		x.contract = "9.0"
		x.during(x.process, time.Second+x.upTo(2*time.Minute), func() {
			x.up = false
			x.start()
		})
	}
	if x.chance(10) {
		x.back += x.rng.IntN(4)
	}
}

// during runs f later if the process still lives.
func (x *simWorker) during(process int, d time.Duration, f func()) {
	x.after(d, func() {
		if x.up && x.process == process {
			f()
		}
	})
}

// trouble is one fault: the process dies, or the network does, one way or both.
func (x *simWorker) trouble() {
	if !x.up {
		return
	}
	process := x.process
	switch x.rng.IntN(5) {
	case 4:
		x.logf("%s is stopped", x.id)
		if x.current != nil {
			x.end(operation.Report{Token: *x.current, State: operation.Resuming, Checkpoint: x.checkpoint(operation.CheckpointShutdown)})
		}
		x.during(process, 3*time.Second, func() {
			x.up = false
			x.after(x.upTo(time.Minute), x.start)
		})
	case 0, 1:
		if x.current == nil && x.rng.IntN(2) == 0 {
			return // rather while there is something to lose
		}
		x.logf("%s dies", x.id)
		x.up = false
		x.after(x.upTo(time.Minute), x.start)
	case 2:
		x.logf("%s is cut off", x.id)
		x.deaf, x.mute = true, true
		x.during(process, x.upTo(7*time.Minute), func() { x.deaf, x.mute = false, false })
	case 3:
		x.logf("%s is half cut off", x.id)
		x.deaf = x.rng.IntN(2) == 0
		x.mute = !x.deaf
		x.during(process, x.upTo(3*time.Minute), func() { x.deaf, x.mute = false, false })
	}
}

// say sends a message to the backend that lives when it arrives.
func (x *simWorker) say(event func(uint64) dispatch.Event, reply func(dispatch.Reply)) {
	if x.mute {
		return
	}
	process := x.process
	x.send(func() {
		x.ask(event, func(r dispatch.Reply) {
			if !x.mute && !x.chance(3) {
				x.during(process, x.delay(), func() { reply(r) })
			}
		})
	})
}

// beat registers, every ten seconds.
func (x *simWorker) beat(process int) {
	r := fleet.Registration{
		WorkerID: x.id, Type: x.kind, EndpointURL: "http://" + x.id + ":5003", Incarnation: x.incarnation(), Contract: x.contract,
		Capabilities: fleet.Capabilities{"gpu": x.gpu}, Finished: slices.Clone(x.unacked), Current: x.running(),
	}
	x.say(func(q uint64) dispatch.Event { return dispatch.Registered{Request: q, Registration: r} }, func(reply dispatch.Reply) {
		if compatible := fleet.Compatible(x.contract) == nil; compatible == errors.Is(reply.Err, fleet.ErrIncompatible) {
			x.t.Errorf("%s registers with contract %q: %v", x.id, x.contract, reply.Err)
		}
		if errors.Is(reply.Err, fleet.ErrReplaced) { // it ends, and a supervisor starts it again
			x.up = false
			x.after(time.Second+x.upTo(10*time.Second), x.start)
		}
	})
	x.during(process, 10*time.Second, func() { x.beat(process) })
}

func (x *simWorker) running() *operation.Token {
	if x.current == nil {
		return nil
	}
	return new(*x.current)
}

// onStart takes a call that hands over an attempt.
func (x *simWorker) onStart(e dispatch.Start, back func(func()) func()) {
	token, answered := e.Operation.Token(), false
	answer := func(err error) {
		x.after(x.delay(), back(func() {
			if !answered {
				answered = true
				x.step(dispatch.StartReturned{Token: token, Err: err})
			}
		}))
	}
	x.after(30*time.Second, back(func() { // the call times out
		if !answered {
			answered = true
			x.step(dispatch.StartReturned{Token: token, Err: errors.New("timed out")})
		}
	}))
	x.send(func() {
		switch {
		case x.deaf:
		case !x.up:
			answer(fleet.ErrUnreachable)
		case e.Worker.Incarnation != x.incarnation():
			answer(fleet.ErrUnreachable)
		case x.current != nil && *x.current == token:
			answer(nil)
		case token.Term < x.term:
			answer(fleet.ErrBusy)
		case x.current != nil:
			answer(fleet.ErrBusy)
		case x.chance(2):
			answer(fleet.ErrRejected)
		default:
			x.compute(token, e.Operation.Checkpoints)
			if !x.chance(5) { // else the answer is lost
				answer(nil)
			}
		}
	})
}

// compute runs an attempt to its end.
func (x *simWorker) compute(token operation.Token, from []operation.Checkpoint) {
	x.logf("%s computes %s", x.id, token)
	x.term = token.Term
	if err := fleet.Compatible(x.contract); err != nil {
		x.t.Errorf("%s was given to %s: %v", token, x.id, err)
	}
	x.current, x.percent, x.position, x.steps, x.points = &token, 0, 0, 0, nil
	if len(from) > 0 {
		x.position = from[0].Position
	}
	process := x.process
	x.progress(process, token)
	x.during(process, time.Second+x.upTo(time.Minute), func() {
		if x.current == nil || *x.current != token {
			return
		}
		r := operation.Report{Token: token, State: operation.Completed, Result: []byte(result(token.OperationID))}
		if x.rng.IntN(20) == 0 {
			r = operation.Report{Token: token, State: operation.Failed, Error: "bad luck", Checkpoint: x.checkpoint(operation.CheckpointFailure)}
		}
		x.end(r)
	})
}

// end stops computing and has something to say until it is heard.
func (x *simWorker) end(r operation.Report) {
	r.WorkerID, r.Incarnation, r.Points = x.id, x.incarnation(), x.points
	x.unacked = append(x.unacked, r)
	x.current = nil
	x.finished++
}

// progress tells how far it is, and sometimes lies.
func (x *simWorker) progress(process int, token operation.Token) {
	x.during(process, 3*time.Second, func() {
		if x.current == nil || *x.current != token {
			return
		}
		x.percent = min(99, x.percent+x.rng.Float64()*10)
		x.position++
		x.steps++
		x.points = append(x.points, operation.Point{Step: x.steps, Values: []byte(`{"loss":1}`)})
		p := operation.Progress{Percentage: x.percent}
		lie := x.chance(5)
		if lie {
			p.Percentage = 200
		}
		r := operation.Report{Token: token, WorkerID: x.id, Incarnation: x.incarnation(), State: operation.Running, Progress: &p, Points: slices.Clone(x.points)}
		if x.rng.IntN(3) == 0 {
			r.Checkpoint = x.checkpoint(operation.CheckpointPeriodic)
		}
		x.say(func(q uint64) dispatch.Event { return dispatch.Reported{Request: q, Report: r} }, func(reply dispatch.Reply) {
			if lie && reply.Err == nil {
				x.t.Errorf("200 %% was accepted from %s for %s", x.id, token)
			}
			if reply.Err == nil {
				x.recorded(r)
			}
		})
		x.progress(process, token)
	})
}

// checkpoint is one of the attempt at hand.
func (x *simWorker) checkpoint(kind operation.CheckpointKind) *operation.Checkpoint {
	return &operation.Checkpoint{SHA256: fmt.Sprintf("%064x", x.position), Kind: kind, Position: x.position, Unit: "epoch"}
}

// recorded takes the acknowledgement of what a report brought.
func (x *simWorker) recorded(r operation.Report) {
	id := r.Token.OperationID
	if x.deleted[id] {
		return // the acknowledgement was late
	}
	if r.Checkpoint != nil {
		x.saved[id] = max(x.saved[id], r.Checkpoint.Position)
	}
	for _, p := range r.Points {
		x.told[fmt.Sprintf("%s#%d.%d", id, r.Token.Attempt, p.Step)] = true
		if x.current != nil && *x.current == r.Token {
			x.points = slices.DeleteFunc(x.points, func(mine operation.Point) bool { return mine.Step == p.Step })
		}
	}
}

// push repeats what was not acknowledged.
func (x *simWorker) push(process int) {
	for _, r := range x.unacked {
		r.Idle = x.current == nil || x.rng.IntN(20) == 0 // which is a lie
		x.say(func(q uint64) dispatch.Event { return dispatch.Reported{Request: q, Report: r} }, func(reply dispatch.Reply) {
			err := x.verdict(r, reply.Err)
			if err == nil {
				x.heard(r)
			}
			if err == nil || errors.Is(err, dispatch.ErrSuperseded) || errors.Is(err, dispatch.ErrUnknown) {
				x.unacked = slices.DeleteFunc(x.unacked, func(u operation.Report) bool { return u.Token == r.Token })
			}
		})
	}
	x.during(process, time.Second, func() { x.push(process) })
}

// verdict is what Controller.Report makes of an answer about an operation that
// the scheduler does not hold.
func (x *simWorker) verdict(r operation.Report, err error) error {
	op, notFound := x.disk.Operation(x.t.Context(), r.Token.OperationID)
	if err == nil || !errors.Is(err, dispatch.ErrUnknown) || notFound != nil {
		return err
	}
	if op.Status == r.State && op.Token() == r.Token {
		return nil
	}
	if !op.Status.Terminal() && op.Token() == r.Token && op.Ended != operation.Settled {
		x.t.Errorf("a report for %s was refused as unknown, and the disk says %s", r.Token, op.Status)
	}
	return dispatch.ErrSuperseded
}

// heard checks that an acknowledged outcome is on the disk.
func (x *simWorker) heard(r operation.Report) {
	op := x.disk.operations[r.Token.OperationID]
	_, kept := x.disk.candidates[r.Token.OperationID]
	if r.State == operation.Completed && !op.Status.Terminal() && !kept && !x.deleted[r.Token.OperationID] {
		x.t.Errorf("the result of %s was acknowledged and is not on the disk: %+v", r.Token, op)
	}
}

func (x *simWorker) onStop(e dispatch.Stop) {
	if !x.up || x.deaf || x.current == nil || *x.current != e.Token {
		return
	}
	x.during(x.process, x.upTo(time.Second), func() {
		if x.current != nil && *x.current == e.Token {
			x.end(operation.Report{Token: e.Token, State: operation.Cancelled, Checkpoint: x.checkpoint(operation.CheckpointCancellation)})
		}
	})
}

// onCheck answers a health check, or does not.
func (x *simWorker) onCheck(e dispatch.Check, back func(func()) func()) {
	asked, answered, term := x.now.Add(x.skew), false, x.world.term
	miss := back(func() {
		if !answered {
			answered = true
			x.step(dispatch.Missed{WorkerID: e.Worker.ID, Incarnation: e.Worker.Incarnation, Err: "no answer"})
		}
	})
	x.after(5*time.Second, miss)
	x.send(func() {
		if x.deaf {
			return
		}
		if !x.up {
			miss()
			return
		}
		x.term = max(x.term, term)
		h := fleet.Health{WorkerID: x.id, Incarnation: x.incarnation(), Busy: x.current != nil, Current: x.running()}
		for _, r := range x.unacked {
			h.Finished = append(h.Finished, r.Token)
		}
		x.after(x.delay(), back(func() {
			if !answered {
				answered = true
				x.step(dispatch.Answered{WorkerID: e.Worker.ID, Incarnation: e.Worker.Incarnation, Asked: asked, Health: h})
			}
		}))
	})
}
