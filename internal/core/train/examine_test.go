package train_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/model"
	"github.com/ktrdr/ktrdr/internal/core/nn"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/core/train"
)

// TestCalibrate draws classes from the softmax of outputs and hands over the
// outputs three times as large: the temperature is three.
func TestCalibrate(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	s := &strategy.Strategy{Training: strategy.Training{Calibration: strategy.CalibrationTemperature}}
	outputs, class := make([]float32, 0, 60_000), make([]int32, 20_000)
	for i := range class {
		z := []float32{float32(rng.NormFloat64()), float32(rng.NormFloat64()), float32(rng.NormFloat64())}
		p, draw := nn.Softmax(nil, z, 3), rng.Float32()
		for class[i] < 2 && draw > p[class[i]] {
			draw -= p[class[i]]
			class[i]++
		}
		outputs = append(outputs, 3*z[0], 3*z[1], 3*z[2])
	}
	c := train.Calibrate(s, outputs, 3, class)
	if math.Abs(c.Temperature-3) > 0.1 || c.LogLossAfter >= c.LogLossBefore {
		t.Errorf("calibration %+v, want a temperature of 3", *c)
	}
	s.Training.Calibration = strategy.CalibrationNone
	if c := train.Calibrate(s, outputs, 3, class); c != nil {
		t.Errorf("calibration %+v without being asked", *c)
	}
}

// TestRun_calibration: the temperature is in the artifact, inference divides by
// it, and the quality is that of the calibrated probabilities.
func TestRun_calibration(t *testing.T) {
	in := twoSymbols(t, source, 600)
	plain, before := mustRun(t, in)
	in.Strategy = parse(t, strings.Replace(source, "seed: 3", "calibration: temperature\n  seed: 3", 1))
	m, e := mustRun(t, in)
	if plain.Manifest.Temperature != 0 || before.Calibration != nil {
		t.Errorf("temperature %v without being asked", plain.Manifest.Temperature)
	}
	if e.Calibration == nil || m.Manifest.Temperature != e.Calibration.Temperature || e.Calibration.LogLossAfter > e.Calibration.LogLossBefore {
		t.Fatalf("temperature %v in the artifact, calibration %+v", m.Manifest.Temperature, e.Calibration)
	}
	if got := e.Quality.Validation.LogLoss; got != e.Calibration.LogLossAfter || e.Quality.Validation.Brier == before.Quality.Validation.Brier {
		t.Errorf("log loss %v and brier score %v are not of the calibrated probabilities", got, e.Quality.Validation.Brier)
	}
	x, _, err := m.Features(t.Context(), in.Strategy, in.Frames[0], market.Span{})
	if err != nil {
		t.Fatal(err)
	}
	readable := model.Readable(x, 1)
	got, raw := m.Outputs(x, readable, 100, 110), plain.Outputs(x, readable, 100, 110)
	for i := range raw {
		if got[i] != raw[i]/float32(m.Manifest.Temperature) {
			t.Fatalf("output %d is %v, want %v at temperature %v", i, got[i], raw[i], m.Manifest.Temperature)
		}
	}
	m.Manifest.Temperature = 0
	if _, err := model.Encode(m); err == nil || !strings.Contains(err.Error(), "temperature") {
		t.Errorf("a calibrated model without a temperature is written, error %v", err)
	}
}

// TestClassification_reliable works four rows out by hand.
func TestClassification_reliable(t *testing.T) {
	q := train.Reliable([]float32{0.75, 0.25, 0.25, 0.75, 0.5, 0.5, 1, 0}, 2, []int32{0, 0, 1, 0})
	// (0.0625·2 + 0.5625·2 + 0.25·2 + 0) / 4
	if math.Abs(q.Brier-0.4375) > 1e-12 {
		t.Errorf("brier score %v, want 0.4375", q.Brier)
	}
	// 0.7..0.8: two rows, sure 0.75, right 0.5; 0.4..0.5: one, 0.5, 0; 0.9..1: one, 1, 1.
	if want := 0.5*0.25 + 0.25*0.5; math.Abs(q.CalibrationError-want) > 1e-12 {
		t.Errorf("calibration error %v, want %v", q.CalibrationError, want)
	}
	var rows []int
	for _, b := range q.Reliability {
		rows = append(rows, b.Rows)
	}
	if want := []int{0, 0, 0, 0, 1, 0, 0, 2, 0, 1}; !slices.Equal(rows, want) {
		t.Errorf("rows per bin %v, want %v", rows, want)
	}
	// Of equals the first class is named, which was wrong in the third row.
	if b := q.Reliability[4]; *b.Accuracy != 0 {
		t.Errorf("accuracy of equals %v, want 0", *b.Accuracy)
	}
	if b := q.Reliability[7]; *b.Confidence != 0.75 || *b.Accuracy != 0.5 || q.Reliability[0].Accuracy != nil {
		t.Errorf("bins %+v", q.Reliability)
	}
}

// TestImportance: an input that the network multiplies by nothing has none, the
// one that it goes by has the most, and the same seed says the same.
func TestImportance(t *testing.T) {
	n, err := nn.ParseSafetensors(linear(t), nn.Config{Inputs: 3, Outputs: 1})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	d := nn.Data{}
	for range 5000 {
		x := []float32{rng.Float32(), rng.Float32(), rng.Float32()}
		d.X = append(d.X, x...)
		d.Target, d.Weight = append(d.Target, 2*x[0]+0.5*x[2]), append(d.Weight, 1)
	}
	loss := nn.Loss{Kind: nn.MSE}
	got, err := train.ImportanceOf(n, d, loss, 7)
	if err != nil {
		t.Fatal(err)
	}
	// A permutation of uniform x costs w²·2·Var(x) = w²/6.
	for i, want := range []float64{4.0 / 6, 0, 0.25 / 6} {
		if math.Abs(got[i].LossIncrease-want) > 0.05*want {
			t.Errorf("input %d: loss rises by %v, want %v", i, got[i].LossIncrease, want)
		}
	}
	if again, _ := train.ImportanceOf(n, d, loss, 7); !slices.Equal(again, got) {
		t.Error("another importance with the same seed")
	}
}

