package dispatch_test

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/dispatch"
	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/queue"
	"github.com/ktrdr/ktrdr/internal/golden"
)

// TestScripts runs testdata/*.txt, which specify the scheduler. A script is a
// list of blocks apart by blank lines: commands, a line ----, and the effects
// that they must have. The commands are the methods do… of script; op_1#2 is the
// second attempt of op_1. Writes are durable at once unless held.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			golden.Check(t, file, newScript(t).run(string(source)))
		})
	}
}

// script is the state of a running script.
type script struct {
	t       *testing.T
	now     time.Time
	disk    *disk
	term    int64
	state   *dispatch.State
	out     strings.Builder
	holding bool
	held    []dispatch.Write
	request uint64
	limits  queue.Limits
}

func newScript(t *testing.T) *script {
	s := &script{t: t, now: began, disk: newDisk()}
	s.doRestart(nil)
	s.out.Reset()
	return s
}

func (s *script) run(source string) string {
	var result strings.Builder
	for i, block := range strings.Split(strings.TrimRight(source, "\n"), "\n\n") {
		if i > 0 {
			result.WriteString("\n")
		}
		commands, _, executed := strings.Cut(block+"\n", "----\n")
		result.WriteString(commands)
		if !executed {
			continue // a comment
		}
		s.out.Reset()
		for line := range strings.Lines(commands) {
			if fields := strings.Fields(line); len(fields) > 0 && fields[0] != "#" {
				s.do(fields[0], fields[1:])
			}
		}
		result.WriteString("----\n" + s.out.String())
	}
	return result.String()
}

func (s *script) do(command string, args []string) {
	do, ok := map[string]func([]string){
		"register": s.doRegister, "healthy": s.doHealthy, "miss": s.doMiss, "leave": s.doLeave,
		"submit": s.doSubmit, "cancel": s.doCancel, "started": s.doStarted, "report": s.doReport,
		"tick": s.doTick, "hold": s.doHold, "release": s.doRelease, "fail": s.doFail,
		"cordon": s.doCordon, "uncordon": s.doUncordon, "remove": s.doRemove, "resume": s.doResume, "restart": s.doRestart, "limits": s.doLimits, "show": s.doShow, "workers": s.doWorkers,
	}[command]
	if !ok {
		s.t.Fatalf("unknown command %q", command)
	}
	do(args)
}

// option returns the value of key=value among args, "" if there is none.
func option(args []string, key string) string {
	for _, a := range args {
		if v, ok := strings.CutPrefix(a, key+"="); ok {
			return v
		}
	}
	return ""
}

// token reads op_1#2; without a number it is the attempt that the disk knows.
func (s *script) token(text string) *operation.Token {
	if text == "" {
		return nil
	}
	id, n, _ := strings.Cut(text, "#")
	op := s.disk.operations[id]
	t := operation.Token{OperationID: id, Attempt: op.Attempt, Term: op.Term}
	if n != "" {
		t.Attempt, _ = strconv.Atoi(n)
	}
	if opened, ok := s.disk.attempts[id][t.Attempt]; ok {
		t.Term = opened.Token.Term
	}
	return &t
}

// register ID TYPE [gpu] [inc=I] [url=U] [running=OP#N] [says=OP] [finished=OP#N] [contract=V] [draining]
func (s *script) doRegister(args []string) {
	kind, _ := fleet.ParseWorkerType(args[1])
	r := fleet.Registration{
		WorkerID: args[0], Type: kind, Incarnation: cmp.Or(option(args, "inc"), "1"), Draining: slices.Contains(args, "draining"),
		Contract: option(args, "contract"), EndpointURL: cmp.Or(option(args, "url"), "http://"+args[0]+":5003"), Current: s.token(option(args, "running")),
		Capabilities: fleet.Capabilities{"gpu": slices.Contains(args, "gpu")},
	}
	if says := option(args, "says"); says != "" {
		r.CurrentOperationID = &says
	}
	if t := s.token(option(args, "finished")); t != nil {
		r.Finished = []operation.Report{{Token: *t, WorkerID: args[0], Incarnation: r.Incarnation, State: operation.Completed}}
	}
	s.ask(func(q uint64) dispatch.Event { return dispatch.Registered{Request: q, Registration: r} })
}

