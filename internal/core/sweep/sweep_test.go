package sweep_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/grammar"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/core/sweep"
	"github.com/ktrdr/ktrdr/strategies"
)

func ExampleParseSpace() {
	space, err := sweep.ParseSpace("space.yaml", []byte(`
axes:
  decisions.confidence_threshold: {from: 0.5, to: 0.7, step: 0.1}
  decisions.exits: [null, {stop_loss: 0.01, take_profit: 0.02}]
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(space.Len(), "trials")
	fmt.Println(space.Trial(3))
	// Output:
	// 6 trials
	// {3 [{decisions.confidence_threshold 0.6} {decisions.exits {stop_loss: 0.01, take_profit: 0.02}}]}
}

func TestParseSpaceReportsEverything(t *testing.T) {
	_, err := sweep.ParseSpace("s.yaml", []byte(`axes:
  decisions.confidence_threshold: [0.5, 0.5]
  decisions.exits: []
  decisions.exits.stop_loss: {from: 0.1, to: 0.2, stop: 0.1}
  decisions.output_format: [regression]
  indicators.rsi_14.period: [14, 21]
  stop: 3
sample: -1
seeds: 4
`))
	if err == nil {
		t.Fatal("accepted")
	}
	want := `s.yaml:9:1: seeds: unknown key (did you mean seed?): want axes, sample, seed
s.yaml:2:35: decisions.confidence_threshold: 0.5 is there twice: remove one
s.yaml:3:20: decisions.exits: want a list of 1 to 10000 values, or {from: 0.5, to: 0.9, step: 0.05}
s.yaml:4:3: decisions.exits.stop_loss: it is part of decisions.exits, or the other way round, so that one undoes the other: remove one
s.yaml:4:51: stop: unknown key (did you mean step?): want from, to, step
s.yaml:4:30: decisions.exits.stop_loss.step: want a decimal number such as 0.05
s.yaml:4:30: decisions.exits.stop_loss: want a list of 1 to 10000 values, or {from: 0.5, to: 0.9, step: 0.05}
s.yaml:5:3: decisions.output_format: the model was trained for one output_format, which all trials share: remove it
s.yaml:6:3: indicators.rsi_14.period: all trials share one model and what it reads: want a path under decisions
s.yaml:7:3: stop: not a path: want keys with dots between them, for example decisions.exits.stop_loss
s.yaml:7:9: stop: want a list of 1 to 10000 values, or {from: 0.5, to: 0.9, step: 0.05}
s.yaml:8:9: sample: want a number of trials from 0 to 1000000; 0 is the whole grid`
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestParseSpaceRefuses(t *testing.T) {
	long := strings.Repeat("1, ", 9999) + "2"
	for name, text := range map[string]string{
		"empty":             "",
		"two_documents":     "axes: {decisions.a: [1]}\n---\naxes: {}",
		"list":              "- axes",
		"anchor":            "axes: {decisions.a: &x [1], decisions.b: *x}",
		"tag":               "axes: {decisions.a: [!!str 1]}",
		"key_twice":         "axes: {decisions.a: [1], decisions.a: [2]}",
		"no_axes":           "sample: 3",
		"axes_list":         "axes: [decisions.a]",
		"sample_too_large":  "axes: {decisions.a: [1, 2]}\nsample: 3",
		"too_many_trials":   "axes: {decisions.a: {from: 1, to: 9000, step: 1}, decisions.b: {from: 1, to: 9000, step: 1}}",
		"step_of_nothing":   "axes: {decisions.a: {from: 1, to: 9, step: 0}}",
		"steps_without_end": "axes: {decisions.a: {from: 1, to: 900000, step: 1}}",
		"same_values":       "axes: {decisions.a: [" + long + "]}",
		"not_yaml":          "axes: [",
		"seed_negative":     "axes: {decisions.a: [1]}\nseed: -1",
	} {
		if s, err := sweep.ParseSpace("s.yaml", []byte(text)); err == nil {
			t.Errorf("%s: accepted as %+v", name, s)
		}
	}
}

func TestStepsAreExactDecimals(t *testing.T) {
	s, err := sweep.ParseSpace("s.yaml", []byte("axes: {decisions.a: {from: -0.1, to: 0.30, step: 0.1}}"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"-0.1", "0", "0.1", "0.2", "0.3"}, s.Axes[0].Values); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
}

func drawSpace(t *rapid.T) sweep.Space {
	s := sweep.Space{Seed: rapid.Uint64().Draw(t, "seed")}
	points := 1
	for k := range rapid.IntRange(1, 4).Draw(t, "axes") {
		a := sweep.Axis{Path: fmt.Sprintf("decisions.a%d", k)}
		for v := range rapid.IntRange(1, 9).Draw(t, "values") {
			a.Values = append(a.Values, fmt.Sprint(v))
		}
		points *= len(a.Values)
		s.Axes = append(s.Axes, a)
	}
	if rapid.Bool().Draw(t, "sampled") {
		s.Sample = rapid.IntRange(1, points).Draw(t, "sample")
	}
	return s
}

func TestTrialsAreDistinct(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSpace(t)
		seen := map[string]int{}
		for i := range s.Len() {
			trial := s.Trial(i)
			if trial.Index != i || len(trial.Settings) != len(s.Axes) {
				t.Fatalf("trial %d is %+v", i, trial)
			}
			key := fmt.Sprint(trial.Settings)
			if before, again := seen[key]; again {
				t.Fatalf("trials %d and %d are the same: %s", before, i, key)
			}
			seen[key] = i
		}
	})
}

// TestSampleDependsOnTheSeed also holds the choice of points fixed: a space that is
// stored must mean the same trials forever. The numbers are our own, not anybody
// else's.
func TestSampleDependsOnTheSeed(t *testing.T) {
	s := sweep.Space{Axes: []sweep.Axis{{Path: "decisions.a", Values: strings.Split(strings.Repeat("x", 100), "")}}, Sample: 4, Seed: 1}
	for i := range s.Axes[0].Values {
		s.Axes[0].Values[i] = fmt.Sprint(i)
	}
	points := func() (values []string) {
		for i := range s.Len() {
			values = append(values, s.Trial(i).Settings[0].Value)
		}
		return values
	}
	first := points()
	if want := []string{"62", "95", "60", "1"}; !slices.Equal(first, want) {
		t.Errorf("seed 1 gives %q, want %q", first, want)
	}
	if s.Seed = 2; slices.Equal(points(), first) {
		t.Error("another seed gives the same sample")
	}
}

func TestApply(t *testing.T) {
	source, err := strategies.Files.ReadFile("sample_momentum.yaml")
	if err != nil {
		t.Fatal(err)
	}
	before, err := grammar.Parse("s.yaml", source)
	if err != nil {
		t.Fatal(err)
	}
	changed, err := sweep.Apply(source, sweep.Trial{Settings: []sweep.Setting{
		{"decisions.confidence_threshold", "0.61"},
		{"decisions.exits", "{stop_loss: 0.02, take_profit: 0.03}"},
		{"decisions.filters.min_signal_separation", "null"},
		{"decisions.costs.commission_per_unit", "0.004"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	after, err := grammar.Parse("s.yaml", changed)
	if err != nil {
		t.Fatal(err)
	}
	want := *before
	want.Decisions.ConfidenceThreshold, want.Decisions.MinSignalSeparation = 0.61, 4
	want.Decisions.Exits = strategy.Exits{StopLoss: 0.02, TakeProfit: 0.03}
	want.Decisions.Costs.CommissionPerUnit = 0.004
	if after.Hash() != want.Hash() {
		t.Errorf("Apply gives\n%s\nwhich means %+v, want %+v", changed, after.Decisions, want.Decisions)
	}
	if !strings.Contains(string(changed), "#") {
		t.Error("the comments are gone")
	}
}

// TestApplyChangesOnePlace keeps what an alias shares where it stands elsewhere.
func TestApplyChangesOnePlace(t *testing.T) {
	got, err := sweep.Apply([]byte("a: &x {p: 1, q: 2}\nb: *x\n"), sweep.Trial{Settings: []sweep.Setting{{"a.p", "3"}, {"b.q", "null"}}})
	if err != nil {
		t.Fatal(err)
	}
	if want := "a: {p: 3, q: 2}\nb: {p: 1}\n"; string(got) != want {
		t.Errorf("Apply gives %q, want %q", got, want)
	}
	if _, err := sweep.Apply([]byte("a: 3"), sweep.Trial{Settings: []sweep.Setting{{"a.p", "3"}}}); err == nil {
		t.Error("a number was taken for a mapping")
	}
}

func FuzzParseSpace(f *testing.F) {
	f.Add([]byte("axes:\n  decisions.exits: [null, {stop_loss: 0.01}]\n  decisions.a: {from: 1, to: 2, step: 0.5}\nsample: 2\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		s, err := sweep.ParseSpace("s.yaml", src)
		if err != nil {
			return
		}
		if s.Len() < 1 || s.Len() > sweep.MaxTrials {
			t.Fatalf("%d trials", s.Len())
		}
		for _, setting := range s.Trial(s.Len() - 1).Settings {
			if _, err := sweep.Apply([]byte("decisions: {}"), sweep.Trial{Settings: []sweep.Setting{setting}}); err != nil && !strings.Contains(err.Error(), "not a mapping") {
				t.Fatalf("%+v is not applied: %v", setting, err)
			}
		}
	})
}
