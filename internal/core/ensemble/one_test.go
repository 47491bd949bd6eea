package ensemble_test

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/ensemble"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// A step is what is decided at a bar, and why.
type step struct {
	signal decision.Signal
	reason decision.Reason
}

// steps decides by raws from flat on, as if each decision were carried out at once.
func steps(rules decision.Rules, raws []decision.Raw) []step {
	var all []step
	position, since := decision.Flat, decision.NeverEntered
	for _, raw := range raws {
		signal, reason := rules.Decide(raw, position, since)
		all = append(all, step{signal, reason})
		switch {
		case signal != decision.Hold && position == decision.Flat:
			position, since = decision.Position(signal), 0
		case signal != decision.Hold:
			position = decision.Flat
		}
		if since != decision.NeverEntered {
			since++
		}
	}
	return all
}

// ofOne returns ensembles that ask member m whatever happens: one for each way of
// putting models together that can amount to one model. regimes are what a gate says
// where there is one.
func ofOne(regimes []ensemble.Regime) map[string]func(*ensemble.Ensemble, *ensemble.Gathering) {
	always := [ensemble.Regimes]ensemble.Rule{{Model: "m"}, {Model: "m"}, {Model: "m"}, {Model: "m"}}
	return map[string]func(*ensemble.Ensemble, *ensemble.Gathering){
		"single": func(e *ensemble.Ensemble, _ *ensemble.Gathering) {
			e.Composition = ensemble.Composition{Type: ensemble.Single, Model: "m"}
		},
		"every_regime_its_own": func(e *ensemble.Ensemble, g *ensemble.Gathering) {
			e.Composition = ensemble.Composition{Type: ensemble.RegimeRoute, Rules: always, Transition: ensemble.LetRun}
			g.Regimes = regimes
		},
		"one_regime": func(e *ensemble.Ensemble, g *ensemble.Gathering) {
			e.Composition = ensemble.Composition{Type: ensemble.RegimeRoute, Transition: ensemble.CloseAndSwitch,
				Rules: [ensemble.Regimes]ensemble.Rule{{Action: ensemble.ActFlat}, {Action: ensemble.ActHold}, {Model: "m"}, {Action: ensemble.ActFlat}}}
			g.Regimes = slices.Repeat([]ensemble.Regime{2}, len(g.Times))
		},
		"context_without_effect": func(e *ensemble.Ensemble, g *ensemble.Gathering) {
			e.Composition = ensemble.Composition{Type: ensemble.Single, Model: "m", ContextGate: "day"}
			for i := range g.Times {
				g.Context = append(g.Context, ensemble.Leaning{Known: true, Net: float32(i%3) - 1, Neutral: 0.5})
			}
		},
		"meta_that_takes_all": func(e *ensemble.Ensemble, g *ensemble.Gathering) {
			e.Composition = ensemble.Composition{Type: ensemble.Single, Model: "m"}
			v := *g.Voices["m"]
			v.Meta = &ensemble.Advice{Classes: []string{"SKIP", "TAKE"}, Outputs: make([]float32, 2*len(g.Times)), Known: slices.Repeat([]bool{true}, len(g.Times)), Threshold: 0.5}
			g.Voices = map[string]*ensemble.Voice{"m": &v}
		},
	}
}

// TestRoute_of_one: an ensemble that amounts to one model decides as the model does
// alone, for the same reasons, whatever puts it together.
func TestRoute_of_one(t *testing.T) {
	acted := map[string]int{}
	held := func(t *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(t, "bars")
		s, classes, width := classifier(rapid.Float64Range(0, 1).Draw(t, "threshold")), []string{"BUY", "HOLD", "SELL"}, 3
		s.Decisions.AllowShortFromFlat, s.Decisions.PositionAwareness = rapid.Bool().Draw(t, "shorts"), true
		if rapid.Bool().Draw(t, "regression") {
			s, classes, width = regressor(), nil, 1
			s.Decisions.AllowShortFromFlat = true // it sells as it buys
		}
		s.Decisions.MinSignalSeparation = rapid.IntRange(0, 5).Draw(t, "separation")
		scale := float32(3)
		if classes == nil {
			scale = 0.03
		}
		outputs := rapid.SliceOfN(rapid.Float32Range(-scale, scale), n*width, n*width).Draw(t, "outputs")
		known := rapid.SliceOfN(rapid.Bool(), n, n).Draw(t, "known")
		var events []bool
		if rapid.Bool().Draw(t, "has_events") {
			events = rapid.SliceOfN(rapid.Bool(), n, n).Draw(t, "events")
		}
		times := make([]int64, n)
		for i := range times {
			times[i] = int64(3600 * i)
		}
		head, err := decision.HeadOf(s, classes)
		if err != nil {
			t.Fatal(err)
		}
		raws, err := head.DecodeKnown(nil, outputs, times, known)
		if err != nil {
			t.Fatal(err)
		}
		alone := steps(decision.RulesOf(s), decision.AtEvents(raws, events))
		regimes := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) ensemble.Regime { return ensemble.Regime(rapid.IntRange(0, 3).Draw(t, "regime")) }), n, n).Draw(t, "regimes")
		for name, put := range ofOne(regimes) {
			e := &ensemble.Ensemble{Name: name, Decisions: strategy.Decisions{OutputFormat: strategy.Classification, PositionAwareness: true,
				MinSignalSeparation: s.Decisions.MinSignalSeparation, AllowShortFromFlat: s.Decisions.AllowShortFromFlat}}
			g := ensemble.Gathering{Times: times, Voices: map[string]*ensemble.Voice{"m": {Strategy: s, Classes: classes, Outputs: outputs, Known: known, Events: events}}}
			put(e, &g)
			r, err := e.Route(g)
			if err != nil {
				t.Fatal(err)
			}
			if several := steps(decision.RulesOf(e.Trading(nil, market.Hour1)), r.Signals); !slices.Equal(several, alone) {
				t.Fatalf("%s decides\n%v, the model alone\n%v", name, several, alone)
			}
			for i := range r.Signals {
				if have, want := r.Signals[i], raws[i]; have.Known != want.Known || have.Known && have.Confidence != want.Confidence {
					t.Fatalf("%s: the signal of bar %d is %+v, that of the model %+v", name, i, have, want)
				}
			}
			for _, one := range alone {
				if one.reason == decision.Acted {
					acted[name]++
				}
			}
		}
	}
	// Few draws may make few trades: as many rounds as say something.
	for round := 0; round < 100 && (len(acted) == 0 || slices.Min(slices.Collect(maps.Values(acted))) < 50); round++ {
		rapid.Check(t, held)
	}
	for name, n := range acted {
		if n < 50 {
			t.Errorf("%s: %d trades say little", name, n)
		}
	}
	if len(acted) != 5 {
		t.Errorf("%d ways were held to the model, want 5", len(acted))
	}
}
