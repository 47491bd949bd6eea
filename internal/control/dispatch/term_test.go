package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/dispatch"
	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// leasedDisk is a disk whose term is held under a lease by the clock of the
// bubble, as several backends share one.
type leasedDisk struct {
	*disk
	mu      sync.Mutex // guards all below
	holder  string
	expires time.Time
	broken  bool // nothing about the lease can be read or written
}

var errFull = errors.New("no room on the disk")

var errBroken = errors.New("no route to the database")

func (d *leasedDisk) AcquireTerm(ctx context.Context, holder string) (int64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.broken {
		return 0, errBroken
	}
	if holder != d.holder && time.Now().Before(d.expires) {
		return 0, operation.ErrHeld
	}
	d.holder, d.expires = holder, time.Now().Add(operation.LeaseLength)
	return d.disk.AcquireTerm(ctx, holder)
}

func (d *leasedDisk) RenewTerm(ctx context.Context, term int64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.broken {
		return errBroken
	}
	if err := d.disk.RenewTerm(ctx, term); err != nil {
		return err
	}
	d.expires = time.Now().Add(operation.LeaseLength)
	return nil
}

func (d *leasedDisk) ReleaseTerm(context.Context, int64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.expires = time.Time{}
	return nil
}

func (d *leasedDisk) Scheduler(context.Context) (operation.Lease, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return operation.Lease{Holder: d.holder}, nil
}

func (d *leasedDisk) setBroken(broken bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.broken = broken
}

// slowDisk is a disk on which commits can be held up.
type slowDisk struct {
	*leasedDisk
	held chan error // while it is there, commits wait for how they fail, nil if they do not
	lack error      // how commits fail at once
}

func (d *slowDisk) Commit(ctx context.Context, term int64, batch []operation.Transaction) []error {
	d.mu.Lock()
	held, lack := d.held, d.lack
	d.mu.Unlock()
	if lack != nil {
		return slices.Repeat([]error{lack}, len(batch))
	}
	if held != nil {
		if err := <-held; err != nil {
			return slices.Repeat([]error{err}, len(batch))
		}
	}
	return d.disk.Commit(ctx, term, batch)
}

// hold holds up commits until they are told how they fail, or let go.
func (d *slowDisk) hold(held chan error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.held = held
}

// lacks has commits fail from now on, or no longer.
func (d *slowDisk) lacks(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lack = err
}

// backend starts a controller on a shared store; stop returns what Run returned.
func backend(t *testing.T, s dispatch.Store, holder string) (c *dispatch.Controller, stop func() error) {
	return backendOver(t, s, holder, newWires())
}

func backendOver(t *testing.T, s dispatch.Store, holder string, w *wires) (c *dispatch.Controller, stop func() error) {
	c = dispatch.New(dispatch.Options{Store: s, Transport: w, Holder: holder, Shared: true, Passing: func(err error) bool { return errors.Is(err, errFull) }})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() { _ = stop() })
	<-c.Ready()
	return c, stop
}

// state says who schedules, as a controller sees it.
func state(c *dispatch.Controller) string {
	holder, here, _ := c.Scheduler()
	return fmt.Sprintf("%s %t", holder, here)
}

func expectState(t *testing.T, c *dispatch.Controller, want string) {
	t.Helper()
	synctest.Wait()
	if got := state(c); got != want {
		t.Errorf("the scheduler is %q, want %q", got, want)
	}
}

func register(t *testing.T, c *dispatch.Controller) error {
	t.Helper()
	_, err := c.Register(t.Context(), fleet.Registration{WorkerID: "w", Type: fleet.Training, EndpointURL: "http://w:1"})
	return err
}

// pass lets time pass in the bubble.
func pass(d time.Duration) { <-time.After(d) }

// slowBackend is a backend with one worker over a disk that can be held up, and what
// submits trainings to it.
func slowBackend(t *testing.T) (*slowDisk, *wires, *dispatch.Controller, func(id string) error) {
	d, w := &slowDisk{leasedDisk: &leasedDisk{disk: newDisk()}}, newWires()
	c, _ := backendOver(t, d, "http://a:1#x", w)
	if err := register(t, c); err != nil {
		t.Fatal(err)
	}
	return d, w, c, func(id string) error {
		_, err := c.Submit(t.Context(), submission(id, operation.Training))
		return err
	}
}

