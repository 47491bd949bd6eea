package train_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/grammar"
	"github.com/ktrdr/ktrdr/internal/core/label"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/model"
	"github.com/ktrdr/ktrdr/internal/core/nn"
	"github.com/ktrdr/ktrdr/internal/core/train"
)

func mustRun(t testing.TB, in train.Input) (model.Model, train.Evaluation) {
	t.Helper()
	m, e, err := train.Run(t.Context(), in, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m, e
}

// TestRun_learns trains on a market where momentum goes on, and on the same
// features with the bars after them exchanged, which nobody can predict.
func TestRun_learns(t *testing.T) {
	in := twoSymbols(t, source, 3000)
	_, e := mustRun(t, in)
	q := e.Quality.Test
	if q.LogLoss > q.BaselineLogLoss-0.05 || q.BalancedAccuracy < 0.6 {
		t.Errorf("test: log loss %v against %v of the baseline, balanced accuracy %v: nothing was learned", q.LogLoss, q.BaselineLogLoss, q.BalancedAccuracy)
	}
	for i, f := range in.Frames {
		in.Frames[i] = frame(noise(f.Series[market.Hour1]))
	}
	_, e = mustRun(t, in)
	if q := e.Quality.Test; q.LogLoss < q.BaselineLogLoss-0.02 || *q.Accuracy > 0.56 {
		t.Errorf("random bars: log loss %v against %v of the baseline, accuracy %v: the future leaked", q.LogLoss, q.BaselineLogLoss, *q.Accuracy)
	}
}

// noise shuffles the bars' relative moves, which removes what can be learned.
func noise(s market.Series) market.Series {
	order := make([]int, s.Len())
	state := uint64(9)
	for i := range order {
		order[i] = i
		state = state*6364136223846793005 + 1442695040888963407
		j := int((state >> 33) % uint64(i+1))
		order[i], order[j] = order[j], order[i]
	}
	out := market.NewSeries(s.Symbol, s.Timeframe, s.Len())
	price := s.Open[0]
	for i, from := range order {
		b := s.Bar(from)
		scale := price / b.Open
		out.Append(market.Bar{Time: s.Time[i], Open: price, High: b.High * scale, Low: b.Low * scale, Close: b.Close * scale, Volume: b.Volume})
		price = b.Close * scale
	}
	return out
}

func TestRun_regression(t *testing.T) {
	m, e := mustRun(t, twoSymbols(t, regressionSource, 3000))
	q := e.Quality.Test
	if q.Classification != nil || q.Accuracy != nil || m.Manifest.Classes != nil || m.Network.Config().Outputs != 1 {
		t.Fatalf("classes in a regression: %+v, %v", q, m.Manifest.Classes)
	}
	if q.RMSE > 0.93*q.BaselineRMSE || q.SignAccuracy < 0.6 {
		t.Errorf("rmse %v against %v of the baseline, sign accuracy %v: nothing was learned", q.RMSE, q.BaselineRMSE, q.SignAccuracy)
	}
	if e.TestMetrics.TestAccuracy != q.SignAccuracy || e.TestMetrics.Precision != nil {
		t.Errorf("test metrics %+v", e.TestMetrics)
	}
}

// TestRun_same_bits: the artifact is the same bytes in every run, for any number
// of threads, and in whatever order the frames come.
func TestRun_same_bits(t *testing.T) {
	in := twoSymbols(t, source, 900)
	encode := func() []byte {
		m, _ := mustRun(t, in)
		b, err := model.Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	want := encode()
	for _, threads := range []int{1, 2, 8} {
		in.Threads = threads
		if !bytes.Equal(encode(), want) {
			t.Errorf("another artifact with %d threads", threads)
		}
	}
	slices.Reverse(in.Frames)
	if !bytes.Equal(encode(), want) {
		t.Error("another artifact with the frames in another order")
	}
	in.Strategy = parse(t, strings.Replace(source, "seed: 3", "seed: 4", 1))
	if bytes.Equal(encode(), want) {
		t.Error("the same artifact with another seed")
	}
}

// TestRun_round_trip decodes what was trained and compares outputs.
func TestRun_round_trip(t *testing.T) {
	for name, src := range map[string]string{"classes": source, "regression": regressionSource} {
		t.Run(name, func(t *testing.T) {
			in := twoSymbols(t, src, 600)
			m, e := mustRun(t, in)
			b, err := model.Encode(m)
			if err != nil {
				t.Fatal(err)
			}
			again, err := model.Decode(b)
			if err != nil {
				t.Fatal(err)
			}
			x, err := feature.Build(t.Context(), in.Strategy, in.Frames[0], market.Span{From: start + 100*3600})
			if err != nil {
				t.Fatal(err)
			}
			want := m.Network.Infer(nil, x.Data, x.Len())
			got := again.Network.Infer(nil, x.Data, x.Len())
			for i := range want {
				if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
					t.Fatalf("output %d = %v after a round trip, want %v", i, got[i], want[i])
				}
			}
			var stored train.Evaluation
			if err := json.Unmarshal(again.Metrics, &stored); err != nil || stored.TestMetrics.TestLoss != e.TestMetrics.TestLoss {
				t.Errorf("metrics in the artifact: %+v, %v", stored.TestMetrics, err)
			}
		})
	}
}

// TestRun_narrowed trains what a request made of the strategy: one symbol,
// another timeframe, another seed.
func TestRun_narrowed(t *testing.T) {
	in := twoSymbols(t, source, 900)
	s, err := in.Strategy.With([]market.Symbol{"BBB"}, []market.Timeframe{market.Hour2})
	if err != nil {
		t.Fatal(err)
	}
	seeded := *s
	seeded.Training.Seed = 12345
	bars := in.Frames[1].Series[market.Hour1]
	bars.Timeframe = market.Hour2
	bars.Time = slices.Clone(bars.Time)
	for i := range bars.Time {
		bars.Time[i] = start + 2*(bars.Time[i]-start)
	}
	in.Strategy, in.Frames = &seeded, []feature.Frame{frame(bars)}
	m, _ := mustRun(t, in)
	b, err := model.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	if m, err = model.Decode(b); err != nil {
		t.Fatal(err)
	}
	got, err := m.Strategy()
	if err != nil || got.Hash() != seeded.Hash() || got.Base != market.Hour2 || got.Training.Seed != 12345 {
		t.Errorf("the strategy of the model is not the one trained: %v", err)
	}
}

// TestRun_joins_by_key rebuilds every row from features and labels of its own
// symbol and compares. The symbols have different holes, so a join by position
// gives other rows.
func TestRun_joins_by_key(t *testing.T) {
	in := twoSymbols(t, source, 700)
	rows, err := train.Collect(in)
	if err != nil {
		t.Fatal(err)
	}
	type key struct {
		time   int64
		symbol int
	}
	next := map[int64]int{}
	want := map[key]train.Row{}
	total := 0
	for i, f := range in.Frames {
		x, err := feature.Build(t.Context(), in.Strategy, f, market.Span{})
		if err != nil {
			t.Fatal(err)
		}
		l, err := label.Make(in.Strategy.Training.Labels, f.Series[market.Hour1])
		if err != nil {
			t.Fatal(err)
		}
		for k, at := range l.Time {
			if r := slices.Index(x.Time, at); r >= 0 && x.Complete(r) {
				want[key{at, i}] = train.Row{Time: at, End: l.End[k], Class: l.Class[k], Weight: 1, X: x.Row(r)}
				total++
			}
		}
	}
	if len(rows) != total {
		t.Fatalf("%d rows, want %d", len(rows), total)
	}
	for i, got := range rows {
		if i > 0 && rows[i-1].Time > got.Time {
			t.Fatalf("row %d is not in the order of time", i)
		}
		symbol := next[got.Time]
		if _, ok := want[key{got.Time, symbol}]; !ok {
			symbol++
		}
		next[got.Time] = symbol + 1
		if w, ok := want[key{got.Time, symbol}]; !ok || w.Class != got.Class || w.End != got.End || !slices.Equal(w.X, got.X) {
			t.Fatalf("row %d at %d = %+v, want %+v", i, got.Time, got, w)
		}
	}
}

// TestRun_span: bars from the end of the span on change nothing, though the
// frame holds them.
func TestRun_span(t *testing.T) {
	in := twoSymbols(t, source, 1200)
	in.Span = market.Span{From: start + 50*3600, To: start + 900*3600}
	m, e := mustRun(t, in)
	for i, f := range in.Frames {
		in.Frames[i] = frame(f.Series[market.Hour1].Within(market.Span{To: in.Span.To}))
	}
	n, _ := mustRun(t, in)
	if !bytes.Equal(m.Metrics, n.Metrics) {
		t.Error("bars after the span changed the metrics")
	}
	k := m.Manifest
	if k.Training.From < in.Span.From || k.KnownUntil > in.Span.To || k.KnownUntil < k.Training.To || k.KnownUntil > k.Splits.Test.From {
		t.Errorf("trained on %+v and known until %d, want it within %+v", k.Training, k.KnownUntil, in.Span)
	}
	if k.Splits.Train.To > k.Splits.Validation.From || k.Splits.Validation.To > k.Splits.Test.From {
		t.Errorf("splits overlap: %+v", k.Splits)
	}
	d := e.DataSummary
	if total := d.TotalSamples + d.Incomplete + d.Unlabelled + d.Eventless + d.Purged + d.Embargoed; total != d.Bars {
		t.Errorf("%d rows are accounted for, want %d bars: %+v", total, d.Bars, d)
	}
	if d.TrainSplit.Rows+d.ValidateSplit.Rows+d.TestSplit.Rows != d.TotalSamples || d.Purged == 0 {
		t.Errorf("data summary %+v", d)
	}
}

// TestRun_evaluation checks the relations between the numbers.
func TestRun_evaluation(t *testing.T) {
	m, e := mustRun(t, twoSymbols(t, source, 1500))
	tm, q := e.TrainingMetrics, e.Quality
	if tm.EpochsCompleted != 12 || len(tm.History.ValLoss) != 12 || tm.EarlyStopped {
		t.Fatalf("training metrics %+v", tm)
	}
	best := slices.Index(tm.History.ValLoss, slices.Min(tm.History.ValLoss)) + 1
	if tm.BestEpoch != best || tm.FinalValLoss != tm.History.ValLoss[best-1] || *tm.FinalValAccuracy != *tm.History.ValAccuracy[best-1] {
		t.Errorf("best epoch %d with loss %v, want %d with %v: the metrics are not those of the saved weights", tm.BestEpoch, tm.FinalValLoss, best, tm.History.ValLoss[best-1])
	}
	if tm.FinalTrainLoss != q.Train.Loss || e.TestMetrics.TestLoss != q.Test.Loss || e.TestMetrics.TestLossUnweighted != q.Test.LogLoss {
		t.Errorf("summaries differ from the qualities: %+v, %+v", tm, e.TestMetrics)
	}
	c := q.Test.Classification
	named, rows := make([]int, 3), 0
	for truth, line := range c.Confusion {
		sum := 0
		for k, n := range line {
			sum, named[k], rows = sum+n, named[k]+n, rows+n
		}
		if got := c.Classes[truth]; got.Rows != sum || got.Recall != nil && *got.Recall != float64(line[truth])/float64(sum) {
			t.Errorf("class %+v, confusion %v", got, line)
		}
	}
	for k, got := range c.Classes {
		if got.Named != named[k] || got.Class != m.Manifest.Classes[k] {
			t.Errorf("class %+v, want %d rows named %s", got, named[k], m.Manifest.Classes[k])
		}
	}
	if rows != q.Test.Rows || c.BalancedAccuracy != c.Recall {
		t.Errorf("%d rows in the confusion of %d", rows, q.Test.Rows)
	}
	baseline := 0.0
	for class, rows := range e.DataSummary.TestSplit.Classes {
		share := float64(e.DataSummary.TrainSplit.Classes[class]+1) / float64(q.Train.Rows+3)
		baseline -= float64(rows) / float64(q.Test.Rows) * math.Log(share)
	}
	if math.Abs(c.BaselineLogLoss-baseline) > 1e-6 {
		t.Errorf("baseline log loss %v, want %v from the class shares of the training part", c.BaselineLogLoss, baseline)
	}
	if e.ModelInfo.Architecture != "mlp 5-16-8-3 tanh" || e.ModelInfo.ParametersCount != 5*16+16+16*8+8+8*3+3 {
		t.Errorf("model info %+v", e.ModelInfo)
	}
}

// TestRun_losses computes both test losses from the outputs of the saved
// weights.
func TestRun_losses(t *testing.T) {
	in := twoSymbols(t, source, 900)
	m, e := mustRun(t, in)
	rows, err := train.Collect(in)
	if err != nil {
		t.Fatal(err)
	}
	var weighted, weights, plain float64
	test := rows[len(rows)-e.Quality.Test.Rows:] // nothing is dropped from the end
	for _, r := range test {
		p := nn.Softmax(nil, m.Network.Infer(nil, r.X, 1), 3)
		loss, w := -math.Log(float64(p[r.Class])), float64(e.DataSummary.ClassWeights[r.Class])
		plain += loss / float64(len(test))
		weighted += w * loss
		weights += w
	}
	if got := e.TestMetrics; math.Abs(got.TestLoss-weighted/weights) > 1e-6 || math.Abs(got.TestLossUnweighted-plain) > 1e-6 || math.Abs(plain-weighted/weights) < 1e-5 {
		t.Errorf("test loss %v, unweighted %v, want %v and %v", got.TestLoss, got.TestLossUnweighted, weighted/weights, plain)
	}
}

// TestEvaluation_json holds the names of the REST API.
func TestEvaluation_json(t *testing.T) {
	for name, src := range map[string]string{"classes": source, "regression": regressionSource} {
		m, _ := mustRun(t, twoSymbols(t, src, 600))
		var got map[string]any
		if err := json.Unmarshal(m.Metrics, &got); err != nil {
			t.Fatal(err)
		}
		for part, keys := range map[string][]string{
			"training_metrics": {"final_train_loss", "final_val_loss", "final_train_accuracy", "final_val_accuracy", "epochs_completed", "early_stopped"},
			"test_metrics":     {"test_loss", "test_accuracy", "precision", "recall", "f1_score"},
			"model_info":       {"parameters_count", "trainable_parameters", "architecture"},
			"data_summary":     {"symbols", "timeframes", "start_date", "end_date", "total_samples", "feature_count"},
		} {
			object, _ := got[part].(map[string]any)
			for _, key := range keys {
				if _, ok := object[key]; !ok {
					t.Errorf("%s: %s has no %s, only %v", name, part, key, slices.Sorted(maps.Keys(object)))
				}
			}
		}
	}
}

// up, still and stairs are by which factor the price of bar i grows.
func up(int) float64    { return 1.001 }
func still(int) float64 { return 1 }
func stairs(i int) float64 {
	if i/60%2 == 0 {
		return 1
	}
	return 1.002
}

// moving gives in the strategy src and bars whose prices grow by a factor each.
func moving(in *train.Input, factor func(i int) float64, src string) {
	for i, f := range in.Frames {
		s := f.Series[market.Hour1]
		all, price := market.NewSeries(s.Symbol, s.Timeframe, s.Len()), 100.0
		for i, at := range s.Time {
			next := price * factor(i)
			all.Append(market.Bar{Time: at, Open: price, High: next, Low: price, Close: next, Volume: 1})
			price = next
		}
		in.Frames[i] = frame(all)
	}
	s, err := grammar.Parse("test_momentum.yaml", []byte(src))
	if err != nil {
		panic(err)
	}
	in.Strategy = s
}

func TestRun_refuses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*train.Input)
		want   []string
	}{
		"too_few_rows": {func(in *train.Input) { in.Span.To = start + 60*3600 },
			[]string{"want at least 50 training", "longer date range", "of 118 bars"}},
		"empty_span":        {func(in *train.Input) { in.Span.From = start + 10_000*3600 }, []string{"have 0, 0 and 0", "of 0 bars"}},
		"symbol_missing":    {func(in *train.Input) { in.Frames = in.Frames[:1] }, []string{"no bars of BBB"}},
		"symbol_besides":    {func(in *train.Input) { in.Frames = append(in.Frames, frame(trending("CCC", 1, 100, nil))) }, []string{"3 symbols"}},
		"timeframe_missing": {func(in *train.Input) { in.Frames[1].Series = nil }, []string{"BBB", "1h"}},
		"one_class": {func(in *train.Input) { moving(in, up, source) },
			[]string{"training rows are of the one class BUY (BUY", "HOLD 0, SELL 0), so there is nothing to learn", "other bars", "under training.labels: entry, classes, pt_multiplier"}},
		"one_class_in_folds": {func(in *train.Input) {
			moving(in, up, strings.Replace(source, "  seed: 3", "  ensemble: {folds: 2}\n  seed: 3", 1))
		}, []string{"fold 1: all", "of the one class BUY"}},
		"empty_class": {func(in *train.Input) { moving(in, stairs, source) }, []string{"none of the", "training rows is of class SELL (BUY", "so the model could never tell it", "longer date range"}},
		"one_target":  {func(in *train.Input) { moving(in, still, regressionSource) }, []string{"the target of all", "training rows is 0, so there is nothing to learn", "horizon"}},
		"no_label": {func(in *train.Input) {
			moving(in, still, strings.Replace(source, "triple_barrier, pt_multiplier: 4, sl_multiplier: 4, max_holding_period: 24, vol_span: 20", "zigzag", 1))
		}, []string{"no label at any of the", "zigzag labels find nothing there", "zigzag_threshold, label_lookahead"}},
	} {
		t.Run(name, func(t *testing.T) {
			in := twoSymbols(t, source, 600)
			c.change(&in)
			_, _, err := train.Run(t.Context(), in, nil)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range append(c.want, "test_momentum") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q, want it to say %q", err, want)
				}
			}
		})
	}
}

