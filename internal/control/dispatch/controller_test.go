package dispatch_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/dispatch"
	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// wires is a transport without a network: workers that accept everything.
type wires struct {
	mu       sync.Mutex // guards all below
	busy     map[string]*operation.Token
	gathered map[string][]json.RawMessage // what the start of an operation brought of its children
	stopped  []operation.Token
	checks   int
	dead     map[string]bool // these never answer
	started  chan operation.Token
}

func newWires() *wires {
	return &wires{gathered: map[string][]json.RawMessage{}, busy: map[string]*operation.Token{}, dead: map[string]bool{}, started: make(chan operation.Token, 1000)}
}

func (w *wires) Start(ctx context.Context, x fleet.Worker, op operation.Operation, t operation.Token) error {
	w.mu.Lock()
	w.gathered[op.ID] = op.Gathered
	dead := w.dead[x.ID]
	if !dead {
		w.busy[x.ID] = &t
	}
	w.mu.Unlock()
	if dead {
		<-ctx.Done()
		return ctx.Err()
	}
	w.started <- t
	return nil
}

func (w *wires) Cancel(_ context.Context, x fleet.Worker, t operation.Token, _ string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = append(w.stopped, t)
	return nil
}

func (w *wires) Health(ctx context.Context, x fleet.Worker, _ int64) (fleet.Health, error) {
	w.mu.Lock()
	w.checks++
	dead, current := w.dead[x.ID], w.busy[x.ID]
	w.mu.Unlock()
	if dead {
		<-ctx.Done()
		return fleet.Health{}, ctx.Err()
	}
	return fleet.Health{WorkerID: x.ID, Busy: current != nil, Current: current}, nil
}

// finish makes a worker idle and returns its report.
func (w *wires) finish(id string) operation.Report {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := w.busy[id]
	w.busy[id] = nil
	return operation.Report{Token: *t, WorkerID: id, State: operation.Completed, Result: []byte(`{}`)}
}

// bench is a running controller in a bubble of fake time.
type bench struct {
	*dispatch.Controller
	t     *testing.T
	disk  *disk
	wires *wires
	// reusable judges the results of parts; nil finds them good.
	reusable func(part operation.Operation, outputs []operation.Artifact) error
	stored   map[string]bool // content by its hash; nil is all there could be
	stop     func() error    // stops the controller and returns what Run returned
}

func start(t *testing.T, d *disk, w *wires) *bench { return startLogged(t, d, w, nil) }

func startLogged(t *testing.T, d *disk, w *wires, log *slog.Logger) *bench {
	b := &bench{t: t, disk: d, wires: w}
	b.Controller = dispatch.New(dispatch.Options{Store: d, Transport: b.wires, Log: log,
		Stored: func(_ context.Context, sha256 string) error {
			if b.stored != nil && !b.stored[sha256] {
				return operation.ErrNotFound
			}
			return nil
		},
		Reusable: func(_ context.Context, part operation.Operation, outputs []operation.Artifact) error {
			if b.reusable == nil {
				return nil
			}
			return b.reusable(part, outputs)
		}})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	b.stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() { _ = b.stop() })
	<-b.Ready()
	return b
}

func (b *bench) register(id string, kind fleet.WorkerType) {
	b.t.Helper()
	if _, err := b.Register(b.t.Context(), fleet.Registration{WorkerID: id, Type: kind, EndpointURL: "http://" + id + ":1"}); err != nil {
		b.t.Fatal(err)
	}
	synctest.Wait()
}

func (b *bench) submit(id string) operation.Operation {
	b.t.Helper()
	op, err := b.Submit(b.t.Context(), submission(id, operation.Training))
	if err != nil {
		b.t.Fatal(err)
	}
	return op
}

func TestController(t *testing.T) {
	for name, test := range map[string]func(t *testing.T){
		"from_submission_to_result": testResult,
		"queue_and_workers":         testQueue,
		"health_checks":             testHealth,
		"slow_worker_holds_nobody":  testSlow,
		"cancel":                    testCancel,
		"restart":                   testRestart,
		"repeated_submission":       testRepeated,
		"resume":                    testResume,
		"retry":                     testRetry,
		"family":                    testFamily,
		"drain":                     testDrain,
		"drawn_id_is_taken":         testDrawnID,
		"stopping":                  testStopping,
		"store_fails":               testStoreFails,
		"deposed":                   testDeposed,
	} {
		t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
	}
}

