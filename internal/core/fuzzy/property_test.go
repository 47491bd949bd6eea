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

// function draws a valid function, often with sides of no width and sometimes
// with a hedge.
func function(t *rapid.T) fuzzy.Function {
	kind := rapid.SampledFrom(fuzzy.Kinds()).Draw(t, "kind")
	f, err := fuzzy.New(kind, params(t, kind))
	if err != nil {
		t.Skip("two shoulders, or a shoulder without a slope")
	}
	return f.Hedged(rapid.SampledFrom([]fuzzy.Hedge{fuzzy.Plain, fuzzy.Plain, fuzzy.Very, fuzzy.Somewhat}).Draw(t, "hedge"))
}

// params draws parameters of the kind, in order.
func params(t *rapid.T, kind fuzzy.Kind) []float64 {
	number := rapid.OneOf(rapid.Float64Range(-1e3, 1e3), rapid.Float64Range(-1e300, 1e300), rapid.SampledFrom([]float64{0, 1, 50, 100}))
	width := rapid.OneOf(rapid.Float64Range(1e-3, 1e3), rapid.Float64Range(5e-324, 1e300))
	switch kind {
	case fuzzy.Gaussian:
		return []float64{number.Draw(t, "mu"), width.Draw(t, "sigma")}
	case fuzzy.Gauss2:
		a, b := number.Draw(t, "mu"), number.Draw(t, "mu")
		return []float64{min(a, b), width.Draw(t, "sigma"), max(a, b), width.Draw(t, "sigma")}
	case fuzzy.Bell:
		return []float64{number.Draw(t, "centre"), width.Draw(t, "width"), rapid.Float64Range(.01, 1000).Draw(t, "slope")}
	case fuzzy.Sigmoid:
		sign := rapid.SampledFrom([]float64{-1, 1}).Draw(t, "sign")
		return []float64{number.Draw(t, "centre"), sign * width.Draw(t, "slope")}
	}
	n := map[fuzzy.Kind]int{fuzzy.Triangular: 3, fuzzy.Trapezoidal: 4, fuzzy.LeftShoulder: 2, fuzzy.RightShoulder: 2, fuzzy.Singleton: 1}[kind]
	params := rapid.SliceOfN(number, n, n).Draw(t, "params")
	slices.Sort(params)
	for i := 1; i < n; i++ {
		if rapid.IntRange(0, 3).Draw(t, "edge") == 0 {
			params[i] = params[i-1]
		}
	}
	slices.Sort(params)
	return params
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
	switch f.Kind() {
	case fuzzy.Triangular:
		p = []float64{p[0], p[1], p[1], p[2]}
	case fuzzy.LeftShoulder:
		p = []float64{p[0], p[0], p[0], p[1]}
	case fuzzy.RightShoulder:
		p = []float64{p[0], p[1], p[1], p[1]}
	case fuzzy.Singleton:
		p = []float64{p[0], p[0], p[0], p[0]}
	}
	hasShoulders := f.Kind() != fuzzy.Triangular && f.Kind() != fuzzy.Singleton
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
		switch f.Kind() {
		case fuzzy.Gaussian, fuzzy.Gauss2, fuzzy.Bell, fuzzy.Sigmoid:
			t.Skip("no straight sides")
		}
		if math.IsNaN(x) {
			t.Skip("NaN is in no case")
		}
		want := byCases(f, x)
		switch f.Hedge() {
		case fuzzy.Very:
			want *= want
		case fuzzy.Somewhat:
			want = math.Sqrt(want)
		}
		if got := f.Degree(x); got != want {
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
	z := wide(x)
	z.Sub(z, wide(mu)).Quo(z, wide(sigma))
	half := wide(0)
	half.Mul(z, z).SetMantExp(half, -1)
	q, _ = half.Float64()
	return q, expBig(half.Neg(half))
}

// TestGauss2IsTwoGaussians compares each side with the gaussian it is cut from.
func TestGauss2IsTwoGaussians(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := params(t, fuzzy.Gauss2)
		f := must(fuzzy.Gauss2, p...)
		x, want := value(t, f), 1.0
		switch {
		case x < p[0]:
			want = must(fuzzy.Gaussian, p[0], p[1]).Degree(x)
		case x > p[2]:
			want = must(fuzzy.Gaussian, p[2], p[3]).Degree(x)
		case math.IsNaN(x):
			t.Skip("NaN is on no side")
		}
		if got := f.Degree(x); got != want {
			t.Fatalf("%v.Degree(%v) = %v, want %v", f, x, got, want)
		}
	})
}

