package operation_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/control/operation"
)

var at = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func pending(id string) operation.Operation {
	return operation.Operation{ID: id, Type: operation.Training, Status: operation.Pending, CreatedAt: at, Spec: json.RawMessage(`{}`)}.WithDefaults()
}

func token(attempt int) operation.Token {
	return operation.Token{OperationID: "op_1", Attempt: attempt, Term: 7}
}

// apply applies changes that must be legal.
func apply(t *testing.T, o operation.Operation, changes ...operation.Change) operation.Operation {
	t.Helper()
	for _, c := range changes {
		next, err := o.Apply(c)
		if err != nil {
			t.Fatal(err)
		}
		o = next
	}
	return o
}

func ExampleNewID() {
	now := time.Date(2025, 11, 13, 12, 34, 56, 0, time.UTC)
	fmt.Println(operation.NewID(operation.Training, now, [4]byte{0xab, 0xc1, 0x23, 0xef}))
	// Output: op_training_20251113_123456_abc123ef
}

func ExampleOperation_Apply() {
	o := operation.Operation{ID: "op_1", Type: operation.Training, Status: operation.Pending}
	first := operation.Token{OperationID: "op_1", Attempt: 1, Term: 1}
	o, _ = o.Apply(operation.Opened{Token: first, WorkerID: "w1"})
	o, _ = o.Apply(operation.Started{Token: first})
	fmt.Println(o.Status, "on", o.WorkerID)
	o, _ = o.Apply(operation.Ended{Token: first, Outcome: operation.Lost, Reason: "worker died"})
	fmt.Println(o.Status)
	_, err := o.Apply(operation.Started{Token: first})
	fmt.Println(errors.Is(err, operation.ErrConflict))
	// Output:
	// running on w1
	// resuming
	// true
}

