package dispatch

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/operation"
)

const (
	// renewInterval is how often a scheduler renews its lease.
	renewInterval = operation.LeaseLength / 3
	// standbyInterval is how often a backend that stands by looks whether the
	// lease has run out.
	standbyInterval = 500 * time.Millisecond
	// leaseTimeout bounds a call about the lease, so that another can follow
	// before the lease has run out.
	leaseTimeout = operation.LeaseLength / 2
)

// A desk is where messages for one reign arrive.
type desk struct {
	inbox  mailbox[message]
	closed chan struct{} // when nobody will look at them any more
}

func newDesk() *desk { return &desk{inbox: newMailbox[message](), closed: make(chan struct{})} }

// Run schedules until ctx ends: it takes the scheduler's term, or waits for it
// where Options.Shared is set, and restores what was saved. It returns only when
// every goroutine it started has ended; a Controller runs once.
func (c *Controller) Run(ctx context.Context) error {
	defer c.appoint("")
	for {
		l, err := c.await(ctx)
		if err != nil {
			c.vacate()
			return err
		}
		began := wallClock()
		err = c.serve(ctx, c.sit(), l)
		c.vacate()
		if !c.o.Shared || ctx.Err() != nil {
			return err
		}
		c.o.Log.Warn("scheduler stands by", "term", l.term, "error", err)
		c.appoint("")
		// What ended a short reign, such as a full disk, may end the next.
		rest := time.NewTimer(standbyInterval - wallClock().Sub(began))
		select {
		case <-rest.C:
		case <-ctx.Done():
		}
		rest.Stop()
	}
}

// serve is one reign and the lease that goes with it.
func (c *Controller) serve(ctx context.Context, d *desk, l *lease) error {
	if !c.o.Shared {
		return c.reign(ctx, d, l)
	}
	held, end := context.WithCancel(ctx)
	var renewing sync.WaitGroup
	renewing.Go(func() { defer end(); l.renew(held) })
	err := c.reign(held, d, l)
	end()
	renewing.Wait()
	if err != nil {
		return err
	}
	aside, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseTimeout)
	defer cancel()
	if err := c.o.Store.ReleaseTerm(aside, l.term); err != nil { // then it runs out
		c.o.Log.Warn("lease not released", "term", l.term, "error", err)
	}
	return nil
}

// await returns when this backend has become the scheduler.
func (c *Controller) await(ctx context.Context) (*lease, error) {
	tick := time.NewTicker(standbyInterval)
	defer tick.Stop()
	for {
		l, err := c.acquire(ctx)
		switch {
		case err == nil:
			return l, nil
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case !c.o.Shared:
			return nil, fmt.Errorf("become the scheduler: %w", err)
		case errors.Is(err, operation.ErrHeld):
			c.vacate()
		default:
			c.vacate()
			c.appoint("")
			c.o.Log.Warn("scheduler's lease not readable", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// acquire takes the term, or learns who has it.
func (c *Controller) acquire(ctx context.Context) (*lease, error) {
	ctx, cancel := context.WithTimeout(ctx, leaseTimeout)
	defer cancel()
	l := &lease{store: c.o.Store, shared: c.o.Shared, until: wallClock().Add(operation.LeaseLength)}
	var err error
	l.term, err = c.o.Store.AcquireTerm(ctx, c.o.Holder)
	if !errors.Is(err, operation.ErrHeld) {
		return l, err
	}
	held, readErr := c.o.Store.Scheduler(ctx)
	if readErr != nil {
		return l, readErr
	}
	c.appoint(held.Holder)
	return l, err
}

// A lease is a term as its holder sees it. It counts from before each renewal,
// on a clock that nobody sets, so that it ends here before it ends in the store.
type lease struct {
	store  Store
	term   int64
	shared bool

	mu    sync.Mutex // guards until and err
	until time.Time
	err   error // why it was lost
}

// renew renews the lease until ctx ends or the lease is lost.
func (l *lease) renew(ctx context.Context) {
	tick := time.NewTicker(renewInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := l.again(ctx); err != nil {
			return
		}
	}
}

// again renews the lease once. It fails when the lease is lost: taken by
// another backend, or run out because the store cannot be reached.
func (l *lease) again(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, leaseTimeout)
	defer cancel()
	began := wallClock()
	err := l.store.RenewTerm(limited, l.term)
	if ctx.Err() != nil {
		return nil // the reign is over
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err == nil:
		l.until = began.Add(operation.LeaseLength)
	case errors.Is(err, operation.ErrDeposed) || wallClock().After(l.until):
		l.err = fmt.Errorf("keep the scheduler's lease: %w", err)
	}
	return l.err
}

// hold fails unless the scheduler may act now. After a pause that was longer
// than the lease it asks the store first.
func (l *lease) hold(ctx context.Context) error {
	if !l.shared {
		return nil // the lock on the store's files is the lease
	}
	l.mu.Lock()
	lapsed := wallClock().After(l.until)
	l.mu.Unlock()
	if !lapsed {
		return l.lost()
	}
	return l.again(ctx)
}

// lost returns why the lease was lost, nil if it was not.
func (l *lease) lost() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// Scheduler returns who schedules, "" where nobody is known to; here says that
// this backend does. The channel is closed when that changes.
func (c *Controller) Scheduler() (holder string, here bool, changed <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.holder, c.holder != "" && c.holder == c.o.Holder, c.changed
}

// appoint notes who schedules.
func (c *Controller) appoint(holder string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if holder == c.holder {
		return
	}
	if holder != c.o.Holder && holder != "" {
		c.o.Log.Info("another backend schedules", "holder", holder)
	}
	c.holder = holder
	close(c.changed)
	c.changed = make(chan struct{})
	select {
	case <-c.ready:
	default:
		close(c.ready)
	}
}

// current returns the desk that messages go to.
func (c *Controller) current() *desk {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.desk
}

// sit returns an open desk: the first one, where messages may wait already, or a
// new one.
func (c *Controller) sit() *desk {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.desk.closed:
		c.desk = newDesk()
	default:
	}
	return c.desk
}

// vacate closes the desk and refuses what lies on it.
func (c *Controller) vacate() {
	d := c.current()
	select {
	case <-d.closed:
		return
	default:
	}
	d.inbox.close()
	messages, _ := d.inbox.take()
	c.reject(messages)
	close(d.closed)
}

// away is why messages are refused.
func (c *Controller) away() error {
	if c.o.Shared {
		return ErrStandby
	}
	return ErrStopping
}
