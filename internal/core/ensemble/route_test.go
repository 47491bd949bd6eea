package ensemble_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/ensemble"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

var regimeClasses = []string{"TRENDING_UP", "TRENDING_DOWN", "RANGING", "VOLATILE"}

// sure returns outputs that speak for the classes that letters name (u, d, r, v),
// with no outputs known where a letter is a dot, all alike where it is =, and bars
// missing before the letter behind a bar (|).
func sure(letters string) (outputs []float32, known, holes []bool) {
	isHole := false
	for _, l := range letters {
		if isHole = isHole || l == '|'; l == '|' {
			continue
		}
		row := make([]float32, 4)
		if c := strings.IndexRune("udrv", l); c >= 0 {
			row[c] = 3
		}
		outputs, known, holes = append(outputs, row...), append(known, l != '.'), append(holes, isHole)
		isHole = false
	}
	return outputs, known, holes
}

func letters(regimes []ensemble.Regime) string {
	text := ""
	for _, r := range regimes {
		text += string(".udrv"[r+1])
	}
	return text
}

func TestRegimes(t *testing.T) {
	for _, c := range []struct {
		name, says, want string
		stability        int
	}{
		{"first_counts_at_once", "uuu", "uuu", 3},
		{"changes_after_three_bars", "uurrrr", "uuuurr", 3},
		{"a_break_begins_anew", "uurrurrr", "uuuuuuur", 3},
		{"another_one_begins_anew", "uurrdrrr", "uuuuuuur", 3},
		{"at_once", "urdv", "urdv", 1},
		{"unsure_is_volatile", "u====", "uuuvv", 3},
		{"unknown_until_it_can_be_asked", "..uu", "..uu", 3},
		{"a_hole_ends_a_row", "uurr.rrr", "uuuu.uur", 3},
		{"a_hole_keeps_the_regime", "uu.uu", "uu.uu", 3},
		{"missing_bars_end_a_row", "uurr|rrr", "uuuuuur", 3},
		{"missing_bars_keep_the_regime", "uu|uu|r|r|rrr", "uuuuuuuur", 3},
		{"missing_bars_where_nothing_is_known", "uurr|.rrr", "uuuu.uur", 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			outputs, known, holes := sure(c.says)
			regimes, err := ensemble.Composition{Threshold: 0.4, Stability: c.stability}.Regimes(regimeClasses, outputs, known, holes)
			if err != nil || letters(regimes) != c.want {
				t.Errorf("regimes %s, %v, want %s", letters(regimes), err, c.want)
			}
		})
	}
}

// TestHoles: bars are missing before the one that is read after none was.
func TestHoles(t *testing.T) {
	holes := ensemble.Holes(4, []int32{-1, -1, 0, 0, -1, -1, 1, 2, -1, 3, -1})
	if !slices.Equal(holes, []bool{false, true, false, true}) {
		t.Errorf("holes %v, want before the second and the fourth", holes)
	}
}

func TestRegimes_hysteresis(t *testing.T) {
	logits := func(p ...float64) (z []float32) {
		for _, v := range p {
			z = append(z, float32(math.Log(v)))
		}
		return z
	}
	outputs := slices.Concat(logits(.6, .1, .2, .1), logits(.4, .1, .45, .05), logits(.3, .1, .55, .05))
	known := []bool{true, true, true}
	for _, c := range []struct {
		hysteresis float64
		want       string
	}{{0, "urr"}, {0.1, "uur"}, {0.3, "uuu"}} {
		regimes, err := ensemble.Composition{Threshold: 0.4, Stability: 1, Hysteresis: c.hysteresis}.Regimes(regimeClasses, outputs, known, nil)
		if err != nil || letters(regimes) != c.want {
			t.Errorf("with hysteresis %v: %s, %v, want %s", c.hysteresis, letters(regimes), err, c.want)
		}
	}
}

