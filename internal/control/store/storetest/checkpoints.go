package storetest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/store"
)

// testCheckpoints: the last two are kept, they survive a restart, are released
// on request once the operation has ended, and go with its completion.
func testCheckpoints(t *testing.T, s *store.Store, reopen func(testing.TB, *store.Store) *store.Store) {
	term := acquire(t, s)
	begin := func(id string) operation.Token {
		token := operation.Token{OperationID: id, Attempt: 1, Term: term}
		must(t, commit(t, s, term, operation.Created{Operation: New(id, operation.Training, Epoch)},
			operation.Opened{Token: token, WorkerID: "w", Incarnation: "i", At: Epoch}, operation.Started{Token: token, At: Epoch}))
		return token
	}
	save := func(token operation.Token, position int64) operation.Checkpoint {
		c := operation.Checkpoint{SHA256: strings.Repeat("0b", 32), Bytes: 9, Kind: operation.CheckpointPeriodic, Position: position, Unit: "epoch",
			Attempt: token.Attempt, CreatedAt: Epoch.Add(time.Duration(position) * time.Second)}
		must(t, commit(t, s, term, operation.Checkpointed{Token: token, Checkpoint: c}))
		return c
	}
	a, b := begin("op_a"), begin("op_b")
	save(a, 1)
	want := []operation.Checkpoint{save(a, 3), save(a, 2)}
	want[0], want[1] = want[1], want[0] // what was stored last is the newest
	save(b, 9)
	s = reopen(t, s)
	if diff := cmp.Diff(want, get(t, s, "op_a").Checkpoints); diff != "" {
		t.Errorf("Operation().Checkpoints differ (-want +got):\n%s", diff)
	}
	unfinished, err := s.Unfinished(t.Context())
	if must(t, err); cmp.Diff(want, unfinished[0].Operation.Checkpoints) != "" {
		t.Errorf("Unfinished() has the checkpoints %+v", unfinished[0].Operation.Checkpoints)
	}
	if _, err := s.DeleteCheckpoints(t.Context(), "op_a"); !errors.Is(err, operation.ErrConflict) {
		t.Errorf("DeleteCheckpoints of a running operation = %v, want ErrConflict", err)
	}
	all, err := s.Checkpoints(t.Context(), store.CheckpointFilter{})
	if must(t, err); len(all) != 3 || all[0].OperationID != "op_b" || all[0].Position != 9 || all[2].Position != 2 || all[0].Status != operation.Running {
		t.Errorf("Checkpoints() = %+v", all)
	}
	old, err := s.Checkpoints(t.Context(), store.CheckpointFilter{Before: Epoch.Add(3 * time.Second), OperationID: "op_a"})
	if must(t, err); len(old) != 1 || old[0].Position != 2 {
		t.Errorf("Checkpoints(before 3 s) = %+v", old)
	}
	must(t, commit(t, s, term, operation.Finished{Token: a, State: operation.Failed, Error: "bad luck", At: Epoch}))
	if n, err := s.DeleteCheckpoints(t.Context(), "op_a"); n != 2 || err != nil {
		t.Errorf("DeleteCheckpoints of a failed operation = %d, %v, want 2", n, err)
	}
	if _, err := s.DeleteCheckpoints(t.Context(), "op_a"); !errors.Is(err, operation.ErrNotFound) {
		t.Errorf("second DeleteCheckpoints = %v, want ErrNotFound", err)
	}
	if err := commit(t, s, term, operation.Resumed{ID: "op_a", At: Epoch}); !errors.Is(err, operation.ErrConflict) {
		t.Errorf("Resumed without checkpoints = %v, want ErrConflict", err)
	}
	must(t, commit(t, s, term, operation.Finished{Token: b, State: operation.Completed, At: Epoch}))
	if got := get(t, s, "op_b").Checkpoints; got != nil {
		t.Errorf("after completion there are the checkpoints %+v", got)
	}
}

// testKeys: a submitter's key belongs to one operation; no key belongs to none.
func testKeys(t *testing.T, s *store.Store) {
	term := acquire(t, s)
	keyed := func(id, submitter, key string) operation.Operation {
		o := New(id, operation.Training, Epoch)
		o.Submitter, o.IdempotencyKey, o.Fingerprint = submitter, key, "f-"+id
		return o
	}
	for _, o := range []operation.Operation{keyed("op_1", "ann", "k"), keyed("op_2", "bob", "k"), keyed("op_3", "", "k"), keyed("op_4", "ann", ""), keyed("op_5", "ann", "")} {
		must(t, commit(t, s, term, operation.Created{Operation: o}))
		same(t, s, o)
	}
	errs := s.Commit(t.Context(), term, []operation.Transaction{
		{operation.Created{Operation: keyed("op_6", "ann", "k")}},
		{operation.Created{Operation: keyed("op_1", "ann", "k")}},
		{operation.Created{Operation: keyed("op_1", "ann", "other")}},
		{operation.Created{Operation: keyed("op_7", "ann", "other")}},
	})
	for i, want := range []error{operation.ErrKeyTaken, operation.ErrKeyTaken, operation.ErrDuplicate, nil} {
		if !errors.Is(errs[i], want) {
			t.Errorf("commit %d = %v, want %v", i, errs[i], want)
		}
	}
	if o, err := s.ByKey(t.Context(), "bob", "k"); err != nil || o.ID != "op_2" || o.Fingerprint != "f-op_2" {
		t.Errorf("ByKey(bob, k) = %s, %v, want op_2", o.ID, err)
	}
	if _, err := s.ByKey(t.Context(), "bob", ""); !errors.Is(err, operation.ErrNotFound) {
		t.Errorf("ByKey without a key = %v, want ErrNotFound", err)
	}
}
