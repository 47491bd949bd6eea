package train_test

import (
	"bytes"
	"encoding/json"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/model"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/core/train"
)

// several asks for two seeds on each of three folds, with calibration.
func several(src string) string {
	return strings.NewReplacer("epochs: 12", "epochs: 3\n  ensemble: {seeds: 2, folds: 3}\n  calibration: temperature", "hidden_layers: [16, 8]", "hidden_layers: [6]").Replace(src)
}

// TestSeveral: a model of several networks has the same bytes for any number of
// threads, comes back from its bytes, and answers with the mean.
func TestSeveral(t *testing.T) {
	in := twoSymbols(t, several(source), 900)
	m, e, err := train.Run(t.Context(), in, nil)
	if err != nil {
		t.Fatal(err)
	}
	content := artifact(t, in)
	for _, threads := range []int{2, 4, 9} {
		in.Threads = threads
		if again := artifact(t, in); !bytes.Equal(content, again) {
			t.Errorf("%d threads make another model", threads)
		}
	}
	decoded, err := model.Decode(content)
	if err != nil {
		t.Fatal(err)
	}
	fewer := m
	if fewer.Others = m.Others[:4]; len(m.Others) != 5 || !refusedByModel(fewer) {
		t.Error("a model that lacks a network is written")
	}
	colder := m
	colder.Manifest.Members = slices.Clone(m.Manifest.Members)
	if colder.Manifest.Members[3].Temperature = 0; !refusedByModel(colder) {
		t.Error("a model that lacks a temperature is written")
	}
	if len(m.Others) != 5 || len(decoded.Others) != 5 || len(e.Members) != 6 {
		t.Fatalf("%d further networks, %d decoded, %d members; want 5, 5 and 6", len(m.Others), len(decoded.Others), len(e.Members))
	}
	x := make([]float32, 2*len(m.Manifest.Features.Names))
	for i := range x {
		x[i] = float32(i%5) / 4
	}
	ends := []int32{0, 1}
	want := make([]float64, 2*3)
	for k, n := range append([]interface {
		InferAt(dst, x []float32, ends []int32) []float32
	}{m.Network}, m.Others[0], m.Others[1], m.Others[2], m.Others[3], m.Others[4]) {
		z := n.InferAt(nil, x, ends)
		for row := range 2 {
			sum := 0.0
			for c := range 3 {
				sum += math.Exp(float64(z[3*row+c]) / m.Manifest.Members[k].Temperature)
			}
			for c := range 3 {
				want[3*row+c] += math.Exp(float64(z[3*row+c])/m.Manifest.Members[k].Temperature) / sum / 6
			}
		}
	}
	c := model.Committee{Networks: append(slices.Clip(decoded.Others[:0]), decoded.Network), Temperatures: []float64{m.Manifest.Members[0].Temperature}, Classes: true}
	for k, n := range decoded.Others {
		c.Networks, c.Temperatures = append(c.Networks, n), append(c.Temperatures, m.Manifest.Members[k+1].Temperature)
	}
	for i, z := range c.InferAt(nil, x, ends) {
		if p := math.Exp(float64(z)); math.Abs(p-want[i]) > 1e-5 {
			t.Errorf("mean probability %d is %v, want %v", i, p, want[i])
		}
	}
}

