package kernel_test

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/kernel"
)

// same tells whether two float32 have the same bits, or are NaN both.
func same(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

// A caseData is the slices of one call, drawn once and given to every set.
type caseData struct {
	t   *rapid.T
	rng *rand.Rand
}

// special are the numbers at which implementations may part.
var special = []float32{0, float32(math.Copysign(0, -1)), 1, -1, 0.5, -0.5, 2.5, 88, -87.3365, -87.34, 1e-38, -1e-38, 1e-42, -1e-45, 1e30, -1e30, 0.625, -0.625,
	0x1p-56, -0x1p-57, 0x1p-64, 0x1p-112, math.MaxFloat32, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN())}

// numbers draws n numbers of a magnitude of about size, and special ones among
// them, if wanted.
func (c caseData) numbers(n int, size float64, wild bool) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(c.rng.NormFloat64() * size)
		if wild && c.rng.IntN(20) == 0 {
			v[i] = special[c.rng.IntN(len(special))]
		}
	}
	return v
}

// mixed is any of the kinds of awkward numbers.
const mixed = 6

// awkward draws numbers at which products go different ways: special ones, many
// zeros, numbers of few bits, whose sums lie half-way between two float32, some
// whose products are subnormal, large ones, and small ones with an infinity among
// them.
func (c caseData) awkward(n, kind int) []float32 {
	v, infinity := c.numbers(n, 1, true), float32(math.Inf(1))
	if kind == mixed {
		kind = c.draw("numbers", 0, mixed-1)
	}
	for i := range v {
		switch {
		case kind == 1:
			if x := float32(c.rng.NormFloat64()); x < 0 {
				v[i] = 0 * x * float32(c.rng.IntN(3)-1) // a zero of either sign
			} else {
				v[i] = x
			}
		case kind == 2:
			v[i] = float32(math.Ldexp(float64(c.rng.IntN(1<<13)-1<<12), c.rng.IntN(28)-14))
		case kind == 3:
			v[i] = float32(math.Ldexp(c.rng.NormFloat64(), c.rng.IntN(20)-75))
		case kind == 4:
			v[i] = float32(math.Ldexp(c.rng.Float64()-0.5, 60+c.rng.IntN(10)))
		case kind == 5:
			v[i] = float32(max(0, 1e-9*c.rng.NormFloat64()))
			if c.rng.IntN(200) == 0 {
				v[i] = infinity
			}
		}
	}
	return v
}

func (c caseData) draw(name string, low, high int) int {
	return rapid.IntRange(low, high).Draw(c.t, name)
}