// TestImportance_windows: of a recurrent network the whole window of a feature is
// exchanged, by the permutation that seed and feature give.
func TestImportance_windows(t *testing.T) {
	const rows, window, inputs = 40, 3, 2
	n, err := nn.New(nn.Config{Cell: nn.GRU, Window: window, Inputs: inputs, Hidden: []int{4}, Outputs: 1}, nn.InitStream(3))
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 3))
	d := nn.Data{}
	for i := range rows + window - 1 {
		d.X = append(d.X, 4*rng.Float32()-2, 4*rng.Float32()-2)
		if i >= window-1 {
			d.At, d.Target, d.Weight = append(d.At, int32(i)), append(d.Target, rng.Float32()), append(d.Weight, 1+rng.Float32())
		}
	}
	loss := nn.Loss{Kind: nn.MSE}
	got, err := train.ImportanceOf(n, d, loss, 7)
	if err != nil {
		t.Fatal(err)
	}
	base := loss.MeanLoss(n.InferAt(nil, d.X, d.At), 1, d)
	for column := range inputs {
		var x []float32
		for i, from := range rand.New(rand.NewPCG(7, uint64(column))).Perm(rows) {
			for step := range window {
				for c := range inputs {
					row := i + step
					if c == column {
						row = from + step
					}
					x = append(x, d.X[row*inputs+c])
				}
			}
		}
		if want := loss.MeanLoss(n.Infer(nil, x, rows), 1, d) - base; got[column].LossIncrease != want || want == 0 {
			t.Errorf("input %d: loss rises by %v, want %v", column, got[column].LossIncrease, want)
		}
	}
}

// linear returns a network that puts out 2 x[0] + x[2]/2.
func linear(t *testing.T) []byte {
	n, err := nn.New(nn.Config{Inputs: 3, Outputs: 1}, nn.InitStream(1))
	if err != nil {
		t.Fatal(err)
	}
	b, err := n.AppendSafetensors(nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range []float32{2, 0, 0.5, 0} {
		u := math.Float32bits(v)
		copy(b[len(b)-16+4*i:], []byte{byte(u), byte(u >> 8), byte(u >> 16), byte(u >> 24)})
	}
	return b
}

// TestRun_importance: every feature is there, and those of momentum matter.
func TestRun_importance(t *testing.T) {
	for _, src := range []string{source, lstm(source)} {
		_, e := mustRun(t, twoSymbols(t, src, 900))
		var names []string
		most := 0.0
		for _, i := range e.Importance {
			names = append(names, i.Feature)
			most = max(most, i.LossIncrease)
		}
		if want := []string{"1h_level_low", "1h_level_high", "1h_move_down", "1h_move_flat", "1h_move_up"}; !slices.Equal(names, want) || most < 0.01 {
			t.Errorf("importance %v, want one of %v to matter", e.Importance, want)
		}
	}
}

// TestRun_diverged: the error says where, and which features are large.
func TestRun_diverged(t *testing.T) {
	src := strings.NewReplacer("learning_rate: 0.01", "learning_rate: 1\n  optimizer: sgd\n  momentum: 0.99\n  gradient_clip: 0\n  loss: mse",
		"\n  loss: huber\n  huber_delta: 0.02", "", "activation: tanh", "activation: relu",
		"nn_inputs:\n", "nn_inputs:\n  - {raw_indicator: rsi_7, timeframes: all, normalization: none}\n").Replace(regressionSource)
	_, _, err := train.Run(t.Context(), twoSymbols(t, src, 500), nil)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"diverged in epoch 1 batch", "the features with the largest values", "1h_rsi_7"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want it to say %q", err, want)
		}
	}
}

// TestRun_rows_out_of_reach: a network that was trained well and is asked far
// outside of what it learnt says where, and by which features.
func TestRun_rows_out_of_reach(t *testing.T) {
	t.Run("test", func(t *testing.T) { outOfReach(t, 470, "test rows", "is +Inf", "look at the bars", "1h_roc_12") })
	t.Run("validation", func(t *testing.T) {
		outOfReach(t, 400, "training diverged in epoch 1: the validation loss is +inf", "the 108 validation rows: 1h_roc_12_raw from -7.03407 to 9.72499e+37, mean 2.69309e+36; 1h_level_low from 0 to 1, mean 0.835749; 1h_level_high")
	})
}

// outOfReach has prices leap at a bar of 500.
func outOfReach(t *testing.T, leaps int, wants ...string) {
	const bars = 500
	src := strings.NewReplacer("loss: huber\n  huber_delta: 0.02", "loss: mse", "activation: tanh", "activation: leaky_relu",
		"nn_inputs:\n", "nn_inputs:\n  - {raw_indicator: roc_12, timeframes: all, normalization: none}\n").Replace(regressionSource)
	in := twoSymbols(t, src, bars)
	for _, f := range in.Frames {
		s := f.Series[market.Hour1]
		for i := leaps; i < s.Len(); i++ {
			for _, column := range [][]float64{s.Open, s.High, s.Low, s.Close} {
				column[i] *= 1e36
			}
		}
	}
	_, _, err := train.Run(t.Context(), in, nil)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range wants {
		if !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(want)) {
			t.Errorf("error %v, want it to say %q", err, want)
		}
	}
}