// TestRun_absent_class trains on labels of which one class never occurs.
func TestRun_absent_class(t *testing.T) {
	src := strings.Replace(source, "max_holding_period: 24", "max_holding_period: 300", 1) // never too short, so never HOLD
	m, e := mustRun(t, twoSymbols(t, src, 2500))
	if hold := e.DataSummary.TrainSplit.Classes["HOLD"]; hold != 0 {
		t.Fatalf("%d rows of HOLD, the test wants none", hold)
	}
	if len(m.Manifest.Classes) != 3 || m.Network.Config().Outputs != 3 {
		t.Errorf("classes %v, want all three", m.Manifest.Classes)
	}
	if len(e.Warnings) != 1 || !strings.Contains(e.Warnings[0], "HOLD") {
		t.Errorf("warnings %q, want one about HOLD", e.Warnings)
	}
	if q := e.Quality.Test; math.IsInf(q.BaselineLogLoss, 0) || q.Classes[1].Recall != nil && q.Classes[1].Rows == 0 {
		t.Errorf("test quality %+v", q.Classification)
	}
}

func TestRun_cancel(t *testing.T) {
	cause := errors.New("no longer wanted")
	for _, phase := range []string{train.PhaseFeatures, train.PhaseLabels, train.PhaseTraining, train.PhaseEvaluation} {
		t.Run(phase, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			after := 0
			_, _, err := train.Run(ctx, twoSymbols(t, source, 900), func(p train.Progress) {
				if context.Cause(ctx) != nil {
					after++
				}
				if p.Phase == phase {
					cancel(cause)
				}
			})
			if !errors.Is(err, cause) || after > 1 {
				t.Errorf("error %v and %d reports after it, want the cause at once", err, after)
			}
		})
	}
}

func TestRun_progress(t *testing.T) {
	last, phases := -1.0, []string{}
	_, _, err := train.Run(t.Context(), twoSymbols(t, source, 900), func(p train.Progress) {
		if p.Percent < last {
			t.Errorf("progress falls from %v to %v", last, p.Percent)
		}
		last = p.Percent
		if !slices.Contains(phases, p.Phase) {
			phases = append(phases, p.Phase)
		}
		if _, err := json.Marshal(p); err != nil {
			t.Errorf("progress %+v: %v", p, err)
		}
	})
	if err != nil || last != 100 {
		t.Errorf("ended at %v percent: %v", last, err)
	}
	if want := []string{"features", "labels", "training", "evaluation"}; !slices.Equal(phases, want) {
		t.Errorf("phases %v, want %v", phases, want)
	}
}