// kernels calls every kernel of a set on the slices that draw gives it, and
// returns what they have become.
var kernels = map[string]func(c caseData) func(s *kernel.Set) [][]float32{
	"product": func(c caseData) func(s *kernel.Set) [][]float32 {
		rows, columns, steps := c.draw("rows", 1, 40), 8*c.draw("columns", 1, 18), c.draw("steps", 1, 80)
		if c.draw("long", 0, 9) == 0 {
			steps += 500
		}
		p := kernel.Product{Rows: rows, Columns: columns, Steps: steps, CRow: columns + 16*c.draw("apart", 0, 1), BRow: columns,
			Then: kernel.Then(c.draw("then", 0, 2)), ARow: steps, AStep: 1}
		if c.draw("down", 0, 1) == 1 {
			p.ARow, p.AStep = 1, rows
		}
		kind := c.draw("kind", 0, mixed)
		a, b, to, start := c.awkward(rows*steps, kind), c.awkward(steps*p.BRow, kind), c.awkward(rows*p.CRow, kind), c.awkward(columns, kind)
		if c.draw("start", 0, 1) == 0 {
			start = nil
		}
		return func(s *kernel.Set) [][]float32 {
			q := p
			q.A, q.B, q.C, q.Start = a, b, slices.Clone(to), start
			s.Multiply(q)
			return [][]float32{q.C}
		}
	},
	"sum_rows": func(c caseData) func(s *kernel.Set) [][]float32 {
		rows, columns := c.draw("rows", 1, 70), 16*c.draw("columns", 1, 9)
		stride := columns + 16*c.draw("apart", 0, 1)
		d, to := c.numbers(rows*stride, 1, true), c.numbers(columns, 1, false)
		return func(s *kernel.Set) [][]float32 {
			v := slices.Clone(to)
			s.SumRows(v, d, rows, stride)
			return [][]float32{v}
		}
	},
	"elementwise": func(c caseData) func(s *kernel.Set) [][]float32 {
		n := 16 * c.draw("n", 0, 9)
		a, b, scale := c.numbers(n, 4, true), c.numbers(n, 4, true), float32(c.rng.NormFloat64())
		return func(s *kernel.Set) [][]float32 {
			var out [][]float32
			for _, f := range []func(v []float32){
				func(v []float32) { s.Add(v, b) }, func(v []float32) { s.Scale(v, b) }, func(v []float32) { s.Mask(v, b, scale) }, func(v []float32) { s.Cut(v, scale) }, s.Rectify,
			} {
				v := slices.Clone(a)
				f(v)
				out = append(out, v)
			}
			return out
		}
	},
	"activations": func(c caseData) func(s *kernel.Set) [][]float32 {
		n := 16 * c.draw("n", 0, 9)
		a := c.numbers(n, math.Exp(4*c.rng.NormFloat64()), true)
		return func(s *kernel.Set) [][]float32 {
			var out [][]float32
			for _, f := range []func(v, slope []float32){s.Leaky, s.Tanh, s.Sigmoid} {
				v, w, slope := slices.Clone(a), slices.Clone(a), make([]float32, n)
				f(v, slope)
				f(w, nil)
				out = append(out, v, w, slope)
			}
			return out
		}
	},
	"drop": func(c caseData) func(s *kernel.Set) [][]float32 {
		rows, stride := c.draw("rows", 1, 20), 16*c.draw("stride", 1, 9)
		v, slope := c.numbers(rows*stride, 1, true), c.numbers(rows*stride, 1, true)
		d := kernel.Draw{First: c.rng.Uint64(), Next: c.rng.Uint64(), Threshold: c.rng.Uint32(), Scale: 1.25}
		return func(s *kernel.Set) [][]float32 {
			x, y, z := slices.Clone(v), slices.Clone(v), slices.Clone(slope)
			s.Drop(x, nil, rows, stride, d)
			s.Drop(y, z, rows, stride, d)
			return [][]float32{x, y, z}
		}
	},
	"softmax": func(c caseData) func(s *kernel.Set) [][]float32 {
		n, classes := 16*c.draw("n", 1, 5), c.draw("classes", 1, 9)
		z := c.numbers(n*classes, 30, c.draw("wild", 0, 1) == 1)
		return func(s *kernel.Set) [][]float32 {
			p, top, logSum, best := slices.Clone(z), make([]float32, n), make([]float32, n), make([]int32, n)
			s.Softmax(p, top, logSum, best, classes)
			number := make([]float32, n)
			for r, b := range best {
				number[r] = float32(b)
			}
			return [][]float32{p, top, logSum, number}
		}
	},
	"transpose": func(c caseData) func(s *kernel.Set) [][]float32 {
		rows, columns := c.draw("rows", 1, 70), c.draw("columns", 1, 70)
		dstRow, srcRow := kernel.Width(rows), kernel.Width(columns)
		from := c.numbers(rows*srcRow, 1, true)
		return func(s *kernel.Set) [][]float32 {
			to := make([]float32, columns*dstRow)
			s.Transpose(to, from, rows, columns, dstRow, srcRow)
			s.Prefetch(from, []int32{0, int32(rows - 1)}, columns)
			s.PrefetchClasses([]int32{1, 2}, []int32{1, 0, 1})
			return [][]float32{to}
		}
	},
	"gather": func(c caseData) func(s *kernel.Set) [][]float32 {
		n, width, back := c.draw("n", 1, 30), c.draw("width", 1, 70), c.draw("back", 0, 5)
		x, rows := c.numbers(n*width, 1, true), make([]int, c.draw("rows", 0, 70))
		for i := range rows {
			rows[i] = back + c.rng.IntN(n)
		}
		stride := kernel.Width(width)
		return func(s *kernel.Set) [][]float32 {
			to := make([]float32, len(rows)*stride)
			s.Gather(to, x, rows, back, width, stride)
			return [][]float32{to}
		}
	},
	"optimizers": func(c caseData) func(s *kernel.Set) [][]float32 {
		n := 16 * c.draw("n", 1, 9)
		w, g, m, v := c.numbers(n, 1, false), c.numbers(n, 1e-3, true), c.numbers(n, 1e-3, true), c.numbers(n, 1e-6, true)
		for i, x := range v {
			v[i] = max(x, -x)
		}
		rate := float32(math.Exp(c.rng.NormFloat64()))
		return func(s *kernel.Set) [][]float32 {
			var out [][]float32
			for _, f := range []func(w, g, m, v []float32){
				func(w, g, m, v []float32) {
					s.Adam(w, g, m, v, kernel.AdamStep{Clip: rate, Decay: 0.01, Beta1: 0.9, Rest1: 0.1, Beta2: 0.999, Rest2: 0.001, Keep: 0.99, Pace: 0.01, Root: 1.5, Epsilon: 1e-8})
				},
				func(w, g, m, _ []float32) {
					s.SGD(w, g, m, kernel.SGDStep{Clip: rate, Decay: 0.01, Momentum: 0.9, Pace: 0.1})
				},
				func(w, g, _, v []float32) {
					s.RMSProp(w, g, v, kernel.RMSPropStep{Clip: rate, Decay: 0.01, Alpha: 0.99, Rest: 0.01, Pace: 0.1, Epsilon: 1e-8})
				},
			} {
				x, y, z := slices.Clone(w), slices.Clone(m), slices.Clone(v)
				f(x, g, y, z)
				out = append(out, x, y, z)
			}
			return out
		}
	},
	"squares": func(c caseData) func(s *kernel.Set) [][]float32 {
		v := c.numbers(32*c.draw("n", 0, 9), math.Exp(4*c.rng.NormFloat64()), false)
		return func(s *kernel.Set) [][]float32 {
			bits := math.Float64bits(s.Squares(v))
			return [][]float32{{math.Float32frombits(uint32(bits)), math.Float32frombits(uint32(bits >> 32))}}
		}
	},
	"norm": func(c caseData) func(s *kernel.Set) [][]float32 {
		rows, units := c.draw("rows", 1, 70), c.draw("units", 1, 70)
		width := kernel.Width(units)
		wild := c.draw("wild", 0, 1) == 1
		matrix := func() []float32 { return c.numbers(rows*width, math.Exp(4*c.rng.NormFloat64()), wild) }
		vector := func() []float32 { return c.numbers(width, 1, wild) }
		y, delta, gain, bias, gainGrad, biasGrad := matrix(), matrix(), vector(), vector(), vector(), vector()
		clear(gainGrad[units:]) // they stay so: what clips gradients adds them up
		clear(biasGrad[units:])
		return func(s *kernel.Set) [][]float32 {
			y, delta, gainGrad, biasGrad := slices.Clone(y), slices.Clone(delta), slices.Clone(gainGrad), slices.Clone(biasGrad)
			hat, inverse, scratch := make([]float32, rows*width), make([]float32, kernel.Width(rows)), make([]float32, kernel.NormScratch(rows, width))
			s.Norm(kernel.Norm{Rows: rows, Units: units, Width: width, Y: y, Hat: hat, Inverse: inverse, Gain: gain, Bias: bias, Scratch: scratch})
			s.NormBack(kernel.NormBack{Rows: rows, Units: units, Width: width, Delta: delta, Hat: hat, Inverse: inverse, Gain: gain,
				GainGrad: gainGrad, BiasGrad: biasGrad, Scratch: scratch})
			return [][]float32{y, hat, inverse[:rows], delta, gainGrad, biasGrad}
		}
	},
	"cells": func(c caseData) func(s *kernel.Set) [][]float32 {
		rows, width := c.draw("rows", 1, 9), 16*c.draw("width", 1, 5)
		n := rows * width
		wide := func() []float32 { return c.numbers(4*n, 2, true) }
		narrow := func() []float32 { return c.numbers(n, 1, true) }
		gates, state, a, b, d, e, f := wide(), wide(), narrow(), narrow(), narrow(), narrow(), narrow()
		return func(s *kernel.Set) [][]float32 {
			w, x, y := slices.Clone(gates), slices.Clone(state), slices.Clone(state)
			a, b, d, e, f := slices.Clone(a), slices.Clone(b), slices.Clone(d), slices.Clone(e), slices.Clone(f)
			s.LSTM(kernel.LSTMStep{Rows: rows, Width: width, Gates: w, Before: a, Cell: b, Squash: d, Hidden: e})
			s.LSTMBack(kernel.LSTMBack{Rows: rows, Width: width, Gates: w, Squash: d, Before: a, Up: e, Hidden: f, Cell: b, Delta: x})
			all := [][]float32{slices.Clone(w), slices.Clone(x), slices.Clone(b), slices.Clone(d), slices.Clone(e)}
			copy(w, gates)
			s.GRU(kernel.GRUStep{Rows: rows, Width: width, Gates: w, State: state, Before: a, Hidden: e})
			s.GRUBack(kernel.GRUBack{Rows: rows, Width: width, Gates: w, State: state, Before: a, Up: e, Hidden: f, Cell: b, DeltaInput: x, DeltaState: y})
			return append(all, w, x, y, a, b, d, e, f)
		}
	},
}

