package ensemble_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ktrdr/ktrdr/internal/core/ensemble"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/golden"
)

// TestBad holds one file per mistake, with all that is said about it.
func TestBad(t *testing.T) {
	names, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(names) < 30 {
		t.Fatalf("%d files (%v)", len(names), err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".yaml"), func(t *testing.T) {
			golden.CheckComment(t, name, func(source string) string {
				_, err := ensemble.Parse(filepath.Base(name), []byte(source))
				if err == nil {
					t.Fatal("it is accepted")
				}
				return err.Error()
			})
		})
	}
}

func read(t *testing.T, name string) *ensemble.Ensemble {
	t.Helper()
	src, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	e, err := ensemble.Parse(filepath.Base(name), src)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestParse(t *testing.T) {
	e := read(t, "testdata/good/all_keys.yaml")
	want := ensemble.Composition{
		Type: ensemble.RegimeRoute, Gate: "regime", Threshold: 0.45, Hysteresis: 0.05, Stability: 5, Transition: ensemble.LetRun, ContextGate: "day",
		Modifiers: ensemble.Modifiers{AlignedDiscount: 0.1, CounterPremium: 0.25},
		Rules:     [ensemble.Regimes]ensemble.Rule{{Model: "trend"}, {Model: "trend"}, {Action: ensemble.ActHold}, {Action: ensemble.ActFlat}},
	}
	if diff := cmp.Diff(want, e.Composition); diff != "" {
		t.Errorf("composition (-want +have):\n%s", diff)
	}
	if e.Members[1] != (ensemble.Member{Name: "trend", Model: "sample_momentum_1h", Output: strategy.Classification}) {
		t.Errorf("members %+v", e.Members)
	}
	d := e.Decisions
	if !d.AllowShortFromFlat || d.MinSignalSeparation != 6 || d.Exits.StopLoss != 0.02 || d.Sizing.KellyFraction != 0.25 || d.Costs.FinancingLong != 0.02 {
		t.Errorf("decisions %+v", d)
	}
}

func TestParseDefaults(t *testing.T) {
	e := read(t, "testdata/good/two_regimes.yaml")
	c := e.Composition
	if c.Threshold != 0.4 || c.Hysteresis != 0 || c.Stability != 3 || c.Transition != ensemble.CloseAndSwitch ||
		c.Modifiers != (ensemble.Modifiers{AlignedDiscount: 0.2, CounterPremium: 0.3, NeutralEffect: 0.05}) {
		t.Errorf("composition %+v", c)
	}
	if e.Decisions.MinSignalSeparation != 4 || e.Decisions.AllowShortFromFlat {
		t.Errorf("decisions %+v", e.Decisions)
	}
	if c := read(t, "testdata/good/single.yaml").Composition; c.Type != ensemble.Single || c.Model != "trend" {
		t.Errorf("single %+v", c)
	}
}

// TestVary: it is what a file would be that says the same.
func TestVary(t *testing.T) {
	e := read(t, "testdata/good/all_keys.yaml")
	varied, err := e.Vary([]byte(`{"exits": {"take_profit": 0.06}, "costs": null, "filters": {"min_signal_separation": 9}, "account": {"leverage": 2, "maintenance_margin": 0.25}}`))
	if err != nil {
		t.Fatal(err)
	}
	written := strings.NewReplacer("take_profit: 0.04", "take_profit: 0.06", "costs: {financing_long: 0.02}", "account: {leverage: 2, maintenance_margin: 0.25}",
		"min_signal_separation: 6", "min_signal_separation: 9").Replace(string(e.Source))
	want, err := ensemble.Parse("varied.yaml", []byte(written))
	if err != nil {
		t.Fatal(err)
	}
	want.Source = e.Source
	if diff := cmp.Diff(want, varied); diff != "" {
		t.Errorf("(-written +varied):\n%s", diff)
	}
	if e.Decisions.Exits.TakeProfit != 0.04 {
		t.Error("the ensemble itself was changed")
	}
	silent := read(t, "testdata/good/single.yaml")
	if varied, err := silent.Vary([]byte(`{exits: {stop_loss: 0.02}}`)); err != nil || varied.Decisions.Exits.StopLoss != 0.02 || strings.Contains(string(silent.Source), "decisions") {
		t.Errorf("a file without decisions: %+v, %v", varied, err)
	}
	for decisions, want := range map[string]bool{`{allow_short_from_flat: true}`: true, `{allow_short_from_flat: false}`: false, `{allow_short_from_flat: null}`: false} {
		for _, e := range []*ensemble.Ensemble{e, silent} {
			if varied, err := e.Vary([]byte(decisions)); err != nil || varied.Decisions.AllowShortFromFlat != want || varied.Composition != e.Composition {
				t.Errorf("%s: %+v, %v", decisions, varied, err)
			}
		}
	}
	for decisions, want := range map[string]string{
		`{"confidence_threshold": 0.5}`:       "decisions.confidence_threshold: not a key here: every model has its own",
		`{"allow_short_from_flat": "yes"}`:    "decisions.allow_short_from_flat: want true or false",
		`{"composition": {}}`:                 "decisions.composition: unknown key",
		`{"exits": {"stop": 0.5}}`:            "decisions.exits.stop: not a key here: the key is called stop_loss",
		`{"exits": null}`:                     "kelly",
		`[1]`:                                 "want a mapping",
		`{"account": {"maintenance_margin"::`: "decisions of the request",
	} {
		if _, err := e.Vary([]byte(decisions)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", decisions, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/good/*.yaml", "testdata/bad/*.yaml"} {
		names, _ := filepath.Glob(pattern)
		for _, name := range names {
			src, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(src)
		}
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		e, err := ensemble.Parse("fuzz.yaml", src)
		if err != nil {
			return
		}
		if _, ok := e.Member(e.Composition.Gate + e.Composition.Model); !ok || e.Name == "" {
			t.Fatalf("accepted without what it needs: %+v", e)
		}
	})
}

// TestExamples: the ensembles that users start from are read without a problem.
func TestExamples(t *testing.T) {
	names, err := filepath.Glob("../../../strategies/ensembles/*.yaml")
	if err != nil || len(names) < 2 {
		t.Fatalf("there are %d example ensembles, want at least 2 (%v)", len(names), err)
	}
	for _, name := range names {
		if e := read(t, name); e.Name+".yaml" != filepath.Base(name) || e.Description == "" {
			t.Errorf("%s is called %q: %q", name, e.Name, e.Description)
		}
	}
}
