package fuzzy_test

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"math/big"
	"slices"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/fuzzy"
	"pgregory.net/rapid"
)

// function draws a valid function, often with sides of no width.
func function(t *rapid.T) fuzzy.Function {
	number := rapid.OneOf(rapid.Float64Range(-1e3, 1e3), rapid.Float64Range(-1e300, 1e300), rapid.SampledFrom([]float64{0, 1, 50, 100}))
	kind := rapid.SampledFrom(fuzzy.Kinds()).Draw(t, "kind")
	if kind == fuzzy.Gaussian {
		sigma := rapid.OneOf(rapid.Float64Range(1e-3, 1e3), rapid.Float64Range(5e-324, 1e300)).Draw(t, "sigma")
		return must(kind, number.Draw(t, "mu"), sigma)
	}
	n := 3
	if kind == fuzzy.Trapezoidal {
		n = 4
	}
	params := rapid.SliceOfN(number, n, n).Draw(t, "params")
	slices.Sort(params)
	for i := 1; i < n; i++ {
		if rapid.IntRange(0, 3).Draw(t, "edge") == 0 {
			params[i] = params[i-1]
		}
	}
	slices.Sort(params)
	f, err := fuzzy.New(kind, params)
	if err != nil {
		t.Skip("two shoulders")
	}
	return f
}

// value draws any float64, often a parameter of f or its neighbour.
func value(t *rapid.T, f fuzzy.Function) float64 {
	p := rapid.SampledFrom(f.Params()).Draw(t, "near")
	return rapid.OneOf(
		rapid.Float64(), rapid.Float64Range(-2e3, 2e3),
		rapid.SampledFrom([]float64{p, math.Nextafter(p, inf), math.Nextafter(p, -inf), inf, -inf, nan, 0}),
	).Draw(t, "x")
}

func TestDegreesAreDegree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := function(t)
		x := make([]float64, rapid.IntRange(0, 9).Draw(t, "n"))
		for i := range x {
			x[i] = value(t, f)
		}
		column := f.Degrees(make([]float64, len(x)), x)
		for i := range x {
			single := f.Degree(x[i])
			if math.Float64bits(single) != math.Float64bits(column[i]) {
				t.Fatalf("%v: Degree(%v) = %v, in a column %v", f, x[i], single, column[i])
			}
			if math.IsNaN(x[i]) != math.IsNaN(single) || single < 0 || single > 1 {
				t.Fatalf("%v: Degree(%v) = %v", f, x[i], single)
			}
		}
		f.Degrees(x, x)
		for i := range x {
			if math.Float64bits(x[i]) != math.Float64bits(column[i]) {
				t.Fatalf("%v in place: %v, want %v", f, x[i], column[i])
			}
		}
	})
}

// byCases is the membership function as its definition reads, case by case.
func byCases(f fuzzy.Function, x float64) float64 {
	p := f.Params()
	if f.Kind() == fuzzy.Triangular {
		p = []float64{p[0], p[1], p[1], p[2]}
	}
	hasShoulders := f.Kind() == fuzzy.Trapezoidal
	switch a, b, c, d := p[0], p[1], p[2], p[3]; {
	case x >= b && x <= c:
		return 1
	case x < b && a == b && hasShoulders, x > c && c == d && hasShoulders:
		return 1
	case x <= a, x >= d:
		return 0
	case x < b:
		return (x - a) / (b - a)
	default:
		return (d - x) / (d - c)
	}
}

func TestStraightSidesByCases(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := function(t)
		x := value(t, f)
		if f.Kind() == fuzzy.Gaussian || math.IsNaN(x) {
			t.Skip("not a value on straight sides")
		}
		if got, want := f.Degree(x), byCases(f, x); got != want {
			t.Fatalf("%v.Degree(%v) = %v, want %v", f, x, got, want)
		}
	})
}

// expBig returns e^y to 200 bits: the series of y/2^20, squared 20 times.
func expBig(y *big.Float) *big.Float {
	const prec = 300
	small := new(big.Float).SetPrec(prec).SetMantExp(y, -20)
	sum, term := big.NewFloat(1).SetPrec(prec), big.NewFloat(1).SetPrec(prec)
	for i := 1; i < 40; i++ {
		term.Mul(term, small)
		term.Quo(term, new(big.Float).SetPrec(prec).SetInt64(int64(i)))
		sum.Add(sum, term)
	}
	for range 20 {
		sum.Mul(sum, sum)
	}
	return sum
}

// TestGaussianError holds the gaussian to its stated bounds against e^-q in
// arbitrary precision. With mu 0 and sigma 1 only the exponential and one
// rounding of q are left.
func TestGaussianError(t *testing.T) {
	for _, c := range []struct {
		name      string
		mu, sigma float64
		allowed   func(q float64) float64 // relative
	}{
		{"standard", 0, 1, func(q float64) float64 { return math.Ldexp(1.1+q/2, -52) }},
		{"moved", 0.3, 1.7, func(q float64) float64 { return math.Ldexp(1+q, -50) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := must(fuzzy.Gaussian, c.mu, c.sigma)
			rapid.Check(t, func(t *rapid.T) {
				x := rapid.OneOf(rapid.Float64Range(-60, 60), rapid.Float64Range(-3, 3)).Draw(t, "x")
				q, exact := bellBig(x, c.mu, c.sigma)
				got := f.Degree(x)
				if q > 707.9 {
					t.Skip("the degree may be 0")
				}
				distance := new(big.Float).SetPrec(300).Sub(new(big.Float).SetFloat64(got), exact)
				absolute, _ := distance.Abs(distance).Float64()
				relative, _ := distance.Quo(distance, exact).Float64()
				if relative > c.allowed(q) || absolute > math.Ldexp(1, -51) {
					t.Fatalf("Degree(%v) = %v is off by %g, %g of itself; allowed %g of itself", x, got, absolute, relative, c.allowed(q))
				}
			})
		})
	}
}

// bellBig returns q = ((x-mu)/sigma)^2/2 and e^-q.
func bellBig(x, mu, sigma float64) (q float64, exact *big.Float) {
	wide := func(v float64) *big.Float { return new(big.Float).SetPrec(300).SetFloat64(v) }
	z := wide(x)
	z.Sub(z, wide(mu)).Quo(z, wide(sigma))
	half := wide(0)
	half.Mul(z, z).SetMantExp(half, -1)
	q, _ = half.Float64()
	return q, expBig(half.Neg(half))
}

// TestGaussianFalls looks for steps of the wrong sign where the table of the
// exponential moves to its next entry.
func TestGaussianFalls(t *testing.T) {
	f := must(fuzzy.Gaussian, 0, 1)
	before := 1.0
	for i := range 400_000 {
		degree := f.Degree(float64(i) * 1e-4)
		if degree > before {
			t.Fatalf("Degree(%v) = %v rises from %v", float64(i)*1e-4, degree, before)
		}
		before = degree
	}
}

// TestGaussianBits is a change detector: the hash is this package's own. It
// fails on a processor, or with a compiler, that rounds differently.
func TestGaussianBits(t *testing.T) {
	f := must(fuzzy.Gaussian, 50, 15)
	h := fnv.New64a()
	for i := range 100_000 {
		_ = binary.Write(h, binary.LittleEndian, math.Float64bits(f.Degree(float64(i)*0.0037)))
	}
	if got, want := fmt.Sprintf("%016x", h.Sum64()), "d79d1954961a4647"; got != want {
		t.Errorf("hash of degrees = %s, want %s", got, want)
	}
}
