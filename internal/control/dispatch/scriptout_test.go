package dispatch_test

import (
	"fmt"
	"strings"

	"github.com/ktrdr/ktrdr/internal/control/dispatch"
	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
)

func (s *script) ask(event func(uint64) dispatch.Event) {
	s.request++
	s.step(event(s.request))
}

func (s *script) step(e dispatch.Event) { s.perform(s.state.Step(e, s.now)) }

// perform prints effects, and does those that a disk can do.
func (s *script) perform(effects []dispatch.Effect) {
	for _, e := range effects {
		if text := describe(e); text != "" {
			s.out.WriteString(text + "\n")
		}
		if w, ok := e.(dispatch.Write); ok {
			if s.holding {
				s.held = append(s.held, w)
			} else {
				s.commit(w)
			}
		}
	}
}

func (s *script) commit(w dispatch.Write) {
	err := s.disk.Commit(s.t.Context(), s.term, []operation.Transaction{w.Tx})[0]
	if err != nil && !w.Submission {
		s.t.Errorf("write failed: %v", err)
	}
	if err == nil {
		s.perform(w.Then)
	}
	if w.ID != "" {
		s.step(dispatch.Recorded{ID: w.ID, Err: err})
	}
}

func describe(e dispatch.Effect) string {
	switch e := e.(type) {
	case dispatch.Write:
		texts := make([]string, len(e.Tx))
		for i, c := range e.Tx {
			texts[i] = describeChange(c)
		}
		if len(texts) == 0 {
			return "" // only waits for those before it
		}
		return "write " + strings.Join(texts, ", ")
	case dispatch.Start:
		text := fmt.Sprintf("start %s on %s", short(e.Operation.Token()), e.Worker.ID)
		if len(e.Operation.Checkpoints) > 0 {
			text += fmt.Sprintf(" from %s %d", e.Operation.Checkpoints[0].Unit, e.Operation.Checkpoints[0].Position)
		}
		return text
	case dispatch.Stop:
		return strings.TrimSuffix(fmt.Sprintf("stop %s on %s: %s", short(e.Token), e.Worker.ID, e.Reason), ": ")
	case dispatch.Check:
		return "check " + e.Worker.ID
	case dispatch.Reply:
		switch {
		case e.Request == 0:
			return ""
		case e.Err != nil:
			return "error: " + e.Err.Error()
		case e.Operation.ID != "":
			return fmt.Sprintf("ok: %s is %s", e.Operation.ID, e.Operation.Status)
		case e.Worker.ID != "":
			return fmt.Sprintf("ok: %s is %s", e.Worker.ID, e.Worker.Status)
		}
		return "ok"
	}
	return ""
}

func short(t operation.Token) string { return fmt.Sprintf("%s#%d", t.OperationID, t.Attempt) }

func describeChange(c operation.Change) string {
	switch c := c.(type) {
	case operation.Created:
		return "created " + c.Operation.ID
	case operation.Opened:
		return fmt.Sprintf("opened %s on %s", short(c.Token), c.WorkerID)
	case operation.Begun:
		return "begun " + c.ID
	case operation.Gained:
		return fmt.Sprintf("progress %s %v", c.ID, c.Progress.Percentage)
	case operation.Adopted:
		return "adopted " + c.ID
	case operation.Started:
		return "running " + short(c.Token)
	case operation.Progressed:
		return fmt.Sprintf("progress %s %v", short(c.Token), c.Progress.Percentage)
	case operation.Ended:
		return fmt.Sprintf("%s %s: %s", c.Outcome, short(c.Token), c.Reason)
	case operation.Reopened:
		return "reopened " + short(c.Token)
	case operation.Kept:
		return "kept " + short(c.Report.Token)
	case operation.Measured:
		return fmt.Sprintf("points %s %d to %d", short(c.Token), c.Points[0].Number, c.Points[len(c.Points)-1].Number)
	case operation.Checkpointed:
		return fmt.Sprintf("checkpoint %s %s %d", short(c.Token), c.Checkpoint.Unit, c.Checkpoint.Position)
	case operation.Resumed:
		return "resumed " + c.ID
	case operation.CancelRequested:
		return "cancel requested of " + c.ID
	case operation.Finished:
		return strings.TrimSuffix(fmt.Sprintf("%s %s: %s", c.State, short(c.Token), c.Error), ": ")
	case operation.Closed:
		return fmt.Sprintf("%s %s: %s", c.State, c.ID, c.Error)
	case fleet.Saved:
		return "worker " + c.Worker.ID
	case fleet.Marked:
		return fmt.Sprintf("worker %s cordoned=%v", c.WorkerID, c.Cordoned)
	case fleet.Forgotten:
		return fmt.Sprintf("no worker %s: %s", c.WorkerID, c.Reason)
	}
	return fmt.Sprintf("%T", c)
}