func TestApply(t *testing.T) {
	waiting := pending("op_1")
	opened := apply(t, waiting, operation.Opened{Token: token(1), WorkerID: "w", Incarnation: "i", At: at})
	running := apply(t, opened, operation.Started{Token: token(1), At: at})
	refused := apply(t, opened, operation.Ended{Token: token(1), Outcome: operation.Refused, At: at})
	lost := apply(t, running, operation.Ended{Token: token(1), Outcome: operation.Lost, At: at})
	second := apply(t, lost, operation.Opened{Token: token(2), WorkerID: "w", At: at})
	stopping := apply(t, running, operation.CancelRequested{ID: "op_1", Reason: "enough", At: at})
	done := apply(t, running, operation.Finished{Token: token(1), State: operation.Completed, At: at})
	other := operation.Token{OperationID: "op_1", Attempt: 1, Term: 6}

	for name, test := range map[string]struct {
		from   operation.Operation
		change operation.Change
		want   operation.Status // "" if the change is not legal
	}{
		"create":                        {operation.Operation{}, operation.Created{Operation: waiting}, operation.Pending},
		"create_again":                  {waiting, operation.Created{Operation: waiting}, ""},
		"change_nothing":                {operation.Operation{}, operation.Closed{ID: "", State: operation.Failed}, ""},
		"another_operation":             {waiting, operation.Closed{ID: "op_2", State: operation.Failed}, ""},
		"open":                          {waiting, operation.Opened{Token: token(1)}, operation.Pending},
		"open_skips_a_number":           {waiting, operation.Opened{Token: token(2)}, ""},
		"open_twice":                    {opened, operation.Opened{Token: token(2)}, ""},
		"open_after_refusal":            {refused, operation.Opened{Token: token(2)}, operation.Pending},
		"open_after_loss":               {lost, operation.Opened{Token: token(2)}, operation.Resuming},
		"start":                         {opened, operation.Started{Token: token(1), At: at}, operation.Running},
		"start_by_another_term":         {opened, operation.Started{Token: other, At: at}, ""},
		"start_twice":                   {running, operation.Started{Token: token(1), At: at}, ""},
		"start_unopened":                {waiting, operation.Started{Token: token(1), At: at}, ""},
		"progress":                      {running, operation.Progressed{Token: token(1)}, operation.Running},
		"progress_before_start":         {opened, operation.Progressed{Token: token(1)}, ""},
		"progress_of_older_attempt":     {second, operation.Progressed{Token: token(1)}, ""},
		"lose_before_start":             {opened, operation.Ended{Token: token(1), Outcome: operation.Lost}, operation.Pending},
		"lose":                          {running, operation.Ended{Token: token(1), Outcome: operation.Lost}, operation.Resuming},
		"lose_older_attempt":            {second, operation.Ended{Token: token(1), Outcome: operation.Lost}, ""},
		"end_somehow":                   {running, operation.Ended{Token: token(1), Outcome: "somehow"}, ""},
		"find_again":                    {lost, operation.Reopened{Token: token(1), At: at}, operation.Running},
		"find_refused_again":            {refused, operation.Reopened{Token: token(1), At: at}, ""},
		"find_older_again":              {second, operation.Reopened{Token: token(1), At: at}, ""},
		"keep_late_result":              {second, operation.Kept{Report: operation.Report{Token: token(1)}}, operation.Resuming},
		"keep_newest_result":            {lost, operation.Kept{Report: operation.Report{Token: token(1)}}, ""},
		"request_cancel":                {running, operation.CancelRequested{ID: "op_1"}, operation.Running},
		"complete":                      {running, operation.Finished{Token: token(1), State: operation.Completed}, operation.Completed},
		"complete_unstarted":            {opened, operation.Finished{Token: token(1), State: operation.Completed}, operation.Completed},
		"complete_after_loss":           {lost, operation.Finished{Token: token(1), State: operation.Completed}, operation.Completed},
		"complete_with_older":           {second, operation.Finished{Token: token(1), State: operation.Completed}, ""},
		"complete_with_none":            {waiting, operation.Finished{Token: token(0), State: operation.Completed}, ""},
		"complete_with_future":          {running, operation.Finished{Token: token(2), State: operation.Completed}, ""},
		"finish_running":                {running, operation.Finished{Token: token(1), State: operation.Running}, ""},
		"cancel_acknowledged":           {stopping, operation.Finished{Token: token(1), State: operation.Cancelled}, operation.Cancelled},
		"open_while_cancel_is_wanted":   {apply(t, stopping, operation.Ended{Token: token(1), Outcome: operation.Lost}), operation.Opened{Token: token(2)}, ""},
		"close_waiting":                 {waiting, operation.Closed{ID: "op_1", State: operation.Cancelled}, operation.Cancelled},
		"close_open":                    {running, operation.Closed{ID: "op_1", State: operation.Cancelled}, ""},
		"close_as_completed":            {waiting, operation.Closed{ID: "op_1", State: operation.Completed}, ""},
		"terminal_never_changes":        {done, operation.CancelRequested{ID: "op_1"}, ""},
		"terminal_is_not_failed_either": {done, operation.Finished{Token: token(1), State: operation.Failed}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := test.from.Apply(test.change)
			switch {
			case test.want == "" && !errors.Is(err, operation.ErrConflict):
				t.Errorf("Apply(%+v) = %v, want ErrConflict", test.change, err)
			case test.want == "" && cmp.Diff(test.from, got) != "":
				t.Errorf("a refused change has changed something:\n%s", cmp.Diff(test.from, got))
			case test.want != "" && (err != nil || got.Status != test.want):
				t.Errorf("Apply(%+v) = %s, %v, want %s", test.change, got.Status, err, test.want)
			}
		})
	}
}

func TestFinishCandidate(t *testing.T) {
	o := apply(t, pending("op_1"),
		operation.Opened{Token: token(1)}, operation.Ended{Token: token(1), Outcome: operation.Lost},
		operation.Opened{Token: token(2)}, operation.Ended{Token: token(2), Outcome: operation.Lost},
		operation.Finished{Token: token(1), State: operation.Completed, Result: json.RawMessage(`1`)})
	if o.Status != operation.Completed || string(o.Result) != "1" || o.Attempt != 2 || o.Lost != 2 {
		t.Errorf("finished by a candidate: %+v", o)
	}
}

