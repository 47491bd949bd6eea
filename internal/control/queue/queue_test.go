package queue_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/control/queue"
)

func ever(string) bool { return true }

// drain takes everything that may be taken and returns the ids.
func drain(q *queue.Queue, may func(string) bool) []string {
	var ids []string
	for e, ok := q.Next(may); ok; e, ok = q.Next(may) {
		q.Take(e)
		ids = append(ids, e.ID)
	}
	return ids
}

func TestQueue(t *testing.T) {
	entry := func(age uint64, submitter string, priority int, returns bool) queue.Entry {
		return queue.Entry{ID: fmt.Sprintf("%s%d", submitter, age), Submitter: submitter, Priority: priority, Age: age, Returns: returns}
	}
	for name, test := range map[string]struct {
		push []queue.Entry
		may  func(string) bool
		want string
	}{
		"in_order":             {[]queue.Entry{entry(2, "a", 0, false), entry(1, "a", 0, false)}, ever, "a1 a2"},
		"priority":             {[]queue.Entry{entry(1, "a", -1, false), entry(2, "a", 5, false), entry(3, "a", 0, false)}, ever, "a2 a3 a1"},
		"turns":                {[]queue.Entry{entry(1, "a", 0, false), entry(2, "a", 0, false), entry(3, "a", 0, false), entry(4, "b", 0, false)}, ever, "a1 b4 a2 a3"},
		"who_returns_is_first": {[]queue.Entry{entry(1, "a", 0, false), entry(9, "b", 0, true), entry(8, "c", 0, true)}, ever, "c8 b9 a1"},
		"but_not_of_all":       {[]queue.Entry{entry(1, "a", 1, false), entry(2, "b", 0, true)}, ever, "a1 b2"},
		"passed_over":          {[]queue.Entry{entry(1, "a", 1, true), entry(2, "a", 1, false), entry(3, "b", 0, false)}, func(s string) bool { return s != "a" }, "b3"},
	} {
		t.Run(name, func(t *testing.T) {
			q := &queue.Queue{}
			for _, e := range test.push {
				q.Push(e)
			}
			if got := strings.Join(drain(q, test.may), " "); got != test.want {
				t.Errorf("taken: %s, want %s", got, test.want)
			}
		})
	}
}

// TestQueue_nothing_saved_up: one that was held back by a limit goes on with one
// turn in its turn.
func TestQueue_nothing_saved_up(t *testing.T) {
	q := &queue.Queue{}
	for age := range uint64(12) {
		s := []string{"a", "b"}[age%2]
		q.Push(queue.Entry{ID: s, Submitter: s, Age: age})
	}
	for range 4 {
		e, _ := q.Next(func(s string) bool { return s == "b" })
		q.Take(e)
	}
	if got := strings.Join(drain(q, ever), ""); got != "aababaaa" {
		t.Errorf("after four turns of b alone: %s, want aababaaa", got)
	}
}

// TestQueue_positions: whatever came and went, the positions are the numbers from 1
// on, and the order in which entries are taken.
func TestQueue_positions(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		q, waiting := &queue.Queue{}, map[string]queue.Entry{}
		for age := range uint64(rapid.IntRange(1, 60).Draw(r, "steps")) {
			switch rapid.IntRange(0, 4).Draw(r, "step") {
			case 0:
				if e, ok := q.Next(ever); ok {
					q.Take(e)
					delete(waiting, e.ID)
				}
			case 1:
				if ids := slices.Sorted(maps.Keys(waiting)); len(ids) > 0 {
					id := rapid.SampledFrom(ids).Draw(r, "removed")
					q.Remove(waiting[id])
					q.Remove(waiting[id]) // which does nothing
					delete(waiting, id)
				}
			default:
				e := queue.Entry{ID: fmt.Sprint(age), Age: age, Submitter: rapid.SampledFrom([]string{"ann", "bob", "cid"}).Draw(r, "submitter"),
					Priority: rapid.IntRange(0, 1).Draw(r, "priority"), Returns: rapid.IntRange(0, 5).Draw(r, "returns") == 0}
				q.Push(e)
				waiting[e.ID] = e
			}
		}
		if q.Len() != len(waiting) {
			r.Fatalf("Len() = %d, want %d", q.Len(), len(waiting))
		}
		want := make([]string, len(waiting))
		for id, e := range waiting {
			p := q.Position(e)
			if p < 1 || p > len(want) || want[p-1] != "" {
				r.Fatalf("%s is at %d of %d", id, p, len(want))
			}
			want[p-1] = id
		}
		if got := drain(q, ever); !slices.Equal(got, want) {
			r.Fatalf("taken: %v, want %v", got, want)
		}
	})
}

// TestAccounts holds the accounts to counting anew.
func TestAccounts(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		a := queue.Accounts{Limits: queue.Limits{Queued: rapid.IntRange(0, 3).Draw(r, "queued"), Running: rapid.IntRange(0, 3).Draw(r, "running")}}
		all := make([]queue.Standing, 8) // four of each submitter
		name := func(i int) string { return []string{"", "ann"}[i%2] }
		for range rapid.IntRange(0, 40).Draw(r, "steps") {
			i := rapid.IntRange(0, len(all)-1).Draw(r, "which")
			to := queue.Standing(rapid.IntRange(0, 2).Draw(r, "to"))
			a.Move(name(i), all[i], to)
			all[i] = to
		}
		for who := range 2 {
			count := map[queue.Standing]int{}
			for i, s := range all {
				if i%2 == who {
					count[s]++
				}
			}
			if got, want := a.MayRun(name(who)), a.Limits.Running == 0 || count[queue.Runs] < a.Limits.Running; got != want {
				r.Fatalf("MayRun(%q) = %v with %v, want %v", name(who), got, count, want)
			}
			err := a.MayWait(name(who))
			if got, want := err == nil, a.Limits.Queued == 0 || count[queue.Waits] < a.Limits.Queued; got != want {
				r.Fatalf("MayWait(%q) = %v with %v, want %v", name(who), err, count, want)
			}
			if refused, ok := errors.AsType[*queue.LimitError](err); err != nil && (!ok || refused.Submitter != name(who) || refused.Limit != a.Limits.Queued) {
				r.Fatalf("MayWait(%q) = %v", name(who), err)
			}
		}
	})
}