// healthy ID [inc=I] [running=OP#N] [finished=OP#N] [busy] [is=ID] [asked=SECONDS ago]
func (s *script) doHealthy(args []string) {
	h := fleet.Health{WorkerID: option(args, "is"), Current: s.token(option(args, "running")), Busy: slices.Contains(args, "busy")}
	h.Busy = h.Busy || h.Current != nil
	if t := s.token(option(args, "finished")); t != nil {
		h.Finished = []operation.Token{*t}
	}
	ago, _ := time.ParseDuration(cmp.Or(option(args, "asked"), "0s"))
	s.step(dispatch.Answered{WorkerID: args[0], Incarnation: cmp.Or(option(args, "inc"), "1"), Asked: s.now.Add(-ago), Health: h})
}

// miss ID
func (s *script) doMiss(args []string) {
	s.step(dispatch.Missed{WorkerID: args[0], Incarnation: "1", Err: "no answer"})
}

// cordon ID
func (s *script) doCordon(args []string) {
	s.ask(func(q uint64) dispatch.Event { return dispatch.CordonAsked{Request: q, WorkerID: args[0], Out: true} })
}

// uncordon ID
func (s *script) doUncordon(args []string) {
	s.ask(func(q uint64) dispatch.Event { return dispatch.CordonAsked{Request: q, WorkerID: args[0]} })
}

// remove ID
func (s *script) doRemove(args []string) {
	s.ask(func(q uint64) dispatch.Event { return dispatch.RemoveAsked{Request: q, WorkerID: args[0]} })
}

// leave ID
func (s *script) doLeave(args []string) {
	s.ask(func(q uint64) dispatch.Event {
		return dispatch.Left{Request: q, WorkerID: args[0], Incarnation: "1"}
	})
}

// submit OP TYPE [priority=N] [attempts=N] [by=SUBMITTER] [deadline=FROM NOW] [parent=OP] [immediate]
// [children=N [done=CHILD,…]]
func (s *script) doSubmit(args []string) {
	op := submission(args[0], operation.Type(args[1]))
	op.Priority, _ = strconv.Atoi(option(args, "priority"))
	op.MaxAttempts, _ = strconv.Atoi(option(args, "attempts"))
	op.Immediate = slices.Contains(args, "immediate")
	op.Submitter = option(args, "by")
	if parent := option(args, "parent"); parent != "" {
		op.ParentID = &parent
	}
	if d, err := time.ParseDuration(option(args, "deadline")); err == nil {
		op.Deadline = new(s.now.Add(d))
	}
	n, _ := strconv.Atoi(option(args, "children"))
	done := map[int]operation.Adopted{}
	for _, i := range strings.Split(option(args, "done"), ",") {
		if i, err := strconv.Atoi(i); err == nil {
			done[i] = operation.Adopted{Result: []byte(`{}`)}
		}
	}
	s.ask(func(q uint64) dispatch.Event {
		return dispatch.Submitted{Request: q, Operation: op, Children: repeating(chunks(n)), Done: done}
	})
}

// chunks returns n children for an operation that gathers; each weighs one more
// than the one before.
func chunks(n int) []operation.Operation {
	all := make([]operation.Operation, n)
	for i := range all {
		all[i] = submission("", operation.SweepChunk)
		all[i].Weight = int64(i + 1)
	}
	return all
}

// repeating makes operations repeat earlier ones.
func repeating(all []operation.Operation) []operation.Operation {
	for i := range all {
		all[i].RetryOf = new(fmt.Sprintf("op_before_%04d", i))
	}
	return all
}

// cancel OP [REASON]
func (s *script) doCancel(args []string) {
	s.ask(func(q uint64) dispatch.Event {
		return dispatch.CancelAsked{Request: q, ID: args[0], Reason: strings.Join(args[1:], " ")}
	})
}

// resume OP
func (s *script) doResume(args []string) {
	s.ask(func(q uint64) dispatch.Event {
		return dispatch.ResumeAsked{Request: q, Operation: s.disk.operations[args[0]]}
	})
}

// started OP#N [busy | unreachable | rejected | unknown]
func (s *script) doStarted(args []string) {
	err := map[string]error{
		"": nil, "busy": fleet.ErrBusy, "unreachable": fleet.ErrUnreachable, "rejected": fleet.ErrRejected, "unknown": errors.New("timed out"),
	}[append(args, "")[1]]
	s.step(dispatch.StartReturned{Token: *s.token(args[0]), Err: err})
}