func testResult(t *testing.T) {
	b := start(t, newDisk(), newWires())
	if _, err := b.Submit(t.Context(), submission("", operation.Training)); !isNoWorkers(err) {
		t.Errorf("Submit without workers = %v, want *NoWorkersError", err)
	}
	if _, err := b.Submit(t.Context(), operation.Operation{Type: "nonsense"}); err == nil {
		t.Error("Submit of an unknown type succeeded")
	}
	b.register("w1", fleet.Training)
	began := time.Now()
	op := b.submit("")
	token := <-b.wires.started
	synctest.Wait()
	if took := time.Since(began); took != 0 {
		t.Errorf("the operation started %v after it was submitted, want at once", took)
	}
	percent := operation.Report{Token: token, WorkerID: "w1", State: operation.Running, Progress: &operation.Progress{Percentage: 12}}
	if err := b.Report(t.Context(), percent); err != nil {
		t.Fatal(err)
	}
	got, err := b.Operation(t.Context(), op.ID)
	if err != nil || got.Progress.Percentage != 12 || got.Status != operation.Running {
		t.Errorf("Operation() = %+v, %v, want it running at 12 %%", got, err)
	}
	stale, _ := b.disk.Operation(t.Context(), op.ID)
	time.Sleep(1100 * time.Millisecond)
	synctest.Wait()
	fresh, _ := b.disk.Operation(t.Context(), op.ID)
	if stale.Progress.Percentage != 0 || fresh.Progress.Percentage != 12 {
		t.Errorf("stored progress was %v and a second later %v, want 0 and 12", stale.Progress.Percentage, fresh.Progress.Percentage)
	}
	done := b.wires.finish("w1")
	for range 2 { // the second is a repetition
		if err := b.Report(t.Context(), done); err != nil {
			t.Errorf("Report(completed) = %v", err)
		}
	}
	failed := done
	failed.State, failed.Result = operation.Failed, nil
	if err := b.Report(t.Context(), failed); !errors.Is(err, dispatch.ErrSuperseded) {
		t.Errorf("Report(failed) after completion = %v, want ErrSuperseded", err)
	}
	for _, wrong := range []operation.Token{{OperationID: "op_x", Attempt: 1}, {OperationID: op.ID, Attempt: 9}} {
		r := done
		r.Token = wrong
		if err := b.Report(t.Context(), r); !errors.Is(err, dispatch.ErrUnknown) {
			t.Errorf("Report(%v) = %v, want ErrUnknown", wrong, err)
		}
	}
	if got, _ := b.disk.Operation(t.Context(), op.ID); got.Status != operation.Completed || got.Progress.Percentage != 100 {
		t.Errorf("stored operation = %+v, want it completed", got)
	}
}

func isNoWorkers(err error) bool {
	none, ok := errors.AsType[*dispatch.NoWorkersError](err)
	return ok && none.Type == fleet.Training
}

func testQueue(t *testing.T) {
	b := start(t, newDisk(), newWires())
	b.register("w1", fleet.Training)
	b.submit("op_1")
	b.submit("op_2")
	b.submit("op_3")
	immediate := submission("op_4", operation.Training)
	immediate.Immediate = true
	_, err := b.Submit(t.Context(), immediate)
	if _, busy := errors.AsType[*dispatch.BusyError](err); !busy {
		t.Errorf("Submit(immediate) = %v, want *BusyError", err)
	}
	if got := []int{b.QueuePosition("op_1"), b.QueuePosition("op_2"), b.QueuePosition("op_3"), b.QueuePosition("op_9")}; fmt.Sprint(got) != "[0 1 2 0]" {
		t.Errorf("queue positions = %v, want [0 1 2 0]", got)
	}
	if all := b.Workers(); len(all) != 1 || all[0].Status != fleet.Busy || *all[0].CurrentOperationID != "op_1" {
		t.Errorf("Workers() = %+v", all)
	}
	<-b.wires.started
	if err := b.Report(t.Context(), b.wires.finish("w1")); err != nil {
		t.Fatal(err)
	}
	if next := <-b.wires.started; next.OperationID != "op_2" {
		t.Errorf("next started is %v, want op_2", next)
	}
	if err := b.Deregister(t.Context(), "w1", ""); err != nil || len(b.Workers()) != 0 {
		t.Errorf("Deregister() = %v, workers %v", err, b.Workers())
	}
	if got, _ := b.Operation(t.Context(), "op_2"); got.Status != operation.Resuming || b.QueuePosition("op_2") != 1 {
		t.Errorf("op_2 after its worker left = %s at %d, want resuming at 1", got.Status, b.QueuePosition("op_2"))
	}
}