// TestSigmoidError holds the sigmoid to its stated bound against 1/(1+e^-y) in
// arbitrary precision.
func TestSigmoidError(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		centre, slope := rapid.Float64Range(-100, 100).Draw(t, "centre"), rapid.Float64Range(-5, 5).Draw(t, "slope")
		x := centre + rapid.Float64Range(-40, 40).Draw(t, "x")
		if slope == 0 {
			t.Skip("no slope")
		}
		y := wide(x)
		y.Sub(y, wide(centre)).Mul(y, wide(slope)).Neg(y)
		exact := expBig(y)
		exact.Quo(wide(1), exact.Add(exact, wide(1)))
		checkAbsolute(t, must(fuzzy.Sigmoid, centre, slope), x, exact, math.Ldexp(1, -51))
	})
}

// TestBellError holds the bell to its stated bound against 1/(1+z^n) in
// arbitrary precision, for slopes that make n whole.
func TestBellError(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		centre, width := rapid.Float64Range(-100, 100).Draw(t, "centre"), rapid.Float64Range(.01, 50).Draw(t, "width")
		n := rapid.OneOf(rapid.IntRange(1, 8), rapid.IntRange(1, 2000)).Draw(t, "twice the slope")
		x := centre + width*rapid.OneOf(rapid.Float64Range(-3, 3), rapid.Float64Range(.99, 1.01)).Draw(t, "x")
		z := wide(x)
		z.Sub(z, wide(centre)).Quo(z, wide(width)).Abs(z)
		power := wide(1)
		for range n {
			power.Mul(power, z)
		}
		exact := power.Quo(wide(1), power.Add(power, wide(1)))
		checkAbsolute(t, must(fuzzy.Bell, centre, width, float64(n)/2), x, exact, math.Ldexp(1+float64(n)/2, -51))
	})
}

func wide(v float64) *big.Float { return new(big.Float).SetPrec(300).SetFloat64(v) }

func checkAbsolute(t *rapid.T, f fuzzy.Function, x float64, exact *big.Float, allowed float64) {
	got := f.Degree(x)
	off, _ := wide(got).Sub(wide(got), exact).Float64()
	if !(math.Abs(off) <= allowed) {
		t.Fatalf("%v.Degree(%v) = %v is off by %g, allowed %g", f, x, got, off, allowed)
	}
}

// TestCurvesBend looks for steps of the wrong sign: the curves rise up to where
// they are largest and fall from there on.
func TestCurvesBend(t *testing.T) {
	for _, f := range []fuzzy.Function{
		must(fuzzy.Gauss2, -1, 2, 1, .5), must(fuzzy.Bell, 0, 1, 2), must(fuzzy.Bell, 0, 2, .3), must(fuzzy.Bell, 0, 3, 40),
		must(fuzzy.Sigmoid, 0, 1), must(fuzzy.Sigmoid, 0, -7), must(fuzzy.Bell, 0, 2, 3).Hedged(fuzzy.Somewhat),
	} {
		const points = 200_000
		before, isFalling := -1.0, false
		for i := range points {
			x := 20 * (float64(i)/points - .5)
			degree := f.Degree(x)
			if degree < before {
				isFalling = true
			}
			if isFalling && degree > before {
				t.Fatalf("%v.Degree(%v) = %v rises again from %v", f, x, degree, before)
			}
			before = degree
		}
	}
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

// TestBits is a change detector: the hashes are this package's own. It fails on
// a processor, or with a compiler, that rounds differently.
func TestBits(t *testing.T) {
	for _, c := range []struct {
		f    fuzzy.Function
		want string
	}{
		{must(fuzzy.Gaussian, 50, 15), "d79d1954961a4647"},
		{must(fuzzy.Gauss2, 50, 15, 90, 40), "bd641bb9ae1347de"},
		{must(fuzzy.Bell, 100, 30, 2.2), "cbcfc5713120509c"},
		{must(fuzzy.Sigmoid, 150, .11), "e7db602ebf9ecfa5"},
		{must(fuzzy.Gaussian, 50, 15).Hedged(fuzzy.Somewhat), "84966f558b43be5c"},
		{must(fuzzy.Triangular, 0, 50, 300).Hedged(fuzzy.Very), "88aa0fc414d9a1a7"},
	} {
		h := fnv.New64a()
		for i := range 100_000 {
			_ = binary.Write(h, binary.LittleEndian, math.Float64bits(c.f.Degree(float64(i)*0.0037)))
		}
		if got := fmt.Sprintf("%016x", h.Sum64()); got != c.want {
			t.Errorf("%v: hash of degrees = %s, want %s", c.f, got, c.want)
		}
	}
}
