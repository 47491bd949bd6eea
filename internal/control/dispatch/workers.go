package dispatch

import (
	"fmt"
	"slices"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// register takes a registration or heartbeat, with what the worker says about
// its attempts.
func (s *State) register(e Registered, now time.Time) {
	r := e.Registration
	if err := s.tell(fleet.Registered{Registration: r}, now); err != nil {
		s.emit(Reply{Request: e.Request, Err: err})
		return
	}
	for _, report := range r.Finished {
		if report.Validate() == nil {
			s.report(Reported{Report: report}, now)
		}
	}
	w, _ := s.fleet.Worker(r.WorkerID)
	switch {
	case r.Current != nil:
		s.claimed(w, *r.Current, now)
	case r.CurrentOperationID != nil:
		s.claimed(w, s.guess(w, *r.CurrentOperationID), now)
	}
	w, _ = s.fleet.Worker(r.WorkerID)
	s.reply(Reply{Request: e.Request, Worker: w})
}

// left takes a worker's good-bye. Whoever says it for another process is told.
func (s *State) left(e Left, now time.Time) {
	w, known := s.fleet.Worker(e.WorkerID)
	switch {
	case !known:
		s.emit(Reply{Request: e.Request, Err: fmt.Errorf("worker %s: %w", e.WorkerID, ErrUnknown)})
	case w.Incarnation != e.Incarnation:
		s.emit(Reply{Request: e.Request, Err: fmt.Errorf("%w: worker %s is the process %q now, not %q; an operator takes it off the list with: ktrdr workers remove %s",
			fleet.ErrReplaced, w.ID, w.Incarnation, e.Incarnation, w.ID)})
	default:
		_ = s.tell(fleet.Left{WorkerID: e.WorkerID, Incarnation: e.Incarnation}, now)
		s.reply(Reply{Request: e.Request})
	}
}

// guess is the token that a worker means that names only an operation.
func (s *State) guess(w fleet.Worker, id string) operation.Token {
	if h := s.held[id]; h != nil && h.op.WorkerID == w.ID && h.op.Incarnation == w.Incarnation {
		return h.op.Token()
	}
	return operation.Token{OperationID: id}
}

// claimed takes a worker's word that it runs an attempt: the one it was given,
// the newest one after it had been given up, or one that it should stop.
func (s *State) claimed(w fleet.Worker, t operation.Token, now time.Time) {
	h := s.held[t.OperationID]
	if h != nil && h.ended {
		return // its last report is being recorded
	}
	stranger := h == nil || h.op.Token() != t || h.op.WorkerID != w.ID || h.op.Incarnation != w.Incarnation
	if stranger || !h.op.Open && h.op.Ended != operation.Lost {
		s.emit(Stop{Worker: w, Token: t, Reason: "the operation has ended or another worker has it"})
		return
	}
	if h.op.Open {
		s.running(h, now)
		return
	}
	if s.fleet.Reservation(w.ID) != nil {
		return
	}
	// The worker was only cut off, and nobody else has begun.
	s.queues[h.kind].Remove(h.entry())
	h.losses = h.losses[:len(h.losses)-1]
	h.given, h.idle = now, time.Time{}
	s.emit(Write{Tx: operation.Transaction{s.change(h, operation.Reopened{Token: t, At: stamp(now)})}})
	_ = s.tell(fleet.Reserved{WorkerID: w.ID, Token: t}, now)
}

// answered takes a health answer: proof of life, and evidence about the attempt
// that the worker was given.
func (s *State) answered(e Answered, now time.Time) {
	before, known := s.fleet.Worker(e.WorkerID)
	_ = s.tell(fleet.Answered{WorkerID: e.WorkerID, Incarnation: e.Incarnation, Health: e.Health}, now)
	w, _ := s.fleet.Worker(e.WorkerID)
	if !known || before.Incarnation != e.Incarnation || !w.Reachable {
		return
	}
	runs := operation.Token{}
	if e.Health.Current != nil {
		runs = *e.Health.Current
	} else if e.Health.CurrentOperationID != "" {
		runs = s.guess(w, e.Health.CurrentOperationID)
	}
	if runs.OperationID != "" {
		s.claimed(w, runs, now)
	}
	if given := s.fleet.Reservation(w.ID); given != nil && *given != runs {
		s.idle(*given, e, now)
	}
}

// idle takes a worker's word that it does not run the attempt it was given. Only
// an answer to a question asked after the start can tell, and the result may
// still be on its way.
func (s *State) idle(t operation.Token, e Answered, now time.Time) {
	h := s.holder(t)
	if h == nil || h.calling || e.Asked.Before(h.given) {
		return
	}
	if slices.Contains(e.Health.Finished, t) {
		h.idle = time.Time{}
		return
	}
	if h.idle.IsZero() {
		h.idle = now
		s.watched[t.OperationID] = h
	}
	if now.Sub(h.idle) >= s.timing.Grace {
		s.lose(h, fmt.Sprintf("worker %s does not run it and brought no result", e.WorkerID), now)
	}
}

// report takes what a worker says about its attempt.
func (s *State) report(e Reported, now time.Time) {
	r := e.Report
	_ = s.tell(fleet.Heard{WorkerID: r.WorkerID, Incarnation: r.Incarnation}, now)
	h := s.held[r.Token.OperationID]
	if h == nil || !h.recorded {
		s.emit(Reply{Request: e.Request, Err: errNotHeld})
		return
	}
	order := r.Token.Compare(h.op.Token())
	mine := r.WorkerID == h.op.WorkerID && (r.Incarnation == "" || r.Incarnation == h.op.Incarnation)
	switch {
	case h.ended && order == 0 && r.State == h.op.Status:
		s.emit(Write{Then: []Effect{Reply{Request: e.Request}}}) // a repetition
	case order > 0:
		s.emit(Reply{Request: e.Request, Err: fmt.Errorf("report for %s: no such attempt: %w", r.Token, ErrUnknown)})
	case order < 0 && !h.ended && r.State == operation.Completed:
		s.keep(h, e, now)
	case h.ended || order < 0 || !mine || h.op.Ended == operation.Settled:
		s.emit(Reply{Request: e.Request, Err: fmt.Errorf("report for %s from %s: %w by attempt %d on %s", r.Token, r.WorkerID, ErrSuperseded, h.op.Attempt, h.op.WorkerID)})
	case r.State == operation.Running:
		s.progress(h, e, now)
	case r.State == operation.Resuming:
		s.handedBack(h, e, now)
	default:
		s.finish(h, e, now)
	}
}

// keep stores the late result of a superseded attempt as a candidate.
func (s *State) keep(h *held, e Reported, now time.Time) {
	r := e.Report
	if h.candidate == nil || h.candidate.Token.Compare(r.Token) < 0 {
		h.candidate = &r
		s.emit(Write{Tx: operation.Transaction{s.change(h, operation.Kept{Report: r, At: stamp(now)})}})
	}
	s.emit(Write{Then: []Effect{Reply{Request: e.Request}}}) // after an earlier Kept, too
}

// progress takes the progress of the newest attempt.
func (s *State) progress(h *held, e Reported, now time.Time) {
	r := e.Report
	if w, ok := s.fleet.Worker(r.WorkerID); ok {
		s.claimed(w, r.Token, now)
	}
	if !h.op.Open {
		s.emit(Reply{Request: e.Request, Err: fmt.Errorf("report for %s: %w", r.Token, ErrSuperseded)})
		return
	}
	err := s.advance(h, r)
	if r.Checkpoint == nil && len(r.Points) == 0 {
		s.emit(Reply{Request: e.Request, Err: err})
		return
	}
	// What was sent before may be on its way to the disk still.
	s.emit(Write{Tx: s.evidence(h, r, now), Then: []Effect{Reply{Request: e.Request, Err: err}}})
}

// advance takes the progress of a report, if there is any and it can be true.
func (s *State) advance(h *held, r operation.Report) error {
	if r.Progress == nil {
		return nil
	}
	p, err := h.op.Progress.Advance(*r.Progress)
	if err == nil {
		s.change(h, operation.Progressed{Token: r.Token, Progress: p})
		s.dirty[h.op.ID] = h
		if parent := s.gatherer(h); parent != nil && !parent.ended {
			s.dirty[parent.op.ID] = parent
		}
	} else if !h.distrust {
		h.distrust = true
		s.emit(Note{Message: "worker lies about its progress", Operation: h.op.ID, Worker: r.WorkerID, Reason: err.Error()})
	}
	return err
}

// evidence takes what a report brings beside progress and outcome.
func (s *State) evidence(h *held, r operation.Report, now time.Time) operation.Transaction {
	tx := r.Evidence(h.op, stamp(now))
	for _, c := range tx {
		s.change(h, c)
	}
	return tx
}

// finish takes the outcome of the newest attempt, even if it had been given up:
// its worker was only cut off, and nobody else has begun.
func (s *State) finish(h *held, e Reported, now time.Time) {
	r := e.Report
	if r.State == operation.Cancelled && !h.op.CancelRequested {
		s.abandoned(h, e, now)
		return
	}
	if !h.op.Open {
		s.queues[h.kind].Remove(h.entry())
	}
	tx := s.evidence(h, r, now)
	last := r.Finish(h.op, stamp(now))
	if r.State == operation.Cancelled {
		last.State, last.Error = h.stopped(), h.cancelText()
	}
	s.end(h, tx, last, e.Request)
	_ = s.tell(fleet.Released{WorkerID: h.op.WorkerID, Token: r.Token, Idle: r.Idle}, now)
}

// handedBack takes an attempt back that its worker stopped so that it goes on
// elsewhere.
func (s *State) handedBack(h *held, e Reported, now time.Time) {
	t, at := e.Report.Token, stamp(now)
	tx := s.evidence(h, e.Report, now)
	switch {
	case h.op.Open:
		tx = append(tx, s.change(h, operation.Ended{Token: t, Outcome: operation.HandedBack, Reason: e.Report.Error, At: at}))
		if h.op.CancelRequested {
			s.end(h, tx, operation.Closed{ID: h.op.ID, State: h.stopped(), Error: h.cancelText(), Errors: h.losses, At: at}, 0)
		} else {
			s.wait(h, tx)
		}
		_ = s.tell(fleet.Released{WorkerID: h.op.WorkerID, Token: t}, now)
	case len(tx) > 0:
		s.emit(Write{Tx: tx})
	}
	s.emit(Write{Then: []Effect{Reply{Request: e.Request}}})
}

// abandoned takes the word of a worker that it stopped although nobody wanted
// that and gave no chance to go on.
func (s *State) abandoned(h *held, e Reported, now time.Time) {
	if tx := s.evidence(h, e.Report, now); len(tx) > 0 {
		s.emit(Write{Tx: tx})
	}
	if h.op.Open {
		reason := "worker stopped it"
		if e.Report.Error != "" {
			reason += ": " + e.Report.Error
		}
		s.lose(h, reason, now)
	}
	s.emit(Write{Then: []Effect{Reply{Request: e.Request}}})
}