func testHealth(t *testing.T) {
	b := start(t, newDisk(), newWires())
	b.wires.dead["w1"], b.wires.dead["w2"] = true, true
	for i := range 4 {
		b.register(fmt.Sprintf("w%d", i), fleet.Training)
	}
	time.Sleep(5100 * time.Millisecond)
	synctest.Wait()
	for _, w := range b.Workers() { // two timeouts took no longer than one
		if alive := w.ID == "w0" || w.ID == "w3"; (w.Status == fleet.Available) != alive || (w.LastError == nil) != alive {
			t.Errorf("worker %s is %s after the first check: %+v", w.ID, w.Status, w)
		}
	}
	time.Sleep(60 * time.Second)
	synctest.Wait()
	b.wires.mu.Lock()
	if b.wires.checks != 4+6*4 {
		t.Errorf("%d health checks in 65 s, want 4 each 10 s", b.wires.checks)
	}
	b.wires.mu.Unlock()
	time.Sleep(300 * time.Second)
	synctest.Wait()
	if all := b.Workers(); len(all) != 2 || all[0].ID != "w0" || all[1].ID != "w3" {
		t.Errorf("after five minutes Workers() = %+v, want w0 and w3", all)
	}
}

func testSlow(t *testing.T) {
	b := start(t, newDisk(), newWires())
	b.register("w1", fleet.Training)
	b.register("w2", fleet.Training)
	b.wires.mu.Lock()
	b.wires.dead["w1"] = true
	b.wires.mu.Unlock()
	began := time.Now()
	b.submit("op_1")
	b.submit("op_2")
	if token := <-b.wires.started; token.OperationID != "op_2" || time.Since(began) != 0 {
		t.Errorf("started %v after %v, want op_2 at once", token, time.Since(began))
	}
	if err := b.Report(t.Context(), b.wires.finish("w2")); err != nil {
		t.Fatal(err)
	}
	// Nobody hears of w1 for a lease: op_1 goes to w2.
	if token := <-b.wires.started; token.OperationID != "op_1" || token.Attempt != 2 || time.Since(began) > 30*time.Second {
		t.Errorf("started %v after %v, want the second attempt of op_1 within 30 s", token, time.Since(began))
	}
}

func testCancel(t *testing.T) {
	b := start(t, newDisk(), newWires())
	b.register("w1", fleet.Training)
	b.submit("op_1")
	b.submit("op_2")
	<-b.wires.started
	synctest.Wait()
	if op, err := b.Cancel(t.Context(), "op_2", ""); err != nil || op.Status != operation.Cancelled || *op.ErrorMessage != "Operation cancelled by user" {
		t.Errorf("Cancel(waiting) = %+v, %v", op, err)
	}
	if op, err := b.Cancel(t.Context(), "op_2", ""); !errors.Is(err, dispatch.ErrTerminal) || op.ID != "op_2" {
		t.Errorf("Cancel(cancelled) = %v, want ErrTerminal with the record", err)
	}
	if _, err := b.Cancel(t.Context(), "op_9", ""); !errors.Is(err, dispatch.ErrUnknown) {
		t.Errorf("Cancel(unknown) = %v, want ErrUnknown", err)
	}
	if op, err := b.Cancel(t.Context(), "op_1", "enough"); err != nil || op.Status != operation.Running || !op.CancelRequested {
		t.Errorf("Cancel(running) = %+v, %v", op, err)
	}
	synctest.Wait()
	b.wires.mu.Lock()
	if len(b.wires.stopped) != 1 || b.wires.stopped[0].OperationID != "op_1" {
		t.Errorf("workers told to stop = %v, want op_1", b.wires.stopped)
	}
	b.wires.mu.Unlock()
	r := b.wires.finish("w1")
	r.State, r.Result = operation.Cancelled, nil
	if err := b.Report(t.Context(), r); err != nil {
		t.Error(err)
	}
	if op, _ := b.Operation(t.Context(), "op_1"); op.Status != operation.Cancelled || *op.ErrorMessage != "enough" {
		t.Errorf("op_1 = %+v, want it cancelled", op)
	}
}