// TestRegimes_class_order: classes are read by their names.
func TestRegimes_class_order(t *testing.T) {
	regimes, err := ensemble.Composition{Threshold: 0.4, Stability: 1}.Regimes([]string{"RANGING", "VOLATILE", "TRENDING_UP", "TRENDING_DOWN"},
		[]float32{0, 0, 5, 0}, []bool{true}, nil)
	if err != nil || letters(regimes) != "u" {
		t.Errorf("regimes %s, %v, want u", letters(regimes), err)
	}
	for name, classes := range map[string][]string{"of_trades": {"BUY", "HOLD", "SELL"}, "too_many": append([]string{"CRASH"}, regimeClasses...)} {
		if _, err := (ensemble.Composition{Stability: 1}).Regimes(classes, nil, nil, nil); err == nil || !strings.Contains(err.Error(), "classes of the model") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	nan := float32(math.NaN())
	if _, err := (ensemble.Composition{Stability: 1}).Regimes(regimeClasses, []float32{0, nan, 0, 0}, []bool{true}, nil); err == nil {
		t.Error("an output that is no number is taken")
	}
}

// TestRegimes_causal: what comes later changes nothing.
func TestRegimes_causal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(t, "bars")
		outputs := rapid.SliceOfN(rapid.Float32Range(-3, 3), 4*n, 4*n).Draw(t, "outputs")
		known, holes := rapid.SliceOfN(rapid.Bool(), n, n).Draw(t, "known"), rapid.SliceOfN(rapid.Bool(), n, n).Draw(t, "holes")
		c := ensemble.Composition{Threshold: rapid.Float64Range(0, 1).Draw(t, "threshold"),
			Hysteresis: rapid.Float64Range(0, 0.5).Draw(t, "hysteresis"), Stability: rapid.IntRange(1, 5).Draw(t, "stability")}
		whole, err := c.Regimes(regimeClasses, outputs, known, holes)
		if err != nil {
			t.Fatal(err)
		}
		cut := rapid.IntRange(0, n).Draw(t, "cut")
		part, err := c.Regimes(regimeClasses, outputs[:4*cut], known[:cut], holes[:cut])
		if err != nil || !slices.Equal(part, whole[:cut]) {
			t.Fatalf("the first %d bars alone give %v, %v, with the rest %v", cut, part, err, whole[:cut])
		}
	})
}

func classifier(threshold float64) *strategy.Strategy {
	return &strategy.Strategy{Name: "trend", Decisions: strategy.Decisions{OutputFormat: strategy.Classification, ConfidenceThreshold: threshold}}
}

func regressor() *strategy.Strategy {
	return &strategy.Strategy{Name: "range", Decisions: strategy.Decisions{OutputFormat: strategy.Regression, CostModel: strategy.CostModel{RoundTripCost: 0.01, MinEdgeMultiplier: 1}}}
}

// trades returns outputs of a classifier by letters: B, S and h, and a dot where
// it could not be asked. A lower-case b is an unsure buy, with a probability of
// about 0.58.
func trades(letters string) *ensemble.Voice {
	v := &ensemble.Voice{Strategy: classifier(0.6), Classes: []string{"BUY", "HOLD", "SELL"}}
	for _, l := range letters {
		row := map[rune][]float32{'B': {4, 0, 0}, 'S': {0, 0, 4}, 'h': {0, 4, 0}, 'b': {1, 0, 0}, 's': {0, 0, 1}}[l]
		if row == nil {
			row = make([]float32, 3)
		}
		v.Outputs, v.Known = append(v.Outputs, row...), append(v.Known, l != '.')
	}
	return v
}

// returns makes the voice of a regression.
func returns(predicted ...float32) *ensemble.Voice {
	return &ensemble.Voice{Strategy: regressor(), Outputs: predicted, Known: slices.Repeat([]bool{true}, len(predicted))}
}

