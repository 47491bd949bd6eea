package train_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/label"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/model"
	"github.com/ktrdr/ktrdr/internal/core/train"
)

// labelled returns source with other labels and another output format.
func labelled(labels, format string) string {
	return strings.NewReplacer(
		"{source: triple_barrier, pt_multiplier: 4, sl_multiplier: 4, max_holding_period: 24, vol_span: 20}", labels,
		"output_format: classification", "output_format: "+format,
	).Replace(source)
}

// TestRun_events: rows at whose bars nothing happened are left out by their key,
// and the others keep the weights of their labels.
func TestRun_events(t *testing.T) {
	const labels = "{source: triple_barrier, pt_multiplier: 4, sl_multiplier: 4, max_holding_period: 24, vol_span: 20, compute_weights: true, cusum_threshold: 0}"
	in := twoSymbols(t, labelled(labels, "classification"), 1500)
	rows, err := train.Collect(in)
	if err != nil {
		t.Fatal(err)
	}
	type key struct {
		time  int64
		class int32
	}
	weights := map[key][]float32{}
	events := 0
	for _, f := range in.Frames {
		l, err := label.Make(in.Strategy.Training.Labels, f.Series[market.Hour1])
		if err != nil {
			t.Fatal(err)
		}
		for i, isEvent := range l.Event {
			if isEvent {
				events++
				k := key{l.Time[i], l.Class[i]}
				weights[k] = append(weights[k], float32(l.Weight[i]))
			}
		}
	}
	if len(rows) < 200 || len(rows) > events || events > 2*1500/2 {
		t.Fatalf("%d rows of %d events in 3000 bars", len(rows), events)
	}
	for _, r := range rows {
		if !slices.Contains(weights[key{r.Time, r.Class}], r.Weight) || r.Weight >= 1 {
			t.Fatalf("the row at %s has the weight %v, want one of %v", market.Stamp(r.Time), r.Weight, weights[key{r.Time, r.Class}])
		}
	}
	_, e := mustRun(t, in)
	d := e.DataSummary
	if total := d.TotalSamples + d.Incomplete + d.Unlabelled + d.Eventless + d.Purged + d.Embargoed; total != d.Bars || d.Eventless < d.TotalSamples {
		t.Errorf("%d rows are accounted for, %d of them no events, want %d bars: %+v", total, d.Eventless, d.Bars, d)
	}
}