func testRestart(t *testing.T) {
	d := newDisk()
	b := start(t, d, newWires())
	b.register("w1", fleet.Training)
	b.submit("op_1")
	b.submit("op_2")
	token := <-b.wires.started
	synctest.Wait()
	if err := b.Report(t.Context(), operation.Report{Token: token, WorkerID: "w1", State: operation.Running, Progress: &operation.Progress{Percentage: 33}}); err != nil {
		t.Fatal(err)
	}
	if err := b.stop(); err != nil {
		t.Errorf("Run() = %v", err)
	}
	if op, _ := d.Operation(t.Context(), "op_1"); op.Progress.Percentage != 33 {
		t.Errorf("progress after stopping = %v, want 33", op.Progress.Percentage)
	}
	again := start(t, d, b.wires) // the worker still runs it
	if err := again.Report(t.Context(), operation.Report{Token: token, WorkerID: "w1", State: operation.Completed, Result: []byte(`{}`)}); err != nil {
		t.Errorf("Report to the new backend = %v", err)
	}
	again.wires.mu.Lock()
	again.wires.busy["w1"] = nil
	again.wires.mu.Unlock()
	if next := <-again.wires.started; next.OperationID != "op_2" || next.Term <= token.Term {
		t.Errorf("next started is %v, want op_2 in a later term", next)
	}
}

func testDrawnID(t *testing.T) {
	draws := []byte{1, 1, 1, 2}
	c := dispatch.New(dispatch.Options{Store: newDisk(), Transport: newWires(), Random: func(b []byte) {
		b[0], draws = draws[0], draws[1:]
	}})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { _ = c.Run(ctx) }()
	if _, err := c.Register(ctx, fleet.Registration{WorkerID: "w1", Type: fleet.Training, EndpointURL: "http://w1:1"}); err != nil {
		t.Fatal(err)
	}
	first, err1 := c.Submit(ctx, submission("", operation.Training))
	second, err2 := c.Submit(ctx, submission("", operation.Training))
	if err1 != nil || err2 != nil || first.ID == second.ID || len(draws) != 0 {
		t.Errorf("Submit() twice = %q, %q, %v, %v; %d draws left, want a new draw for a taken id", first.ID, second.ID, err1, err2, len(draws))
	}
	if _, err := c.Submit(ctx, submission(first.ID, operation.Training)); !errors.Is(err, operation.ErrDuplicate) {
		t.Errorf("Submit() with a chosen id that is taken = %v, want ErrDuplicate", err)
	}
	cancel()
	synctest.Wait()
}

func testRepeated(t *testing.T) {
	b := start(t, newDisk(), newWires())
	b.register("w1", fleet.Training)
	keyed := submission("", operation.Training)
	keyed.Submitter, keyed.IdempotencyKey, keyed.Fingerprint = "ann", "k1", "f1"
	if _, repeated, err := b.Repeated(t.Context(), keyed); repeated || err != nil {
		t.Errorf("Repeated() before the first = %v, %v", repeated, err)
	}
	ids := make(chan string, 20)
	for range cap(ids) { // some of them before the first is durable
		go func() {
			op, err := b.Submit(t.Context(), keyed)
			if err != nil {
				t.Error(err)
			}
			ids <- op.ID
		}()
	}
	first := <-ids
	for range cap(ids) - 1 {
		if id := <-ids; id != first {
			t.Errorf("one key made %s and %s", first, id)
		}
	}
	if known, repeated, err := b.Repeated(t.Context(), keyed); known.ID != first || !repeated || err != nil {
		t.Errorf("Repeated() = %s, %v, %v, want %s", known.ID, repeated, err, first)
	}
	other := keyed
	other.Fingerprint = "f2"
	if _, err := b.Submit(t.Context(), other); !errors.Is(err, operation.ErrKeyTaken) {
		t.Errorf("Submit(another request, same key) = %v, want ErrKeyTaken", err)
	}
	other.Submitter = "bob"
	if op, err := b.Submit(t.Context(), other); err != nil || op.ID == first {
		t.Errorf("Submit(same key of another submitter) = %s, %v, want a new operation", op.ID, err)
	}
	keyed.Fingerprint = ""
	if _, err := b.Submit(t.Context(), keyed); err == nil {
		t.Error("Submit(key without fingerprint) succeeded")
	}
}