// dirty leaves numbers in as many registers as a set has, which no kernel may take for its
// own.
func dirty(s *kernel.Set) {
	v := make([]float32, 9*64)
	for i := range v {
		v[i] = 1e3 + float32(i)
	}
	s.Multiply(kernel.Product{Rows: 8, Columns: 64, Steps: 1, A: v, ARow: 1, AStep: 1, B: v, BRow: 64, C: make([]float32, len(v)), CRow: 64, Start: v})
	s.Add(v, v)
}

// TestSets holds every implementation that this processor can run to plain Go,
// bit for bit.
func TestSets(t *testing.T) {
	sets := kernel.All()
	if sets[0].Name() != "plain" {
		t.Fatalf("the first set is %s", sets[0].Name())
	}
	for name, prepare := range kernels {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				call := prepare(caseData{t, rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))})
				want := call(sets[0])
				for _, s := range sets[1:] {
					dirty(s)
					for i, v := range call(s) {
						for j := range v {
							if !same(v[j], want[i][j]) {
								t.Fatalf("%s: result %d element %d of %d = %x, want %x", s.Name(), i, j, len(v), v[j], want[i][j])
							}
						}
					}
				}
			})
		})
	}
}

// TestProduct holds the products of every implementation to chains of FMA.
func TestProduct(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := caseData{t, rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))}
		rows, columns, steps := c.draw("rows", 1, 20), 8*c.draw("columns", 1, 4), c.draw("steps", 1, 40)
		p := kernel.Product{Rows: rows, Columns: columns, Steps: steps, CRow: columns, BRow: columns, ARow: steps, AStep: 1}
		if c.draw("down", 0, 1) == 1 {
			p.ARow, p.AStep = 1, rows
		}
		kind := c.draw("kind", 0, mixed)
		p.A, p.B, p.C = c.awkward(rows*steps, kind), c.awkward(steps*columns, kind), make([]float32, rows*columns)
		for _, s := range kernel.All() {
			s.Multiply(p)
			for i, got := range p.C {
				var want float32
				for k := range steps {
					want = kernel.FMA(p.A[i/columns*p.ARow+k*p.AStep], p.B[k*columns+i%columns], want)
				}
				if !same(got, want) {
					t.Fatalf("%s: element %d of %d by %d = %x, want %x", s.Name(), i, rows, columns, got, want)
				}
			}
		}
	})
}