func show(r ensemble.Routing) string {
	var parts []string
	for i, raw := range r.Signals {
		text := raw.Signal.String()[:1]
		if !raw.Known {
			text = "no_features"
		} else if raw.Withheld != decision.Acted {
			text = raw.Withheld.String()
		}
		if raw.Leave {
			text += "!"
		}
		if r.Asked[i] != "" {
			text += "@" + r.Asked[i][:1]
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " ")
}

func regimesOf(text string) (regimes []ensemble.Regime) {
	for _, l := range text {
		regimes = append(regimes, ensemble.Regime(strings.IndexRune(".udrv", l)-1))
	}
	return regimes
}

func TestRoute(t *testing.T) {
	e := read(t, "testdata/good/two_regimes.yaml")
	e.Composition.ContextGate = ""
	run := *e
	run.Composition.Transition = ensemble.LetRun
	hold := *e
	hold.Composition.Rules[3].Action = ensemble.ActHold
	for _, c := range []struct {
		name    string
		e       *ensemble.Ensemble
		regimes string
		trend   string
		ranging []float32
		want    string
	}{
		{"each_regime_its_model", e, "uudr", "BSBB", []float32{0, 0, 0, -0.02}, "B@t S@t B!@t S!@r"},
		{"flat_closes", e, "uvvu", "BBBB", make([]float32, 4), "B@t out_of_regime! out_of_regime! B!@t"},
		{"hold_only_enters_nothing", &hold, "uvvu", "BBBB", make([]float32, 4), "B@t out_of_regime! out_of_regime B!@t"},
		{"let_run_closes_nothing", &run, "uudr", "BSBB", []float32{0, 0, 0, -0.02}, "B@t S@t B@t S@r"},
		{"let_run_flat_closes", &run, "uv", "BB", make([]float32, 2), "B@t out_of_regime!"},
		{"unknown_regime", e, ".u.u", "BBBB", make([]float32, 4), "no_regime B@t no_regime B@t"},
		{"switch_behind_a_hole", e, "u.r", "BBB", []float32{0, 0, 0.02}, "B@t no_regime B!@r"},
		{"reasons_of_the_models", e, "uuurr", "hb.BB", []float32{0, 0, 0, 0.009, -0.011}, "model_hold@t below_confidence@t no_features@t below_cost!@r S@r"},
		{"leaves_where_nothing_is_known", e, "ud", "B.", make([]float32, 2), "B@t no_features!@t"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := ensemble.Gathering{Times: make([]int64, len(c.regimes)), Regimes: regimesOf(c.regimes),
				Voices: map[string]*ensemble.Voice{"trend": trades(c.trend), "range": returns(c.ranging...)}}
			r, err := c.e.Route(g)
			if err != nil {
				t.Fatal(err)
			}
			if got := show(r); got != c.want {
				t.Errorf("have %s\nwant %s", got, c.want)
			}
		})
	}
}