func TestAdvance(t *testing.T) {
	seven, minus := int64(7), int64(-1)
	long := strings.Repeat("x", 600)
	p := operation.Progress{Percentage: 30}
	for name, test := range map[string]struct {
		next    operation.Progress
		want    float64
		wantErr string
	}{
		"forward":             {operation.Progress{Percentage: 31, ItemsTotal: &seven}, 31, ""},
		"same":                {operation.Progress{Percentage: 30}, 30, ""},
		"full":                {operation.Progress{Percentage: 100}, 100, ""},
		"rounding_above":      {operation.Progress{Percentage: 100.0000001}, 100, ""},
		"rounding_back":       {operation.Progress{Percentage: 29.9999999}, 30, ""},
		"backwards":           {operation.Progress{Percentage: 29}, 30, "goes back from 30 to 29"},
		"two_hundred":         {operation.Progress{Percentage: 200}, 30, "percentage is 200"},
		"negative":            {operation.Progress{Percentage: -5}, 30, "percentage is -5"},
		"not_a_number":        {operation.Progress{Percentage: math.NaN()}, 30, "NaN"},
		"infinite":            {operation.Progress{Percentage: math.Inf(1)}, 30, "+Inf"},
		"negative_steps":      {operation.Progress{Percentage: 40, StepsCompleted: -1}, 30, "negative"},
		"negative_total":      {operation.Progress{Percentage: 40, ItemsTotal: &minus}, 30, "items_total"},
		"long_text":           {operation.Progress{Percentage: 40, CurrentStep: long}, 30, "600 bytes"},
		"long_item":           {operation.Progress{Percentage: 40, CurrentItem: &long}, 30, "600 bytes"},
		"not_utf8":            {operation.Progress{Percentage: 40, Phase: "\xff"}, 30, "UTF-8"},
		"context_as_database": {operation.Progress{Percentage: 40, Context: crowd(65)}, 30, "65 entries"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := p.Advance(test.next)
			if got.Percentage != test.want {
				t.Errorf("Advance(%+v) = %v, want %v", test.next, got.Percentage, test.want)
			}
			if _, lie := errors.AsType[*operation.ProgressError](err); lie != (test.wantErr != "") || lie && !strings.Contains(err.Error(), test.wantErr) {
				t.Errorf("Advance(%+v) error = %v, want it to contain %q", test.next, err, test.wantErr)
			}
		})
	}
}

func crowd(n int) map[string]any {
	m := map[string]any{}
	for i := range n {
		m[fmt.Sprint(i)] = i
	}
	return m
}

// TestAdvanceNeverGoesBack feeds anything at all and expects a percentage that
// stays within bounds and rises.
func TestAdvanceNeverGoesBack(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		p := operation.Progress{}
		for _, x := range rapid.SliceOf(rapid.Float64()).Draw(r, "percentages") {
			next, _ := p.Advance(operation.Progress{Percentage: x})
			if !(next.Percentage >= p.Percentage && next.Percentage <= 100) {
				r.Fatalf("Advance(%v) after %v = %v", x, p.Percentage, next.Percentage)
			}
			p = next
		}
	})
}

func TestTokenCompare(t *testing.T) {
	order := []operation.Token{{Attempt: 1, Term: 1}, {Attempt: 1, Term: 2}, {Attempt: 2, Term: 1}}
	for i, a := range order {
		for j, b := range order {
			if got, want := a.Compare(b), min(1, max(-1, i-j)); got != want {
				t.Errorf("%v.Compare(%v) = %d, want %d", a, b, got, want)
			}
		}
	}
}

func TestParse(t *testing.T) {
	for _, s := range operation.Statuses() {
		if got, err := operation.ParseStatus(strings.ToUpper(string(s))); err != nil || got != s {
			t.Errorf("ParseStatus(%q) = %q, %v", strings.ToUpper(string(s)), got, err)
		}
	}
	for _, k := range operation.Types() {
		if got, err := operation.ParseType(string(k)); err != nil || got != k {
			t.Errorf("ParseType(%q) = %q, %v", k, got, err)
		}
	}
	if _, err := operation.ParseStatus("runing"); err == nil || !strings.Contains(err.Error(), "did you mean running?") {
		t.Errorf("ParseStatus(runing) = %v, want a hint", err)
	}
	if _, err := operation.ParseType(""); err == nil {
		t.Error("ParseType of nothing succeeded")
	}
}