// TestSeveral_evaluation: every network is judged by itself, on rows it was not
// trained on, and all of them together.
func TestSeveral_evaluation(t *testing.T) {
	for name, src := range map[string]string{"classes": several(source), "numbers": strings.Replace(several(regressionSource), "  calibration: temperature\n", "", 1)} {
		t.Run(name, func(t *testing.T) {
			in := twoSymbols(t, src, 900)
			m, e, err := train.Run(t.Context(), in, nil)
			if err != nil {
				t.Fatal(err)
			}
			rows := 0
			for i, q := range e.Members {
				if q.Fold != i/2+1 || q.Seed != uint64(3+i%2) || q.Purged == 0 || q.TrainRows < q.ValidationRows || q.Test.Rows != e.Quality.Test.Rows || q.BestEpoch == 0 {
					t.Errorf("member %d: %+v", i, q)
				}
				rows += q.ValidationRows
			}
			if rows != 2*e.Quality.Validation.Rows || rows != 2*e.Quality.Train.Rows {
				t.Errorf("the folds validate %d rows by two networks each, the whole says %d of %d", rows, e.Quality.Validation.Rows, e.Quality.Train.Rows)
			}
			if m.Manifest.KnownUntil != m.Manifest.Splits.Test.From || m.Manifest.Temperature != 0 {
				t.Errorf("manifest %+v", m.Manifest)
			}
			if _, err := json.Marshal(e); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestSeveral_seeds: the first of several networks on one fold is the network that
// there is alone.
func TestSeveral_seeds(t *testing.T) {
	src := strings.Replace(source, "epochs: 12", "epochs: 3", 1)
	alone, _, err := train.Run(t.Context(), twoSymbols(t, src, 500), nil)
	if err != nil {
		t.Fatal(err)
	}
	m, e, err := train.Run(t.Context(), twoSymbols(t, strings.Replace(src, "seed: 3", "seed: 3\n  ensemble: {seeds: 3}", 1), 500), nil)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := alone.Network.AppendSafetensors(nil)
	b, _ := m.Network.AppendSafetensors(nil)
	c, _ := m.Others[0].AppendSafetensors(nil)
	if !bytes.Equal(a, b) || bytes.Equal(a, c) {
		t.Error("want the first network to be that of the seed, and the second another")
	}
	if len(e.Members) != 3 || e.Members[0].Purged != 0 || e.Quality.Validation.Rows != e.Members[0].ValidationRows {
		t.Errorf("members %+v", e.Members)
	}
}

// TestSeveral_resumed: stopped anywhere and resumed, it makes the same model.
func TestSeveral_resumed(t *testing.T) {
	src := strings.Replace(several(source), "folds: 3", "folds: 2", 1)
	whole := artifact(t, twoSymbols(t, src, 400))
	for _, n := range []int{1, 7, 19, 30, 44, 60} {
		in := twoSymbols(t, src, 400)
		state := interrupt(t, in, n)
		if state == nil {
			t.Fatalf("no state at report %d", n)
		}
		in.Resume, in.Threads = state, 3
		if !bytes.Equal(artifact(t, in), whole) {
			t.Errorf("resumed from report %d it is another model", n)
		}
	}
	for _, n := range []int{2, 15, 38} {
		in := twoSymbols(t, src, 400)
		for _, in.Threads = range []int{3, 2} { // interrupted twice
			in.Resume = interrupt(t, in, n)
		}
		in.Threads = 1
		if !bytes.Equal(artifact(t, in), whole) {
			t.Errorf("interrupted at report %d of networks side by side it is another model", n)
		}
	}
	in := twoSymbols(t, src, 400)
	state := interrupt(t, in, 30)
	for name, b := range map[string][]byte{"damaged": append(bytes.Clone(state[:len(state)-40]), state[len(state)-39:]...), "short": state[:20], "of_one": interrupt(t, twoSymbols(t, source, 400), 9)} {
		if in.Resume = b; !refused(t, in) {
			t.Errorf("%s: the state is taken", name)
		}
	}
	other := twoSymbols(t, strings.Replace(src, "learning_rate: 0.01", "learning_rate: 0.02", 1), 400)
	if other.Resume = state; !refused(t, other) {
		t.Error("a state of another strategy is taken")
	}
}

// TestSeveral_side_by_side: with two threads the second network begins before the
// first ends, and what is told about all of them only rises.
func TestSeveral_side_by_side(t *testing.T) {
	const epochs = 40
	in := twoSymbols(t, strings.Replace(several(source), "epochs: 3", "epochs: 40", 1), 900)
	in.Threads = 2
	together := false
	in.Checkpoint = func(p train.Progress, state func() ([]byte, error)) {
		runtime.Gosched() // where there is one core, the other network has it now
		b, err := state()
		if err != nil {
			t.Error(err)
		}
		if begun := train.Begun(b); p.Epoch <= epochs && begun > 1 {
			together = true
		}
	}
	for runs := 0; !together; runs++ { // a busy machine may give both the same core, one after the other
		if runs == 50 {
			t.Fatal("the second network begins when the first has ended")
		}
		last := train.Progress{}
		if _, _, err := train.Run(t.Context(), in, func(p train.Progress) {
			if p.Percent < last.Percent || p.Phase == train.PhaseTraining && (p.Epoch < last.Epoch || p.Epoch > p.Epochs) {
				t.Errorf("%+v after %+v", p, last)
			}
			last = p
		}); err != nil {
			t.Fatal(err)
		}
	}
}

func refused(t *testing.T, in train.Input) bool {
	t.Helper()
	_, _, err := train.Run(t.Context(), in, nil)
	return err != nil
}

// TestFolds_no_leak: whatever the rows, no training row of a fold shares time with
// what the labels and windows of its validation rows read, and every row of the
// part validates once at most.
func TestFolds_no_leak(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(40, 200).Draw(t, "rows")
		window := rapid.IntRange(0, 4).Draw(t, "window")
		samples := make([]train.Sample, n)
		at := int64(0)
		for i := range samples {
			if i > 0 {
				at += int64(rapid.IntRange(0, 3).Draw(t, "step")) // 0: a row of another symbol
			}
			samples[i] = train.Sample{Time: at, Begin: at - int64(window), End: at + int64(rapid.IntRange(1, 9).Draw(t, "ahead"))}
		}
		o := strategy.Training{Split: strategy.Split{Train: 0.7, Validation: 0.15, Test: 0.15}, EmbargoBars: rapid.IntRange(0, 3).Draw(t, "embargo"),
			Ensemble: strategy.Ensemble{Seeds: 1, Folds: rapid.IntRange(2, 6).Draw(t, "folds")}}
		folds, test := train.Folds(samples, o)
		validated := map[int]bool{}
		for k, f := range folds {
			for _, v := range f.Validation {
				if validated[v] {
					t.Fatalf("row %d validates twice", v)
				}
				validated[v] = true
				for _, r := range f.Train {
					a, b := samples[r], samples[v]
					if a.Begin < b.End && b.Time < a.Time || a.Time <= b.Time && b.Time < a.End || a.Time == b.Time {
						t.Fatalf("fold %d trains on row %+v and validates by %+v", k, a, b)
					}
				}
			}
			for _, r := range append(slices.Clone(f.Train), f.Validation...) {
				for _, x := range test {
					if samples[r].End > samples[x].Time || samples[x].Begin < samples[r].Time {
						t.Fatalf("fold %d knows of the test row %+v by %+v", k, samples[x], samples[r])
					}
				}
			}
		}
	})
}

func refusedByModel(m model.Model) bool {
	_, err := model.Encode(m)
	return err != nil
}