// TestRoute_context: the context rescues an unsure signal that goes with it, and
// withholds a sure one that goes against it.
func TestRoute_context(t *testing.T) {
	e := read(t, "testdata/good/single.yaml")
	e.Composition.Modifiers = ensemble.Modifiers{AlignedDiscount: 0.2, CounterPremium: 0.7, NeutralEffect: 0.1}
	up, down, even := ensemble.Leaning{Known: true, Net: 1}, ensemble.Leaning{Known: true, Net: -1}, ensemble.Leaning{Known: true, Neutral: 1}
	context := []ensemble.Leaning{up, down, even, {}}
	for _, c := range []struct {
		name  string
		voice *ensemble.Voice
		want  string
	}{
		{"unsure_buy", trades("bbbb"), "B@t below_confidence@t below_confidence@t no_features@t"},
		{"sure_buy", trades("BBBB"), "B@t below_context@t B@t no_features@t"},
		{"sure_sell", trades("SSSS"), "below_context@t S@t S@t no_features@t"},
		{"rise", returns(0.009, 0.011, 0.0105, 0.02), "B@t below_context@t below_context@t no_features@t"},
		{"fall", returns(-0.009, -0.009, -0.012, -0.02), "below_cost@t S@t S@t no_features@t"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := e.Route(ensemble.Gathering{Times: make([]int64, 4), Context: context, Voices: map[string]*ensemble.Voice{"trend": c.voice}})
			if err != nil {
				t.Fatal(err)
			}
			if got := show(r); got != c.want {
				t.Errorf("have %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestRoute_events(t *testing.T) {
	e := read(t, "testdata/good/single.yaml")
	voice := trades("BBh.")
	voice.Events = []bool{true, false, true, false}
	r, err := e.Route(ensemble.Gathering{Times: make([]int64, 4), Voices: map[string]*ensemble.Voice{"trend": voice}})
	if err != nil || show(r) != "B@t no_event@t model_hold@t no_features@t" {
		t.Errorf("have %s, %v", show(r), err)
	}
	voice.Classes = regimeClasses
	if _, err := e.Route(ensemble.Gathering{Times: make([]int64, 4), Voices: map[string]*ensemble.Voice{"trend": voice}}); err == nil || !strings.Contains(err.Error(), "member trend") {
		t.Errorf("a model of other classes: error %v", err)
	}
}

func TestLeanings(t *testing.T) {
	l, err := ensemble.Leanings([]string{"NEUTRAL", "BULLISH", "BEARISH"}, []float32{0, 0, 0, 9, 9, 9, -20, 1, -20}, []bool{true, false, true})
	if err != nil {
		t.Fatal(err)
	}
	near := func(a float32, b float64) bool { return math.Abs(float64(a)-b) < 1e-6 }
	if !near(l[0].Net, 0) || !near(l[0].Neutral, 1./3) || l[1].Known || !near(l[2].Net, 1) || !l[2].Known {
		t.Errorf("leanings %+v", l)
	}
}

// TestRoute_meta: a meta-model takes or skips what stands, and sizes what it takes.
func TestRoute_meta(t *testing.T) {
	e := read(t, "testdata/good/meta.yaml")
	if m := e.Members[1]; m.Of != "trend" || m.Threshold != 0.6 || !m.Sizes {
		t.Fatalf("member %+v", m)
	}
	voice := trades("BBBhS")
	voice.Meta = &ensemble.Advice{Classes: []string{"SKIP", "TAKE"}, Outputs: []float32{0, 2, 2, 0, 0, 0, 0, 9, 0, 1}, Known: []bool{true, true, false, true, true}, Threshold: 0.6, Sizes: true}
	r, err := e.Route(ensemble.Gathering{Times: make([]int64, 5), Voices: map[string]*ensemble.Voice{"trend": voice}})
	if err != nil || show(r) != "B@t skipped@t skipped@t model_hold@t S@t" {
		t.Errorf("have %s, %v", show(r), err)
	}
	if take := r.Signals[0].Confidence; math.Abs(float64(take)-1/(1+math.Exp(-2))) > 1e-6 {
		t.Errorf("confidence %v, want the probability that it pays", take)
	}
	voice.Meta.Sizes = false
	if r, err = e.Route(ensemble.Gathering{Times: make([]int64, 5), Voices: map[string]*ensemble.Voice{"trend": voice}}); err != nil || r.Signals[0].Confidence < 0.9 {
		t.Errorf("as a filter it changes the confidence to %v, %v", r.Signals[0].Confidence, err)
	}
	voice.Meta.Classes = []string{"BUY", "SELL"}
	if _, err := e.Route(ensemble.Gathering{Times: make([]int64, 5), Voices: map[string]*ensemble.Voice{"trend": voice}}); err == nil || !strings.Contains(err.Error(), "its meta-model") {
		t.Errorf("a meta-model of other classes: error %v", err)
	}
}

func TestUnused(t *testing.T) {
	e := read(t, "testdata/good/all_keys.yaml")
	m, s := e.Members[1], classifier(0.5)
	if unused := e.Unused(m, s); unused != nil {
		t.Errorf("of a strategy that says nothing: %v", unused)
	}
	s.Decisions.Exits, s.Decisions.Sizing, s.Decisions.Costs = e.Decisions.Exits, strategy.Sizing{Method: strategy.SizeConfidence}, strategy.Costs{FinancingShort: 0.1}
	if unused := e.Unused(m, s); !slices.Equal(unused, []string{"sizing", "costs"}) {
		t.Errorf("unused %v, want sizing and costs", unused)
	}
	s.Decisions.Exits.StopLoss = 0.5
	if unused := e.Unused(m, s); !slices.Equal(unused, []string{"exits", "sizing", "costs"}) {
		t.Errorf("unused %v, want exits too", unused)
	}
	m.OwnExits = true
	if unused := e.Unused(m, s); !slices.Equal(unused, []string{"sizing", "costs"}) {
		t.Errorf("unused %v of a member with its own exits, want sizing and costs", unused)
	}
}

// TestExits: each bar has the exits of the member that is asked there, if it has its
// own, else those of the ensemble.
func TestExits(t *testing.T) {
	e := read(t, "testdata/good/own_exits.yaml")
	trend, calm := classifier(0.5), regressor()
	trend.Decisions.Exits.StopLoss, calm.Decisions.Exits.StopLoss = 0.1, 0.2
	of, at := e.Exits(map[string]*strategy.Strategy{"trend": trend, "range": calm}, []string{"", "range", "trend", "trend", "range"})
	if !slices.Equal(at, []uint8{0, 0, 1, 1, 0}) {
		t.Errorf("numbers %v", at)
	}
	if len(of) != 2 || of[0].Name != "own_exits" || of[0].Decisions.Exits.TrailingStop != 0.04 || of[1].Name != "trend" || of[1].Decisions.Exits.StopLoss != 0.1 || trend.Name != "trend" {
		t.Errorf("exits of %+v", of)
	}
	if of, at := read(t, "testdata/good/all_keys.yaml").Exits(nil, []string{"trend"}); of != nil || at != nil {
		t.Errorf("of an ensemble alone: %v, %v", of, at)
	}
}
