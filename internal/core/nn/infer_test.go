package nn_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/elementary"
	"github.com/ktrdr/ktrdr/internal/core/kernel"
	"github.com/ktrdr/ktrdr/internal/core/nn"
)

// inferSlow is inference by the arithmetic contract, one rounding at a time.
func inferSlow(c nn.Config, w []float32, x []float32) []float32 {
	widths := append(append([]int(nil), c.Hidden...), c.Outputs)
	for l, width := range widths {
		out := make([]float32, width)
		for j := range out {
			sum := w[width*len(x)+j]
			for i, v := range x {
				sum = kernel.FMA(v, w[j*len(x)+i], sum)
			}
			switch {
			case l == len(widths)-1:
			case c.Activation == nn.Tanh:
				sum = elementary.Tanh(sum)
			default:
				sum = max(sum, 0)
			}
			out[j] = sum
		}
		w, x = w[width*(len(x)+1):], out
	}
	return x
}

func drawConfig(t *rapid.T) nn.Config {
	return nn.Config{
		Inputs:     rapid.IntRange(1, 130).Draw(t, "inputs"),
		Hidden:     rapid.SliceOfN(rapid.IntRange(1, 40), 0, 3).Draw(t, "hidden"),
		Outputs:    rapid.IntRange(1, 9).Draw(t, "outputs"),
		Activation: rapid.SampledFrom([]nn.Activation{nn.ReLU, nn.Tanh}).Draw(t, "activation"),
	}
}

// TestInfer_contract compares every bit with the slow form, whatever the shape
// and however the rows are cut into calls.
func TestInfer_contract(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawConfig(t)
		rows := rapid.IntRange(0, 150).Draw(t, "rows")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		n := network(c, rng.Uint64())
		x := make([]float32, rows*c.Inputs)
		for i := range x {
			x[i] = float32(rng.NormFloat64())
		}
		whole := n.Infer(nil, x, rows)
		cut := rapid.IntRange(0, rows).Draw(t, "cut")
		parts := append(n.Infer(nil, x[:cut*c.Inputs], cut), n.Infer(nil, x[cut*c.Inputs:], rows-cut)...)
		w := nn.Get(n)
		for r := range rows {
			want := inferSlow(c, w, x[r*c.Inputs:(r+1)*c.Inputs])
			for o := range want {
				for _, got := range [...]float32{whole[r*c.Outputs+o], parts[r*c.Outputs+o]} {
					if math.Float32bits(got) != math.Float32bits(want[o]) {
						t.Fatalf("row %d output %d = %x, want %x (cut at %d)", r, o, got, want[o], cut)
					}
				}
			}
		}
	})
}

// TestInfer_float64 bounds the rounding of all of it.
func TestInfer_float64(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	for _, activation := range []nn.Activation{nn.ReLU, nn.Tanh} {
		c := nn.Config{Inputs: 50, Hidden: []int{64, 32}, Outputs: 3, Activation: activation}
		n, d := network(c, 1), problem(rng, c, nn.CrossEntropy, 100, false)
		got, w := n.Infer(nil, d.X, 100), float64s(nn.Get(n))
		for r := range 100 {
			values, _ := reference{config: c}.forward(w, d.X[50*r:50*r+50], r)
			for o, want := range values[3] {
				if math.Abs(float64(got[3*r+o])-want) > 1e-6 {
					t.Fatalf("%v row %d output %d = %v, want %v", activation, r, o, got[3*r+o], want)
				}
			}
		}
	}
}

// TestInfer_nan shows that a row that is not known stays so, and does not touch
// its neighbours.
func TestInfer_nan(t *testing.T) {
	for _, activation := range []nn.Activation{nn.ReLU, nn.Tanh} {
		c := nn.Config{Inputs: 5, Hidden: []int{8, 4}, Outputs: 3, Activation: activation}
		n := network(c, 5)
		x := make([]float32, 5*70)
		for i := range x {
			x[i] = float32(i%7) / 7
		}
		clean := n.Infer(nil, x, 70)
		for _, bad := range [...]float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			broken := append([]float32(nil), x...)
			broken[5*33+2] = float32(bad)
			got := n.Infer(nil, broken, 70)
			for i := range got {
				if i/3 != 33 && got[i] != clean[i] {
					t.Fatalf("%v: %v in row 33 changed output %d of row %d", activation, bad, i%3, i/3)
				}
				if i/3 == 33 && math.IsNaN(bad) && got[i] == got[i] {
					t.Errorf("%v: output %d of a row with a NaN = %v, want NaN", activation, i%3, got[i])
				}
			}
		}
	}
}