func testResume(t *testing.T) {
	b := start(t, newDisk(), newWires())
	b.register("w1", fleet.Training)
	b.submit("op_1")
	token := <-b.wires.started
	synctest.Wait()
	failed := b.wires.finish("w1")
	failed.State, failed.Result, failed.Error = operation.Failed, nil, "bad luck"
	failed.Checkpoint = &operation.Checkpoint{SHA256: strings.Repeat("0c", 32), Kind: operation.CheckpointFailure, Position: 7}
	if err := b.Report(t.Context(), failed); err != nil {
		t.Fatal(err)
	}
	op, err := b.Resume(t.Context(), "op_1")
	if err != nil || op.ID != "op_1" || op.Status != operation.Resuming || op.Checkpoints[0].Position != 7 {
		t.Errorf("Resume() = %+v, %v", op, err)
	}
	if err := b.Report(t.Context(), failed); !errors.Is(err, dispatch.ErrSuperseded) {
		t.Errorf("repetition of the settled outcome = %v, want ErrSuperseded", err)
	}
	if next := <-b.wires.started; next.OperationID != "op_1" || next.Attempt != token.Attempt+1 {
		t.Errorf("started %v, want the second attempt of op_1", next)
	}
	synctest.Wait()
	if err := b.Report(t.Context(), b.wires.finish("w1")); err != nil {
		t.Error(err)
	}
	if _, err := b.Resume(t.Context(), "op_1"); err == nil || err.Error() != "Operation op_1 is already completed" {
		t.Errorf("Resume(completed) = %v", err)
	}
	if _, err := b.Resume(t.Context(), "op_9"); !errors.Is(err, dispatch.ErrUnknown) {
		t.Errorf("Resume(unknown) = %v, want ErrUnknown", err)
	}
}

