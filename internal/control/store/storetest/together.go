package storetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/store"
)

// testTogether holds transactions that are committed at once to the same ones
// committed one after the other: what each is answered, what is stored, and the
// events that tell of it.
func testTogether(t *testing.T, s *store.Store) {
	term := acquire(t, s)
	rounds := 0
	rapid.Check(t, func(r *rapid.T) {
		rounds++
		plan := rapid.SliceOfN(rapid.Custom(anyCreation), 0, 90).Draw(r, "plan")
		var told [2]string
		for i, prefix := range []string{fmt.Sprintf("a%d_", rounds), fmt.Sprintf("b%d_", rounds)} {
			before, err := s.LastEvent(t.Context())
			must(t, err)
			var batch []operation.Transaction
			for _, build := range plan {
				batch = append(batch, build(prefix))
			}
			var errs []error
			if i == 0 {
				errs = s.Commit(t.Context(), term, batch)
			}
			for _, tx := range batch[len(errs):] {
				errs = append(errs, s.Commit(t.Context(), term, []operation.Transaction{tx})...)
			}
			told[i] = strings.ReplaceAll(account(t, s, batch, errs, before), prefix, "")
		}
		if told[0] != told[1] {
			r.Fatalf("transactions at once differ from one after the other:\n%s", cmp.Diff(told[1], told[0]))
		}
	})
	deposed := s.Commit(t.Context(), term-1, []operation.Transaction{{operation.Created{Operation: New("op_late_1", operation.Training, Epoch)}}, {operation.Created{Operation: New("op_late_2", operation.Training, Epoch)}}})
	for _, err := range deposed {
		if !errors.Is(err, operation.ErrDeposed) {
			t.Errorf("creations of an old term = %v, want ErrDeposed", err)
		}
	}
}

// anyCreation draws a transaction for a prefix of ids and submitters. Most create
// an operation, whose id or key another one of the plan may have.
func anyCreation(r *rapid.T) func(prefix string) operation.Transaction {
	const ids = 200
	id, key := rapid.IntRange(1, ids).Draw(r, "id"), rapid.IntRange(1, ids).Draw(r, "key")
	artifacts := rapid.IntRange(0, 3).Draw(r, "artifacts")
	closes, two := rapid.IntRange(1, 12).Draw(r, "closes") == 1, rapid.IntRange(1, 12).Draw(r, "two") == 1
	return func(prefix string) operation.Transaction {
		name := fmt.Sprintf("%sop_%d", prefix, id)
		if closes {
			return operation.Transaction{operation.Closed{ID: name, State: operation.Cancelled, Error: "not needed", At: Epoch}}
		}
		o := New(name, operation.Training, Epoch.Add(time.Duration(id)*time.Second))
		o.Submitter = prefix + "somebody"
		if key%3 == 0 {
			o.IdempotencyKey, o.Fingerprint = fmt.Sprint(key), "print"
		}
		o.Artifacts = nil
		for i := range artifacts {
			o.Artifacts = append(o.Artifacts, operation.Artifact{SHA256: strings.Repeat(fmt.Sprintf("%02x", i/2), 32), Role: "bars", Bytes: int64(i)})
		}
		tx := operation.Transaction{operation.Created{Operation: o}}
		if two {
			tx = append(tx, operation.Closed{ID: name, State: operation.Cancelled, Error: "at once", At: Epoch})
		}
		return tx
	}
}

// account is all that can be seen of transactions and their errors.
func account(t testing.TB, s *store.Store, batch []operation.Transaction, errs []error, before int64) string {
	var b strings.Builder
	for i, tx := range batch {
		fmt.Fprintf(&b, "%T %s: %v\n", tx[0], tx[0].Subject(), errs[i])
		if o, err := s.Operation(t.Context(), tx[0].Subject()); err == nil {
			fmt.Fprintf(&b, "  %s %s %q %s %v\n", o.Status, o.CreatedAt, o.IdempotencyKey, o.Spec, o.Artifacts)
		}
	}
	events, err := s.Events(t.Context(), operation.EventFilter{After: before, Limit: 1000})
	must(t, err)
	for _, e := range events {
		fmt.Fprintf(&b, "event %d %s %s %s %s\n", e.Number-before, e.OperationID, e.Kind, e.Status, e.At)
	}
	return b.String()
}