func TestInfer_reuses_dst(t *testing.T) {
	c := nn.Config{Inputs: 12, Hidden: []int{32, 16}, Outputs: 3}
	n, x, dst := network(c, 1), make([]float32, 12*1000), make([]float32, 3*1000)
	if got := n.Infer(dst, x, 1000); &got[0] != &dst[0] {
		t.Error("Infer made a new slice, want dst")
	}
	few := testing.AllocsPerRun(10, func() { n.Infer(dst, x[:12*64], 64) })
	many := testing.AllocsPerRun(10, func() { n.Infer(dst, x, 1000) })
	if many != few {
		t.Errorf("%v allocations for 1000 rows, want %v as for 64", many, few)
	}
}

func TestInfer_panics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("Infer took 7 numbers for 2 rows of 4, want a panic")
		}
	}()
	network(nn.Config{Inputs: 4, Outputs: 1}, 1).Infer(nil, make([]float32, 7), 2)
}

func TestSoftmax(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for name, c := range map[string]struct{ logits, want []float32 }{
		"even":              {[]float32{2, 2, 2, 2}, []float32{0.25, 0.25, 0.25, 0.25}},
		"two_to_one":        {[]float32{0, float32(math.Ln2)}, []float32{1.0 / 3, 2.0 / 3}},
		"large_logits":      {[]float32{3e38, 3e38}, []float32{0.5, 0.5}},
		"far_apart":         {[]float32{0, -1000}, []float32{1, 0}},
		"minus_infinity":    {[]float32{0, -inf}, []float32{1, 0}},
		"nan":               {[]float32{0, nan}, []float32{nan, nan}},
		"positive_infinity": {[]float32{0, inf}, []float32{nan, nan}},
	} {
		t.Run(name, func(t *testing.T) {
			got := nn.Softmax(nil, c.logits, len(c.logits))
			for i := range got {
				if w := c.want[i]; !(math.Abs(float64(got[i]-w)) <= 1e-7) && !(w != w && got[i] != got[i]) {
					t.Errorf("Softmax(%v)[%d] = %v, want %v", c.logits, i, got[i], w)
				}
			}
		})
	}
}

func TestConfig_Validate(t *testing.T) {
	for name, c := range map[string]nn.Config{
		"no_inputs":          {Outputs: 1},
		"no_outputs":         {Inputs: 1},
		"empty_layer":        {Inputs: 1, Hidden: []int{0}, Outputs: 1},
		"negative_layer":     {Inputs: 1, Hidden: []int{-4}, Outputs: 1},
		"too_wide":           {Inputs: 1, Hidden: []int{nn.MaxWidth + 1}, Outputs: 1},
		"too_deep":           {Inputs: 1, Hidden: make([]int, nn.MaxHidden+1), Outputs: 1},
		"too_many":           {Inputs: nn.MaxInputs, Hidden: []int{nn.MaxWidth}, Outputs: 1},
		"dropout_one":        {Inputs: 1, Outputs: 1, Dropout: 1},
		"dropout_nan":        {Inputs: 1, Outputs: 1, Dropout: math.NaN()},
		"dropout_negative":   {Inputs: 1, Outputs: 1, Dropout: -0.1},
		"unknown_activation": {Inputs: 1, Outputs: 1, Activation: 9},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := nn.New(c, nn.InitStream(1)); err == nil {
				t.Errorf("New(%+v) gave no error", c)
			}
		})
	}
}

// TestNew checks the range and the spread of fresh weights.
func TestNew(t *testing.T) {
	c := nn.Config{Inputs: 100, Hidden: []int{50}, Outputs: 4}
	w := nn.Get(network(c, 3))
	check := func(name string, w []float32, bound float64) {
		var sum, square float64
		for _, v := range w {
			if math.Abs(float64(v)) > bound {
				t.Fatalf("%s: weight %v, want within ±%v", name, v, bound)
			}
			sum += float64(v)
			square += float64(v) * float64(v)
		}
		n := float64(len(w))
		if mean := sum / n; math.Abs(mean) > 4*bound/math.Sqrt(3*n) {
			t.Errorf("%s: mean %v", name, mean)
		}
		if variance := square / n; math.Abs(variance*3/(bound*bound)-1) > 0.2 {
			t.Errorf("%s: variance %v, want %v", name, variance, bound*bound/3)
		}
	}
	check("first layer", w[:5050], 0.1)
	check("second layer", w[5050:], 1/math.Sqrt(50))
	other := nn.Get(network(c, 4))
	if other[0] == w[0] {
		t.Error("two seeds gave the same weight")
	}
}