// TestProductShapes holds products of every number of rows that is left to the forms of a
// set, of every number of columns, and of all that is done with a sum, to plain Go.
func TestProductShapes(t *testing.T) {
	sets, c := kernel.All(), caseData{rng: rand.New(rand.NewPCG(3, 1))}
	for rows := 1; rows <= 20; rows++ {
		for columns := 8; columns <= 144; columns += 8 {
			for then := range kernel.Then(3) {
				steps := 1 + c.rng.IntN(5)
				p := kernel.Product{Rows: rows, Columns: columns, Steps: steps, CRow: columns, BRow: columns, ARow: steps, AStep: 1, Then: then}
				p.A, p.B = c.numbers(rows*steps, 1, false), c.numbers(steps*columns, 1, false)
				if c.rng.IntN(3) > 0 {
					p.Start = c.numbers(columns, 1, true)
				}
				for i := range p.Start { // what a Rectify might take for something else
					p.Start[i] = [...]float32{p.Start[i], p.Start[i], float32(math.NaN()), float32(math.Copysign(0, -1))}[c.rng.IntN(4)]
				}
				if c.rng.IntN(2) == 0 { // products are zeros of both signs
					for i := range p.A {
						p.A[i] *= 0
					}
				}
				to := c.numbers(rows*columns, 1, true)
				var want []float32
				for _, s := range sets {
					p.C = slices.Clone(to)
					if s.Multiply(p); want == nil {
						want = p.C
					}
					if !slices.EqualFunc(p.C, want, same) {
						t.Fatalf("%s: %d rows of %d steps and %d columns, then %d, differ from plain Go", s.Name(), rows, steps, columns, then)
					}
				}
			}
		}
	}
}

