package job_test

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/data/sample"
	"github.com/ktrdr/ktrdr/internal/work/job"
)

// TestAnswersAreThoseOfOneBarAfterAnother holds what jobs get from the cache, from files
// and from a model asked at many bars side by side to the model asked at one after the
// other: a model of rows and one of windows, from the first bar held, where nothing is
// known yet, and from a later one, and of more bars than are asked at a time.
func TestAnswersAreThoseOfOneBarAfterAnother(t *testing.T) {
	w := newWorld()
	long := sample.Generate(sample.Options{Symbol: "SAMPLE", Timeframe: market.Hour1, Seed: 3, Bars: 20_000})
	text := strings.Replace(exampleStrategy(t), "epochs: 4", "epochs: 1", 1)
	at := strings.Index(text, "model:")
	end := at + strings.Index(text[at:], "\ntraining:")
	for name, model := range map[string]string{"rows": text[at:end], "windows": "model: {type: lstm, architecture: {hidden_size: 4, num_layers: 1, sequence_length: 12}}"} {
		train, bars := trainingOrder(t, w)
		train.StrategyYAML = text[:at] + model + text[end:]
		answer, err := w.run(t, job.Training(), train)
		if err != nil {
			t.Fatal(err)
		}
		var result job.TrainingResult
		if err := json.Unmarshal(answer, &result); err != nil {
			t.Fatal(err)
		}
		later := backtestOrder(t, w, result, train, bars)
		whole := later
		whole.Data, whole.StartDate, whole.EndDate, whole.Threads = []wire.DataRef{w.snapshot(t, long)}, market.Stamp(long.Time[0]), market.Stamp(long.Time[19_999]), 3
		dir := t.TempDir()
		kept := openKept(t, dir, 1<<30)
		for _, order := range []wire.BacktestOrder{later, whole} {
			want, err := job.AskedOneByOne(t.Context(), w, order)
			if err != nil {
				t.Fatal(err)
			}
			if slices.Contains(want.Known, false) != (order.Threads == 3) {
				t.Fatal("at the first bars held something is known, or not at later ones")
			}
			for _, from := range []string{"asked", "memory", "files"} {
				if from == "files" {
					kept = openKept(t, dir, 0)
				}
				got, err := job.Asked(t.Context(), w, kept, order)
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(got.Known, want.Known) || !slices.Equal(got.Signals, want.Signals) {
					t.Fatalf("%s, %s: not the bars that are known, or not what is said at them", name, from)
				}
				width := len(want.Outputs) / len(want.Known)
				for i, v := range got.Outputs {
					if want.Known[i/width] && math.Float32bits(v) != math.Float32bits(want.Outputs[i]) {
						t.Fatalf("%s, %s: output %d of bar %d is %v, want %v", name, from, i%width, i/width, v, want.Outputs[i])
					}
				}
			}
		}
	}
}

func TestSignalsAreCounted(t *testing.T) {
	if size := unsafe.Sizeof(decision.Raw{}); job.RawBytes != size {
		t.Errorf("a signal is counted as %d bytes and has %d", job.RawBytes, size)
	}
}

// TestSignalsAreOfTheirCosts: what is a signal of a regression is another thing at other
// costs, whoever asked before.
func TestSignalsAreOfTheirCosts(t *testing.T) {
	w := newWorld()
	train, bars := trainingOrder(t, w)
	train.StrategyName, train.StrategyYAML = "forward_return", replaced(t, example(t, "forward_return"), "symbol: EURUSD", "symbol: SAMPLE", "epochs: 40", "epochs: 1")
	answer, err := w.run(t, job.Training(), train)
	if err != nil {
		t.Fatal(err)
	}
	var result job.TrainingResult
	if err := json.Unmarshal(answer, &result); err != nil {
		t.Fatal(err)
	}
	kept := openKept(t, t.TempDir(), 1<<30)
	signals := map[string]int{}
	for _, cost := range []string{"0.0005", "0.00001", "0.5"} {
		order := backtestOrder(t, w, result, train, bars)
		order.StrategyYAML = replaced(t, train.StrategyYAML, "round_trip_cost: 0.0005", "round_trip_cost: "+cost)
		want, err := job.AskedOneByOne(t.Context(), w, order)
		if err != nil {
			t.Fatal(err)
		}
		got, err := job.Asked(t.Context(), w, kept, order)
		if err != nil || !slices.Equal(got.Signals, want.Signals) {
			t.Errorf("at costs of %s other signals than those of one bar after the other: %v", cost, err)
		}
		for _, raw := range want.Signals {
			if raw.Signal != 0 {
				signals[cost]++
			}
		}
	}
	if signals["0.00001"] == 0 || signals["0.5"] != 0 {
		t.Errorf("signals at each cost: %v", signals)
	}
}
