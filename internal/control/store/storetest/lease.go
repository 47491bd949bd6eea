package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/store"
)

// testLease holds the lease to its promises towards its own holder, which are
// the same on every database.
func testLease(t *testing.T, s *store.Store) {
	term, err := s.AcquireTerm(t.Context(), "http://a:1#x")
	must(t, err)
	if y2024 := int64(1_704_067_200); term < y2024 { // of a clock, so that an older copy of the database cannot repeat it
		t.Errorf("the first term is %d, want a Unix second", term)
	}
	must(t, s.RenewTerm(t.Context(), term))
	lease, err := s.Scheduler(t.Context())
	must(t, err)
	if lease.Term != term || lease.Holder != "http://a:1#x" || lease.Left <= operation.LeaseLength/2 || lease.Left > operation.LeaseLength {
		t.Errorf("Scheduler() = %+v, want term %d, its holder and about %s left", lease, term, operation.LeaseLength)
	}
	again, err := s.AcquireTerm(t.Context(), "http://a:1#x")
	if must(t, err); again <= term {
		t.Errorf("AcquireTerm() by the holder itself = %d after %d, want more", again, term)
	}
	if err := s.RenewTerm(t.Context(), term); !errors.Is(err, operation.ErrDeposed) {
		t.Errorf("RenewTerm(an older term) = %v, want ErrDeposed", err)
	}
	must(t, s.ReleaseTerm(t.Context(), term)) // is not its own any more
	if lease, _ := s.Scheduler(t.Context()); lease.Left <= 0 {
		t.Error("ReleaseTerm(an older term) ended the lease of the newer one")
	}
	must(t, s.ReleaseTerm(t.Context(), again))
	if lease, _ := s.Scheduler(t.Context()); lease.Left > 0 {
		t.Errorf("%s of the lease are left after ReleaseTerm", lease.Left)
	}
}

// testBell expects a ring after a write, and none after stop.
func testBell(t *testing.T, s *store.Store) {
	term := acquire(t, s)
	bell, stop := s.Watch()
	for rung := true; rung; { // what the acquisition rang
		select {
		case <-bell:
		case <-time.After(100 * time.Millisecond):
			rung = false
		}
	}
	must(t, commit(t, s, term, operation.Created{Operation: New("op_a", operation.Training, Epoch)}))
	await(t, bell, "the bell after a write")
	stop()
}

func await(t testing.TB, bell <-chan struct{}, what string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	select {
	case <-bell:
	case <-ctx.Done():
		t.Fatalf("waited in vain for %s", what)
	}
}

// testTexts stores texts that a database might refuse.
func testTexts(t *testing.T, s *store.Store) {
	term := acquire(t, s)
	o := New("op_a", operation.Training, Epoch)
	must(t, commit(t, s, term, operation.Created{Operation: o}))
	for _, reason := range []string{"a\x00b", "\xff\xfe", "naïve 東京 🙂", "';--\\"} {
		must(t, commit(t, s, term, operation.CancelRequested{ID: o.ID, Reason: reason, At: Epoch}))
	}
	if got := get(t, s, o.ID).CancelReason; got != "';--\\" {
		t.Errorf("CancelReason = %q", got)
	}
}

// RunShared runs the suite of a database that several processes may open. Each
// call of open opens the same, new database.
func RunShared(t *testing.T, database func(t testing.TB) (open func(t testing.TB) *store.Store)) {
	t.Run("one_holder_at_a_time", func(t *testing.T) { testHolders(t, database(t)) })
	t.Run("migrated_by_several_at_once", func(t *testing.T) { testMigrations(t, database(t)) })
	t.Run("bell_of_another", func(t *testing.T) {
		open := database(t)
		a, b := open(t), open(t)
		bell, stop := b.Watch()
		defer stop()
		term := acquire(t, a)
		await(t, bell, "the bell of the other process")
		must(t, commit(t, a, term, operation.Created{Operation: New("op_a", operation.Training, Epoch)}))
		await(t, bell, "the bell of the other process")
		get(t, b, "op_a")
	})
}

func testHolders(t *testing.T, open func(testing.TB) *store.Store) {
	a, b := open(t), open(t)
	first, err := a.AcquireTerm(t.Context(), "http://a:1#x")
	must(t, err)
	if _, err := b.AcquireTerm(t.Context(), "http://b:1#y"); !errors.Is(err, operation.ErrHeld) {
		t.Fatalf("AcquireTerm() beside a lease = %v, want ErrHeld", err)
	}
	must(t, a.ReleaseTerm(t.Context(), first))
	second, err := b.AcquireTerm(t.Context(), "http://b:1#y")
	if must(t, err); second <= first {
		t.Errorf("second term is %d after %d, want more", second, first)
	}
	if _, err := a.AcquireTerm(t.Context(), "http://a:1#x"); !errors.Is(err, operation.ErrHeld) {
		t.Fatalf("AcquireTerm() by the former holder = %v, want ErrHeld", err)
	}
	// The lease that nobody renews runs out by itself.
	ctx, cancel := context.WithTimeout(t.Context(), 4*operation.LeaseLength)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		third, err := a.AcquireTerm(ctx, "http://a:1#x")
		if err == nil {
			if third <= second {
				t.Errorf("third term is %d after %d, want more", third, second)
			}
			return
		}
		if !errors.Is(err, operation.ErrHeld) {
			t.Fatal(err)
		}
		<-tick.C
	}
}

func testMigrations(t *testing.T, open func(testing.TB) *store.Store) {
	done := make(chan struct{})
	for range 3 {
		go func() {
			defer func() { done <- struct{}{} }()
			open(t)
		}()
	}
	for range 3 {
		<-done
	}
}