// TestFMA compares with big numbers, where a second rounding would show.
func TestFMA(t *testing.T) {
	exact := func(a, b, c float32) float32 {
		p := new(big.Float).SetPrec(600).Mul(big.NewFloat(float64(a)), big.NewFloat(float64(b)))
		f, _ := p.Add(p, big.NewFloat(float64(c))).Float32()
		return f
	}
	check := func(t interface{ Fatalf(string, ...any) }, a, b, c float32) {
		got, want := kernel.FMA(a, b, c), exact(a, b, c)
		if got != want {
			t.Fatalf("FMA(%x, %x, %x) = %x, want %x", a, b, c, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		bits := func(name string) float32 {
			for {
				f := math.Float32frombits(rapid.Uint32().Draw(t, name))
				if !math.IsNaN(float64(f)) && !math.IsInf(float64(f), 0) {
					return f
				}
			}
		}
		check(t, bits("a"), bits("b"), bits("c"))
	})
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200_000 {
		// Few bits make sums that lie half-way between two float32; a tiny third
		// term pushes them to either side.
		few := func() float32 { return float32(math.Ldexp(float64(rng.IntN(1<<13)-1<<12), rng.IntN(60)-30)) }
		check(t, few(), few(), few())
		half := float32(1 + math.Ldexp(float64(rng.IntN(1<<12)), -12))
		check(t, half, float32(1+math.Ldexp(1, -12)), float32(math.Ldexp(rng.Float64()-0.5, -rng.IntN(60))))
		check(t, float32(math.Ldexp(rng.Float64(), -70)), float32(math.Ldexp(rng.Float64(), -70)), float32(math.Ldexp(rng.Float64()-0.5, -120-rng.IntN(25))))
	}
	inf := float32(math.Inf(1))
	if got := kernel.FMA(inf, 0, 1); got == got {
		t.Errorf("FMA(Inf, 0, 1) = %v, want NaN", got)
	}
	if got := kernel.FMA(1e30, 1e30, -inf); got != -inf {
		t.Errorf("FMA(1e30, 1e30, -Inf) = %v, want -Inf", got)
	}
}
