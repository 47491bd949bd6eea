package nn_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/nn"
	"github.com/ktrdr/ktrdr/internal/core/rate"
)

// cellLoss is the weighted mean loss of a recurrent network in float64, the slow
// and obvious way. Parameters stand in the order of the state dictionary.
func cellLoss(c nn.Config, w []float64, l nn.Loss, d nn.Data, factor func(row, step, layer int) []float32) float64 {
	sum, weights := 0.0, 0.0
	for i := range d.Len() {
		var seq [][]float64
		for t := int(d.At[i]) - c.Window + 1; t <= int(d.At[i]); t++ {
			seq = append(seq, float64s(d.X[t*c.Inputs:(t+1)*c.Inputs]))
		}
		loss, _ := rowLoss(l, cellOutputs(c, w, seq, func(step, layer int) []float32 {
			if factor == nil {
				return nil
			}
			return factor(i, step, layer)
		}), d, i)
		sum += rowWeight(l, d, i) * loss
		weights += rowWeight(l, d, i)
	}
	return sum / weights
}

func cellOutputs(c nn.Config, w []float64, seq [][]float64, factor func(step, layer int) []float32) []float64 {
	h := c.Hidden[0]
	k := map[nn.Cell]int{nn.LSTM: 4, nn.GRU: 3}[c.Cell]
	for layer := range c.Hidden {
		in := len(seq[0])
		wx, wh := w[:k*h*in], w[k*h*in:k*h*(in+h)]
		bx, bh := w[k*h*(in+h):k*h*(in+h+1)], w[k*h*(in+h+1):k*h*(in+h+2)]
		w = w[k*h*(in+h+2):]
		state, cell := make([]float64, h), make([]float64, h)
		for t, x := range seq {
			onInput, onState := make([]float64, k*h), make([]float64, k*h)
			for j := range onInput {
				for i, v := range x {
					onInput[j] += v * wx[j*in+i]
				}
				for i, v := range state {
					onState[j] += v * wh[j*h+i]
				}
				onInput[j] += bx[j]
				onState[j] += bh[j]
			}
			sigmoid := func(j int) float64 { return 1 / (1 + math.Exp(-onInput[j]-onState[j])) }
			next := make([]float64, h)
			for j := range next {
				if c.Cell == nn.GRU {
					n := math.Tanh(onInput[2*h+j] + sigmoid(j)*onState[2*h+j])
					next[j] = (1-sigmoid(h+j))*n + sigmoid(h+j)*state[j]
					continue
				}
				cell[j] = sigmoid(h+j)*cell[j] + sigmoid(j)*math.Tanh(onInput[2*h+j]+onState[2*h+j])
				next[j] = sigmoid(3*h+j) * math.Tanh(cell[j])
			}
			state = next
			seq[t] = slices.Clone(next)
			if f := factor(t, layer); f != nil && (layer < len(c.Hidden)-1 || t == len(seq)-1) {
				for j := range seq[t] {
					seq[t][j] *= float64(f[j])
				}
			}
		}
	}
	out := make([]float64, c.Outputs)
	for j := range out {
		out[j] = w[c.Outputs*h+j]
		for i, v := range seq[len(seq)-1] {
			out[j] += v * w[j*h+i]
		}
	}
	return out
}

// windows returns random rows and windows that end at random ones of them.
func windows(rng *rand.Rand, c nn.Config, kind nn.LossKind, rows int) nn.Data {
	d := problem(rng, c, kind, rows, true)
	for range rows {
		d.At = append(d.At, int32(c.Window-1+rng.IntN(rows-c.Window+1)))
	}
	return d
}

// TestCells_gradient holds gradients and losses to central finite differences of
// the float64 network.
func TestCells_gradient(t *testing.T) {
	for _, cell := range []nn.Cell{nn.LSTM, nn.GRU} {
		for _, hidden := range [][]int{{4}, {5, 5}} {
			for _, dropout := range []float64{0, 0.3} {
				t.Run(fmt.Sprintf("%v/%d_layers/dropout_%v", cell, len(hidden), dropout), func(t *testing.T) {
					c := nn.Config{Cell: cell, Window: 4, Inputs: 3, Hidden: hidden, Outputs: 3, Dropout: dropout}
					const seed = 17
					rng := rand.New(rand.NewPCG(3, 5))
					n, d := network(c, 11), windows(rng, c, nn.CrossEntropy, 66) // a full shard and a part of one
					var factor func(row, step, layer int) []float32
					if dropout > 0 {
						factor = func(row, step, layer int) []float32 {
							return nn.DropoutFactors(dropout, seed, uint64(row*c.Window+step), layer, hidden[0])
						}
					}
					loss := nn.Loss{Kind: nn.CrossEntropy, ClassWeights: []float32{0.5, 2, 1}}
					gotLoss, got := nn.Gradient(n, d, nn.Options{Loss: loss, Seed: seed})
					w := float64s(nn.Get(n))
					if want := cellLoss(c, w, loss, d, factor); math.Abs(gotLoss-want) > 1e-6 {
						t.Errorf("loss = %v, want %v", gotLoss, want)
					}
					compareNumeric(t, got, w, func(w []float64) float64 { return cellLoss(c, w, loss, d, factor) })
				})
			}
		}
	}
}