// uncertain lets the record of an end fail while the next order for the same
// worker waits to be written, and looks at what a later term finds.
func uncertain(t *testing.T) {
	d, w, c, submit := slowBackend(t)
	if err := submit("op_1"); err != nil {
		t.Fatal(err)
	}
	<-w.started
	synctest.Wait()
	held := make(chan error)
	d.hold(held)
	report := w.finish("w")
	answers := make(chan error, 2)
	go func() { answers <- c.Report(t.Context(), report) }()
	synctest.Wait()
	go func() { answers <- submit("op_2") }()
	pass(time.Second) // the worker is asked, is free and is given op_2
	held <- operation.ErrUncertain
	d.hold(nil)
	for range cap(answers) {
		if err := <-answers; !errors.Is(err, dispatch.ErrStandby) {
			t.Errorf("asked while the term ends: %v, want ErrStandby", err)
		}
	}
	if _, err := d.Operation(t.Context(), "op_2"); !errors.Is(err, operation.ErrNotFound) {
		t.Errorf("an order was recorded (%v) that took a write for granted whose outcome is not known", err)
	}
	pass(time.Second) // it takes the term again
	if err := c.Report(t.Context(), report); err != nil {
		t.Errorf("the report again: %v", err)
	}
	if op, err := d.Operation(t.Context(), "op_1"); err != nil || op.Status != operation.Completed {
		t.Errorf("op_1 is %s (%v), want completed", op.Status, err)
	}
}

// full has no room for an outcome and for what is asked after it.
func full(t *testing.T) {
	d, w, c, submit := slowBackend(t)
	for _, id := range []string{"op_1", "op_2"} {
		if err := submit(id); err != nil {
			t.Fatal(err)
		}
	}
	<-w.started
	synctest.Wait()
	before := d.term
	d.lacks(errFull)
	report := w.finish("w")
	for range 3 {
		if err := c.Report(t.Context(), report); !errors.Is(err, errFull) {
			t.Errorf("an outcome without room: %v, want why", err)
		}
		if err := submit("op_3"); !errors.Is(err, errFull) {
			t.Errorf("a submission without room: %v, want why", err)
		}
		pass(time.Second)
	}
	if op, err := d.Operation(t.Context(), "op_1"); err != nil || op.Status != operation.Running || op.Ended == operation.Settled {
		t.Errorf("op_1 is %s (%v) without room, want running", op.Status, err)
	}
	select {
	case token := <-w.started:
		t.Errorf("%s was started before the worker's last outcome was recorded", token)
	default:
	}
	d.lacks(nil)
	pass(2 * time.Second)
	if op, err := d.Operation(t.Context(), "op_1"); err != nil || op.Status != operation.Completed {
		t.Errorf("op_1 is %s (%v) with room again, want completed", op.Status, err)
	}
	if err := c.Report(t.Context(), report); err != nil {
		t.Errorf("the report again: %v", err)
	}
	if token := <-w.started; token.OperationID != "op_2" {
		t.Errorf("%s was started, want op_2", token)
	}
	if _, err := d.Operation(t.Context(), "op_3"); !errors.Is(err, operation.ErrNotFound) {
		t.Errorf("op_3 was refused and is there: %v", err)
	}
	if d.term != before {
		t.Errorf("the term went from %d to %d, want the same reign", before, d.term)
	}
}

// failing has no write succeed for a while, and counts reigns.
func failing(t *testing.T) {
	d, w, c, submit := slowBackend(t)
	if err := submit("op_0"); err != nil {
		t.Fatal(err)
	}
	<-w.started
	op := submission("op_1", operation.Training) // waits, and is late soon
	op.Deadline = new(time.Now().Add(time.Second))
	if _, err := c.Submit(t.Context(), op); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	held := make(chan error)
	d.hold(held)
	before, over := d.term, time.After(10*time.Second)
	for full := true; full; {
		select {
		case held <- errors.New("no room"): // to record that it is late
		case <-over:
			full = false
		}
	}
	close(held)
	d.hold(nil)
	synctest.Wait()
	if n := d.term - before; n < 2 || n > 20 {
		t.Errorf("%d reigns in 10 s in which nothing can be recorded, want at most 20", n)
	}
	pass(time.Second)
	if op, err := d.Operation(t.Context(), "op_1"); err != nil || op.Status != operation.Failed {
		t.Errorf("op_1 is %s (%v), want failed", op.Status, err)
	}
}