// report OP#N WORKER running PERCENT | completed | failed REASON | cancelled | resuming, and
// [checkpoint=POSITION] [points=STEP to STEP+2] [idle]
func (s *script) doReport(args []string) {
	r := operation.Report{Token: *s.token(args[0]), WorkerID: args[1], State: operation.Status(args[2]), Idle: slices.Contains(args, "idle")}
	switch r.State {
	case operation.Running:
		p, _ := strconv.ParseFloat(args[3], 64)
		r.Progress = &operation.Progress{Percentage: p}
	case operation.Failed:
		r.Error = strings.Join(args[3:], " ")
	case operation.Resuming:
		r.Error = "worker stopped"
	}
	if at := option(args, "checkpoint"); at != "" {
		r.Checkpoint = &operation.Checkpoint{SHA256: strings.Repeat("0c", 32), Kind: operation.CheckpointPeriodic, Unit: "epoch"}
		r.Checkpoint.Position, _ = strconv.ParseInt(at, 10, 64)
	}
	if first, err := strconv.ParseInt(option(args, "points"), 10, 64); err == nil {
		for i := range int64(3) {
			r.Points = append(r.Points, operation.Point{Step: first + i, Values: []byte(`{"loss":0.5}`)})
		}
	}
	s.ask(func(q uint64) dispatch.Event { return dispatch.Reported{Request: q, Report: r} })
}

// tick DURATION lets time pass, then ticks once.
func (s *script) doTick(args []string) {
	d, err := time.ParseDuration(args[0])
	if err != nil {
		s.t.Fatal(err)
	}
	s.now = s.now.Add(d)
	s.step(dispatch.Ticked{})
}

// hold keeps writes from becoming durable.
func (s *script) doHold([]string) { s.holding = true }

// release makes held writes durable.
func (s *script) doRelease([]string) {
	s.holding = false
	held := s.held
	s.held = nil
	for _, w := range held {
		s.commit(w)
	}
}

// fail makes the next write fail.
func (s *script) doFail([]string) { s.disk.fail = errors.New("disk is full") }

// restart kills the backend, with the writes that are held, and starts another.
func (s *script) doRestart([]string) {
	s.holding, s.held = false, nil
	s.term, _ = s.disk.AcquireTerm(s.t.Context(), "")
	s.state = dispatch.NewState(s.term, fleet.Timing{}, s.now)
	unfinished, _ := s.disk.Unfinished(s.t.Context())
	workers, _ := s.disk.Workers(s.t.Context())
	cordons, _ := s.disk.Cordons(s.t.Context())
	s.step(dispatch.Restored{Unfinished: unfinished, Workers: workers, Cordons: cordons, Limits: s.limits})
}

// limits [queued=N] [running=N] of each submitter, and restarts
func (s *script) doLimits(args []string) {
	s.limits.Queued, _ = strconv.Atoi(option(args, "queued"))
	s.limits.Running, _ = strconv.Atoi(option(args, "running"))
	s.doRestart(nil)
}

// show OP prints an operation as the disk has it, and its place in the queue.
func (s *script) doShow(args []string) {
	op := s.disk.operations[args[0]]
	live := s.state
	overlaid := []operation.Operation{op}
	live.Overlay(overlaid)
	fmt.Fprintf(&s.out, "%s %s attempt=%d lost=%d progress=%v", op.ID, op.Status, op.Attempt, op.Lost, overlaid[0].Progress.Percentage)
	if n := live.QueuePosition(op.ID); n > 0 {
		fmt.Fprintf(&s.out, " queue=%d", n)
	}
	for _, c := range op.Checkpoints {
		fmt.Fprintf(&s.out, " checkpoint=%d", c.Position)
	}
	if op.ErrorMessage != nil {
		fmt.Fprintf(&s.out, " error=%q", *op.ErrorMessage)
	}
	s.out.WriteString("\n")
}

// workers prints the fleet.
func (s *script) doWorkers([]string) {
	for _, w := range s.state.Workers() {
		fmt.Fprintf(&s.out, "%s %s", w.ID, w.Status)
		if w.CurrentOperationID != nil {
			fmt.Fprintf(&s.out, " %s", *w.CurrentOperationID)
		}
		if w.Cordoned {
			s.out.WriteString(" cordoned")
		}
		if w.LastError != nil {
			fmt.Fprintf(&s.out, " error=%q", *w.LastError)
		}
		s.out.WriteString("\n")
	}
}