func testRetry(t *testing.T) {
	b := start(t, newDisk(), newWires())
	b.register("w1", fleet.Training)
	first := submission("op_1", operation.Training)
	first.Submitter, first.Priority, first.SpecHash, first.MaxAttempts = "ann", 3, "hash", 7
	first.Artifacts = []operation.Artifact{{SHA256: strings.Repeat("0f", 32), Role: "bars"}}
	if _, err := b.Submit(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	<-b.wires.started
	synctest.Wait()
	if _, err := b.Retry(t.Context(), "op_1", ""); err == nil || err.Error() != "Operation op_1 cannot be retried (status: running)" {
		t.Errorf("Retry(running) = %v", err)
	}
	failed := b.wires.finish("w1")
	failed.State, failed.Result, failed.Error = operation.Failed, nil, "bad luck"
	if err := b.Report(t.Context(), failed); err != nil {
		t.Fatal(err)
	}
	op, err := b.Retry(t.Context(), "op_1", "again")
	if err != nil || !strings.HasPrefix(op.ID, "op_retry_training_") || op.Status != operation.Pending || op.RetryOf == nil || *op.RetryOf != "op_1" {
		t.Fatalf("Retry() = %+v, %v", op, err)
	}
	if op.Submitter != "ann" || op.Priority != 3 || op.SpecHash != "hash" || op.MaxAttempts != 7 || string(op.Spec) != string(first.Spec) || len(op.Artifacts) != 1 {
		t.Errorf("Retry() = %+v, want the same work", op)
	}
	if same, err := b.Retry(t.Context(), "op_1", "again"); err != nil || same.ID != op.ID {
		t.Errorf("Retry() with the same key = %s, %v, want %s", same.ID, err, op.ID)
	}
	if token := <-b.wires.started; token.OperationID != op.ID {
		t.Errorf("started %v, want the retry", token)
	}
	synctest.Wait()
	if err := b.Report(t.Context(), b.wires.finish("w1")); err != nil {
		t.Error(err)
	}
	if old, _ := b.Operation(t.Context(), "op_1"); old.Status != operation.Failed {
		t.Errorf("the first is %s after the retry, want failed", old.Status)
	}
	if _, err := b.Retry(t.Context(), "op_9", ""); !errors.Is(err, dispatch.ErrUnknown) {
		t.Errorf("Retry(unknown) = %v, want ErrUnknown", err)
	}
}

func testDrain(t *testing.T) {
	d := newDisk()
	b := start(t, d, newWires())
	b.register("w1", fleet.Training)
	if w, err := b.Drain(t.Context(), "w1"); err != nil || !w.Cordoned {
		t.Errorf("Drain() = %+v, %v", w, err)
	}
	if _, err := b.Drain(t.Context(), "w9"); !errors.Is(err, dispatch.ErrUnknown) {
		t.Errorf("Drain(unknown) = %v, want ErrUnknown", err)
	}
	if err := b.stop(); err != nil {
		t.Fatal(err)
	}
	b = start(t, d, newWires())
	synctest.Wait()
	b.submit("op_1")
	if n := b.QueuePosition("op_1"); n != 1 {
		t.Errorf("the operation is at %d while the only worker is drained, want 1", n)
	}
	if w, err := b.Undrain(t.Context(), "w1"); err != nil || w.Cordoned {
		t.Errorf("Undrain() = %+v, %v", w, err)
	}
	<-b.wires.started
	if _, busy := errors.AsType[*dispatch.WorkerBusyError](b.Remove(t.Context(), "w1")); !busy {
		t.Error("a worker was removed while it ran something")
	}
	synctest.Wait()
	if err := b.Report(t.Context(), b.wires.finish("w1")); err != nil {
		t.Error(err)
	}
	if err := b.Remove(t.Context(), "w1"); err != nil || len(b.Workers()) != 0 {
		t.Errorf("Remove() = %v, workers %v", err, b.Workers())
	}
}

func testStopping(t *testing.T) {
	b := start(t, newDisk(), newWires())
	b.register("w1", fleet.Training)
	if err := b.stop(); err != nil {
		t.Errorf("Run() = %v", err)
	}
	_, submitted := b.Submit(t.Context(), submission("op_1", operation.Training))
	_, registered := b.Register(t.Context(), fleet.Registration{})
	_, cancelled := b.Cancel(t.Context(), "op_1", "")
	for _, err := range []error{submitted, registered, cancelled, b.Deregister(t.Context(), "w1", "")} {
		if !errors.Is(err, dispatch.ErrStopping) {
			t.Errorf("after Run ended: %v, want ErrStopping", err)
		}
	}
	if all, n := b.Workers(), b.QueuePosition("op_1"); all != nil || n != 0 {
		t.Errorf("after Run ended: workers %v, position %d", all, n)
	}
}

func testStoreFails(t *testing.T) {
	b := start(t, newDisk(), newWires())
	b.register("w1", fleet.Training)
	full := errors.New("disk is full")
	b.disk.fail = full
	if _, err := b.Submit(t.Context(), submission("op_1", operation.Training)); !errors.Is(err, full) {
		t.Errorf("Submit = %v, want %v", err, full)
	}
	b.submit("op_2") // the backend goes on
	<-b.wires.started
	synctest.Wait()
	b.disk.mu.Lock()
	b.disk.fail = full
	b.disk.mu.Unlock()
	if err := b.Report(t.Context(), b.wires.finish("w1")); !errors.Is(err, dispatch.ErrStopping) {
		t.Errorf("Report = %v, want ErrStopping: it is not recorded", err)
	}
	if err := b.stop(); !errors.Is(err, full) {
		t.Errorf("Run() = %v, want %v", err, full)
	}
}

func testDeposed(t *testing.T) {
	d := newDisk()
	b := start(t, d, newWires())
	b.register("w1", fleet.Training)
	if _, err := d.AcquireTerm(t.Context(), "another"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Submit(t.Context(), submission("op_1", operation.Training)); !errors.Is(err, dispatch.ErrStopping) {
		t.Errorf("Submit to a deposed scheduler = %v, want ErrStopping", err)
	}
	if err := b.stop(); !errors.Is(err, operation.ErrDeposed) {
		t.Errorf("Run() = %v, want ErrDeposed", err)
	}
}