// booked restores a store in which one worker has two attempts at once.
func booked(t *testing.T) {
	d, w := newDisk(), newWires()
	b := start(t, d, w)
	b.register("w1", fleet.Training)
	b.register("w2", fleet.Training)
	b.submit("op_1")
	b.submit("op_2")
	<-w.started
	<-w.started
	synctest.Wait()
	if err := b.stop(); err != nil {
		t.Fatal(err)
	}
	second := d.operations["op_2"]
	second.WorkerID = "w1"
	d.operations["op_2"] = second
	w.mu.Lock()
	clear(w.busy)
	w.mu.Unlock()
	b = start(t, d, w)
	again := fleet.Registration{WorkerID: "w1", Type: fleet.Training, EndpointURL: "http://w1:1", Incarnation: "2"}
	if _, err := b.Register(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	got := []string{(<-w.started).String(), (<-w.started).String()}
	slices.Sort(got)
	if want := []string{"op_1#2@2", "op_2#2@2"}; !slices.Equal(got, want) {
		t.Errorf("started %v, want %v", got, want)
	}
}

func TestTerm(t *testing.T) {
	t.Run("nothing_is_recorded_after_an_uncertain_write", func(t *testing.T) { synctest.Test(t, uncertain) })
	t.Run("full_disk_ends_no_reign", func(t *testing.T) { synctest.Test(t, full) })
	t.Run("reigns_that_fail_do_not_follow_at_once", func(t *testing.T) { synctest.Test(t, failing) })
	t.Run("worker_recorded_with_two_attempts_keeps_one", func(t *testing.T) { synctest.Test(t, booked) })

	t.Run("second_backend_stands_by", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := &leasedDisk{disk: newDisk()}
			a, stopA := backend(t, d, "http://a:1#x")
			b, _ := backend(t, d, "http://b:1#y")
			expectState(t, a, "http://a:1#x true")
			expectState(t, b, "http://a:1#x false")
			if err := register(t, b); !errors.Is(err, dispatch.ErrStandby) || !errors.Is(err, dispatch.ErrStopping) {
				t.Errorf("Register where nobody schedules = %v, want ErrStandby", err)
			}
			if all := b.Workers(); all != nil {
				t.Errorf("Workers() = %v, want nil", all)
			}
			pass(time.Minute) // the lease is renewed all the while
			expectState(t, b, "http://a:1#x false")
			if err := stopA(); err != nil {
				t.Errorf("Run = %v", err)
			}
			pass(time.Second) // the lease was released, and need not run out
			expectState(t, b, "http://b:1#y true")
			if err := register(t, b); err != nil {
				t.Errorf("Register with the new scheduler: %v", err)
			}
		})
	})

	t.Run("deposed_scheduler_stands_by", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := &leasedDisk{disk: newDisk()}
			a, _ := backend(t, d, "http://a:1#x")
			d.mu.Lock()
			d.holder, d.expires = "http://b:1#y", time.Now().Add(time.Hour)
			_, _ = d.disk.AcquireTerm(t.Context(), "") // never fails
			d.mu.Unlock()
			pass(operation.LeaseLength)
			expectState(t, a, "http://b:1#y false")
			if err := register(t, a); !errors.Is(err, dispatch.ErrStandby) {
				t.Errorf("Register with a deposed scheduler = %v, want ErrStandby", err)
			}
		})
	})

	t.Run("unreachable_store_ends_the_term_in_time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := &leasedDisk{disk: newDisk()}
			a, _ := backend(t, d, "http://a:1#x")
			d.setBroken(true)
			pass(operation.LeaseLength + time.Second)
			expectState(t, a, " false")
			d.setBroken(false)
			pass(time.Second)
			expectState(t, a, "http://a:1#x true")
			if err := register(t, a); err != nil {
				t.Errorf("Register after the store is back: %v", err)
			}
		})
	})
}