// TestCells_bits: neither threads, nor how windows are handed over, nor what else
// is asked shows in the bits.
func TestCells_bits(t *testing.T) {
	for _, cell := range []nn.Cell{nn.LSTM, nn.GRU} {
		t.Run(cell.String(), func(t *testing.T) {
			c := nn.Config{Cell: cell, Window: 7, Inputs: 5, Hidden: []int{6, 6}, Outputs: 3, Dropout: 0.2}
			rng := rand.New(rand.NewPCG(4, 5))
			d := windows(rng, c, nn.CrossEntropy, 300)
			o := nn.Options{Epochs: 2, BatchSize: 150, LearningRate: 0.01, Loss: crossEntropy(), Seed: 7}
			n, _ := fit(t, c, d, d, o)
			for _, threads := range []int{2, 5} {
				o.Threads = threads
				if m, _ := fit(t, c, d, d, o); !slices.Equal(nn.Get(m), nn.Get(n)) {
					t.Errorf("other weights with %d threads", threads)
				}
			}
			all := n.InferAt(nil, d.X, d.At)
			for i, end := range d.At {
				window := d.X[(int(end)-c.Window+1)*c.Inputs : (int(end)+1)*c.Inputs]
				if got := n.Infer(nil, window, 1); !slices.Equal(got, all[3*i:3*i+3]) {
					t.Fatalf("window %d alone gives %v, among others %v", i, got, all[3*i:3*i+3])
				}
			}
			outputs, s := crossEntropy().MeanLoss(all, 3, d), must(n.Evaluate(t.Context(), d, crossEntropy(), 2))
			if outputs != s.Loss {
				t.Errorf("loss of the outputs %v, of Evaluate %v", outputs, s.Loss)
			}
		})
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestCells_order learns which of two marks came first, which no single row
// tells.
func TestCells_order(t *testing.T) {
	for _, cell := range []nn.Cell{nn.LSTM, nn.GRU} {
		rng := rand.New(rand.NewPCG(9, 9))
		c := nn.Config{Cell: cell, Window: 6, Inputs: 2, Hidden: []int{12}, Outputs: 2}
		make := func(n int) nn.Data {
			var d nn.Data
			for i := range n {
				rows := [6][2]float32{}
				a, b := rng.IntN(5), rng.IntN(5)
				for a == b {
					b = rng.IntN(5)
				}
				rows[a][0], rows[b][1] = 1, 1
				for _, r := range rows {
					d.X = append(d.X, r[:]...)
				}
				d.At = append(d.At, int32(6*i+5))
				class := int32(0)
				if a < b {
					class = 1
				}
				d.Class = append(d.Class, class)
			}
			return d
		}
		_, f := fit(t, c, make(600), make(200), nn.Options{Epochs: 30, BatchSize: 32, LearningRate: 0.01, Loss: crossEntropy(), Seed: 1})
		if a := f.History[f.Best-1].Validation.Accuracy; a < 0.98 {
			t.Errorf("%v: accuracy %v, want the order learned", cell, a)
		}
	}
}

// TestCells_safetensors writes and reads, and looks at the names.
func TestCells_safetensors(t *testing.T) {
	for _, cell := range []nn.Cell{nn.LSTM, nn.GRU} {
		c := nn.Config{Cell: cell, Window: 4, Inputs: 3, Hidden: []int{5, 5}, Outputs: 2}
		n := network(c, 3)
		b, err := n.AppendSafetensors(nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"weight_ih_l0", "weight_hh_l0", "bias_ih_l1", "bias_hh_l1"} {
			if !bytes.Contains(b, []byte(`"`+cell.String()+"."+name+`"`)) {
				t.Errorf("%v: no tensor %s", cell, name)
			}
		}
		if !bytes.Contains(b, []byte(`"fc.weight":{"dtype":"F32","shape":[2,5]`)) {
			t.Errorf("%v: no fc.weight of 2×5 in %.600s", cell, b)
		}
		again, err := nn.ParseSafetensors(b, c)
		if err != nil || !slices.Equal(nn.Get(again), nn.Get(n)) {
			t.Errorf("%v: other weights after a round trip, error %v", cell, err)
		}
		c.Cell = nn.LSTM + nn.GRU - cell
		if _, err := nn.ParseSafetensors(b, c); err == nil {
			t.Errorf("the weights of %v were read as %v", cell, c.Cell)
		}
	}
}

// TestCells_resume goes on from a state in the middle of an epoch.
func TestCells_resume(t *testing.T) {
	t.Run("sgd", func(t *testing.T) { resume(t, nn.Options{Optimizer: nn.SGD, Momentum: 0.9}) })
	t.Run("adam", func(t *testing.T) { resume(t, nn.Options{Optimizer: nn.Adam}) })
}

func resume(t *testing.T, o nn.Options) {
	c := nn.Config{Cell: nn.GRU, Window: 4, Inputs: 3, Hidden: []int{5, 5}, Outputs: 3, Dropout: 0.3}
	d := windows(rand.New(rand.NewPCG(1, 1)), c, nn.CrossEntropy, 120)
	o.Epochs, o.BatchSize, o.LearningRate, o.Loss, o.ReportEvery = 3, 20, 0.02, crossEntropy(), 1
	o.Schedule = rate.Schedule{Kind: rate.Plateau, Factor: 0.5}
	whole, _ := fit(t, c, d, d, o)
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stop")
	steps := 0
	o.Checkpoint = func(_ nn.Progress, state func() nn.State) {
		if steps++; steps == 9 {
			cancel(stop)
		}
		s := state()
		o.Resume = &s
	}
	if _, err := network(c, 0).Fit(ctx, d, d, o, nil); !errors.Is(err, stop) {
		t.Fatal(err)
	}
	o.Checkpoint = nil
	n, first := network(c, 99), nn.Progress{} // other weights: what is resumed does not begin anew
	if _, err := n.Fit(t.Context(), d, d, o, func(p nn.Progress) {
		if first.Epoch == 0 {
			first = p
		}
	}); err != nil || !slices.Equal(nn.Get(n), nn.Get(whole)) {
		t.Errorf("other weights after a stop, error %v", err)
	}
	if first.Epoch != 2 || first.Batch != 4 {
		t.Errorf("the first report is of epoch %d batch %d, want 2 and 4", first.Epoch, first.Batch)
	}
}

func TestCells_refuse(t *testing.T) {
	good := nn.Config{Cell: nn.LSTM, Window: 4, Inputs: 3, Hidden: []int{5, 5}, Outputs: 2}
	for name, change := range map[string]func(c *nn.Config){
		"no_window":         func(c *nn.Config) { c.Window = 0 },
		"no_layers":         func(c *nn.Config) { c.Hidden = nil },
		"two_widths":        func(c *nn.Config) { c.Hidden = []int{5, 6} },
		"activation":        func(c *nn.Config) { c.Activation = nn.Tanh },
		"layer_norm":        func(c *nn.Config) { c.LayerNorm = true },
		"too_long":          func(c *nn.Config) { c.Window = nn.MaxUnrolled },
		"unknown":           func(c *nn.Config) { c.Cell = 7 },
		"perceptron_window": func(c *nn.Config) { c.Cell = nn.Perceptron },
	} {
		c := good
		change(&c)
		if err := c.Validate(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	d := windows(rand.New(rand.NewPCG(1, 1)), good, nn.CrossEntropy, 20)
	nan := float32(math.NaN())
	for name, change := range map[string]func(d *nn.Data){
		"no_ends":        func(d *nn.Data) { d.At = nil },
		"ends_missing":   func(d *nn.Data) { d.At = d.At[:5] },
		"before_the_row": func(d *nn.Data) { d.At[3] = 2 },
		"after_the_rows": func(d *nn.Data) { d.At[3] = 20 },
		"nan_in_window":  func(d *nn.Data) { d.X[int(d.At[7])*3-3] = nan },
	} {
		bad := d
		bad.X, bad.At = slices.Clone(d.X), slices.Clone(d.At)
		change(&bad)
		o := nn.Options{Epochs: 1, BatchSize: 5, LearningRate: 0.1, Loss: crossEntropy()}
		if _, err := network(good, 1).Fit(t.Context(), bad, d, o, nil); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	// What no window reads need not be known.
	d.X = append(d.X, nan, nan, nan)
	if _, err := network(good, 1).Evaluate(t.Context(), d, crossEntropy(), 1); err != nil {
		t.Errorf("a row that no window reads: %v", err)
	}
}