// TestRun_weights: weights of the labels change what is learned.
func TestRun_weights(t *testing.T) {
	const labels = "{source: triple_barrier, pt_multiplier: 4, sl_multiplier: 4, max_holding_period: 24, vol_span: 20, compute_weights: true}"
	plain, _ := mustRun(t, twoSymbols(t, source, 700))
	weighted, _ := mustRun(t, twoSymbols(t, labelled(labels, "classification"), 700))
	a, err := plain.Network.AppendSafetensors(nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := weighted.Network.AppendSafetensors(nil)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(a, b) {
		t.Error("a network trained with weights is the same as one without")
	}
}

// TestRun_classes: every set of classes goes the whole way into a model, and no
// label of one part reaches into the next.
func TestRun_classes(t *testing.T) {
	regimes := []string{"TRENDING_UP", "TRENDING_DOWN", "RANGING", "VOLATILE"}
	for _, c := range []struct {
		name, labels, format string
		want                 []string
	}{
		{"two_classes", "{source: triple_barrier, pt_multiplier: 4, sl_multiplier: 4, max_holding_period: 24, classes: 2}", "classification", []string{"BUY", "SELL"}},
		{"zigzag_bounded", "{source: zigzag, zigzag_threshold: 0.03, label_lookahead: 30}", "classification", []string{"BUY", "HOLD", "SELL"}},
		{"regime", "{source: regime, vol_lookback: 40, vol_crisis_threshold: 1.2, macro_atr_mult: 4}", "regime_classification", regimes},
		{"single_scale_regime", "{source: single_scale_regime, horizon: 12, vol_lookback: 40, vol_crisis_threshold: 1.2}", "regime_classification", regimes},
		{"context", "{source: context, horizon: 12, bullish_threshold: 0.01, bearish_threshold: -0.01}", "context_classification", []string{"BULLISH", "BEARISH", "NEUTRAL"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, e := mustRun(t, twoSymbols(t, labelled(c.labels, c.format), 1500))
			if k := m.Manifest; !slices.Equal(k.Classes, c.want) || k.OutputFormat != c.format || m.Network.Config().Outputs != len(c.want) {
				t.Errorf("the model has %d outputs %v for %s, want %v for %s", m.Network.Config().Outputs, k.Classes, k.OutputFormat, c.want, c.format)
			}
			if s := m.Manifest.Splits; s.Train.To > s.Validation.From || s.Validation.To > s.Test.From {
				t.Errorf("labels reach into the next part: %+v", s)
			}
			if q := e.Quality.Test; *q.Accuracy < q.BaselineAccuracy-.1 || len(q.Classes) != len(c.want) {
				t.Errorf("accuracy %v on %d classes, the baseline has %v", *q.Accuracy, len(q.Classes), q.BaselineAccuracy)
			}
			b, err := model.Encode(m)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := model.Decode(b); err != nil {
				t.Error(err)
			}
		})
	}
}

// addCalls trains the example whose model in.Strategy names on the first bars of the
// one symbol of in, and leaves its decisions on the others to learn from.
func addCalls(t *testing.T, in *train.Input) {
	t.Helper()
	name := strings.TrimSuffix(in.Strategy.Training.Primary, "_"+in.Strategy.Base.String())
	src, err := os.ReadFile("../../../strategies/" + name + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	s := *parse(t, string(src))
	s.Training.Epochs, s.Training.EarlyStopping.Patience, s.Decisions.ConfidenceThreshold = 2, 0, 0.34
	f := in.Frames[0]
	primary, _ := mustRun(t, train.Input{Strategy: &s, Frames: in.Frames, Span: market.Span{To: f.Series[s.Base].Time[2000]}, EngineVersion: "test"})
	if primary.Manifest.Name != in.Strategy.Training.Primary {
		t.Fatalf("strategy %s names the model %s, the example makes %s", in.Strategy.Name, in.Strategy.Training.Primary, primary.Manifest.Name)
	}
	in.Span.From = primary.Manifest.KnownUntil
	x, before, err := primary.Features(t.Context(), &s, f, in.Span)
	if err != nil {
		t.Fatal(err)
	}
	readable := model.Readable(x, 1)
	calls, err := decision.Calls(&s, primary.Manifest.Classes, f.Series[s.Base], f.Series[s.Base].Search(in.Span.From), primary.Outputs(x, readable, before, x.Len()), readable[before:])
	if err != nil || len(calls) < 300 {
		t.Fatalf("model %s makes %d decisions (%v), want some hundreds to learn from", primary.Manifest.Name, len(calls), err)
	}
	in.Primary, in.Calls = strings.Repeat("a", 64), map[market.Symbol][]label.Call{f.Symbol: calls}
}

// TestRun_examples trains every example strategy for a moment; one that learns from
// the decisions of another example's model after that.
func TestRun_examples(t *testing.T) {
	names, err := filepath.Glob("../../../strategies/*.yaml")
	if err != nil || len(names) < 6 {
		t.Fatalf("there are %d example strategies, want at least 6 (%v)", len(names), err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".yaml"), func(t *testing.T) {
			src, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			s := *parse(t, string(src))
			s.Training.Epochs, s.Training.EarlyStopping.Patience = 2, 0
			in := train.Input{Strategy: &s, EngineVersion: "test"}
			series := func(symbol market.Symbol, tf market.Timeframe, seed uint64) market.Series {
				bars := trending(symbol, seed, 4000, nil)
				bars.Timeframe = tf
				for k := range bars.Time {
					bars.Time[k] = start/86400*86400 + int64(k)*tf.Seconds()
				}
				return bars
			}
			context := map[string]market.Series{}
			for i, source := range s.Context {
				context[source.ID] = series(source.Symbol, source.Timeframe, uint64(i+11))
			}
			for i, symbol := range s.Symbols {
				f := feature.Frame{Symbol: symbol, Series: map[market.Timeframe]market.Series{}, Context: context}
				for _, tf := range s.Timeframes {
					f.Series[tf] = series(symbol, tf, uint64(i+1))
				}
				in.Frames = append(in.Frames, f)
			}
			if s.Training.Primary != "" {
				addCalls(t, &in)
			}
			m, e := mustRun(t, in)
			if e.DataSummary.TotalSamples < 300 || m.Manifest.OutputFormat != s.Decisions.OutputFormat {
				t.Errorf("a model of %s from %d rows: %+v", m.Manifest.OutputFormat, e.DataSummary.TotalSamples, e.DataSummary)
			}
		})
	}
}
