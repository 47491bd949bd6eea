package dispatch_test

import (
	"context"
	"errors"
	"fmt"
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

// backend starts a controller on a shared store; stop returns what Run returned.
func backend(t *testing.T, s dispatch.Store, holder string) (c *dispatch.Controller, stop func() error) {
	c = dispatch.New(dispatch.Options{Store: s, Transport: newWires(), Holder: holder, Shared: true})
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

func TestTerm(t *testing.T) {
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
