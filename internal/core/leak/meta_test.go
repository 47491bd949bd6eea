package leak_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/label"
	"github.com/ktrdr/ktrdr/internal/core/leak"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/model"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/core/train"
)

// primarySource is source with a network that decides now and then; its source of
// bars has the same id as one of the meta strategy and is another.
var primarySource = strings.NewReplacer("name: clean", "name: first", "symbol: OTHER, timeframe: 1d", "id: OTHER, symbol: THIRD, timeframe: 4h",
	"{raw_indicator: day, timeframes: all}", "{raw_indicator: day, timeframes: [4h]}", "embargo_bars: 5", "epochs: 3",
	"{output_format: classification}", "{output_format: classification, confidence_threshold: 0.36}").Replace(source)

// metaOf returns src as a strategy that learns from the decisions of a model.
func metaOf(src string) string {
	return strings.NewReplacer("source: triple_barrier", "source: meta, primary: first", "output_format: classification", "output_format: meta_classification").Replace(src)
}

// primaryOf trains the strategy of src on the first bars of n.
func primaryOf(t testing.TB, src string, n int) model.Model {
	t.Helper()
	s := *parse(t, src)
	s.Training.Epochs, s.Training.EarlyStopping.Patience = 3, 0
	f := bars(&s, n)
	m, _, err := train.Run(t.Context(), train.Input{Strategy: &s, Frames: []feature.Frame{f}, Span: market.Span{To: f.Series[s.Base].Time[n/2]}, EngineVersion: "test"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func pipelineOf(t testing.TB, s *strategy.Strategy, primary model.Model) leak.Pipeline {
	t.Helper()
	p, err := leak.OfMeta(s, primary)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestExamine_clean_meta is silent on strategies that learn from the decisions of a
// model, of the test and of the examples.
func TestExamine_clean_meta(t *testing.T) {
	example := func(name string) string {
		text, err := os.ReadFile("../../../strategies/" + name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for name, src := range map[string]struct{ primary, meta string }{
		"clean":   {primarySource, metaOf(source)},
		"example": {strings.Replace(example("sample_momentum"), "confidence_threshold: 0.45", "confidence_threshold: 0.34", 1), example("sample_meta")},
	} {
		t.Run(name, func(t *testing.T) {
			p := pipelineOf(t, parse(t, src.meta), primaryOf(t, src.primary, 1500))
			r := examine(t, p, bars(p.Reads(), 1500))
			for _, f := range r.Findings {
				t.Error(f)
			}
			for _, check := range []string{leak.CheckCut, leak.CheckChange, leak.CheckLabelEnd, leak.CheckJoin, leak.CheckPurge, leak.CheckPrimary} {
				if r.Looks[check] == 0 {
					t.Errorf("%s was never looked at", check)
				}
			}
		})
	}
}

// metaPlants are leaks by way of the model whose decisions are labelled.
var metaPlants = map[string]func(t *testing.T, p *leak.Pipeline, primary model.Model){
	"decisions_it_was_trained_on": func(t *testing.T, p *leak.Pipeline, primary model.Model) {
		primary.Manifest.KnownUntil = 0
		p.Primary.Calls = pipelineOf(t, p.Strategy, primary).Primary.Calls
	},
	"trained_again_on_all_bars": func(t *testing.T, p *leak.Pipeline, primary model.Model) {
		known := primary.Manifest.KnownUntil
		p.Primary.Calls = func(ctx context.Context, f feature.Frame) ([]label.Call, error) {
			s, err := primary.Strategy()
			if err != nil {
				return nil, err
			}
			own := feature.Frame{Symbol: f.Symbol, Series: f.Series, Context: map[string]market.Series{"OTHER": f.Context["primary/OTHER"]}}
			again, _, err := train.Run(ctx, train.Input{Strategy: s, Frames: []feature.Frame{own}, EngineVersion: "test"}, nil)
			if err != nil {
				return nil, err
			}
			again.Manifest.KnownUntil = known
			return pipelineOf(t, p.Strategy, again).Primary.Calls(ctx, f)
		}
	},
	"decisions_of_the_next_bar": func(_ *testing.T, p *leak.Pipeline, _ model.Model) {
		clean := p.Primary.Calls
		p.Primary.Calls = func(ctx context.Context, f feature.Frame) ([]label.Call, error) {
			calls, err := clean(ctx, f)
			for i := range calls {
				calls[i].Time -= market.Hour1.Seconds()
			}
			return calls, err
		}
	},
	"decisions_that_turned_out_well": func(_ *testing.T, p *leak.Pipeline, _ model.Model) {
		clean := p.Primary.Calls
		p.Primary.Calls = func(ctx context.Context, f feature.Frame) ([]label.Call, error) {
			calls, err := clean(ctx, f)
			base, kept := f.Series[market.Hour1], calls[:0]
			for _, c := range calls {
				if bar := base.Search(c.Time); bar+3 < base.Len() && (base.Close[bar+3] < base.Close[bar]) == c.Sell {
					kept = append(kept, c)
				}
			}
			return kept, err
		}
	},
	"sides_by_the_mean_of_all_bars": func(_ *testing.T, p *leak.Pipeline, _ model.Model) {
		clean := p.Primary.Calls
		p.Primary.Calls = func(ctx context.Context, f feature.Frame) ([]label.Call, error) {
			calls, err := clean(ctx, f)
			base := f.Series[market.Hour1]
			mean, _ := moments(base.Close)
			for i, c := range calls {
				calls[i].Sell = base.Close[base.Search(c.Time)] > mean
			}
			return calls, err
		}
	},
}

// TestExamine_planted_meta: each is found by the check that is about the primary
// model.
func TestExamine_planted_meta(t *testing.T) {
	primary := primaryOf(t, primarySource, 900)
	for name, plant := range metaPlants {
		t.Run(name, func(t *testing.T) {
			p := pipelineOf(t, parse(t, metaOf(source)), primary)
			plant(t, &p, primary)
			r := examine(t, p, bars(p.Reads(), 900))
			for _, f := range r.Findings {
				if f.Check == leak.CheckPrimary {
					return
				}
			}
			t.Errorf("check %q found nothing; all findings: %v", leak.CheckPrimary, r.Findings)
		})
	}
}

// TestExamine_no_decisions: a primary model that says nothing at the bars is an
// error, and no clean report.
func TestExamine_no_decisions(t *testing.T) {
	primary := primaryOf(t, primarySource, 900)
	p := pipelineOf(t, parse(t, metaOf(source)), primary)
	f := bars(p.Reads(), 300)
	if _, err := leak.Examine(t.Context(), p, f, 3, 1); err == nil || !strings.Contains(err.Error(), "the primary model makes no decision at the 300 bars") {
		t.Errorf("Examine = %v, want a refusal", err)
	}
	other := strings.NewReplacer("base_timeframe: 1h", "base_timeframe: 4h").Replace(metaOf(source))
	if _, err := leak.OfMeta(parse(t, other), primary); err == nil || !strings.Contains(err.Error(), "decides on 1h, strategy clean on 4h") {
		t.Errorf("OfMeta = %v, want a refusal", err)
	}
}

// TestPipeline_Reads: the bars of both strategies, those of one timeframe once.
func TestPipeline_Reads(t *testing.T) {
	primary := primaryOf(t, primarySource, 600)
	short := strings.NewReplacer("timeframes: {mode: multi_timeframe, list: [1h, 4h], base_timeframe: 1h}", "timeframes: {mode: single, timeframe: 1h}").Replace(source)
	for _, src := range []string{source, short} {
		all := pipelineOf(t, parse(t, metaOf(src)), primary).Reads()
		if !slices.Equal(all.Timeframes, []market.Timeframe{market.Hour1, market.Hour4}) || len(all.Context) != 2 || all.Context[0].ID == all.Context[1].ID {
			t.Errorf("%v and %+v are read, want 1h and 4h, and two sources", all.Timeframes, all.Context)
		}
	}
}
