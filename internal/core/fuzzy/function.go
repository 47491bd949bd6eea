package fuzzy

import (
	"fmt"
	"math"
)

// A Function gives degrees of membership. It never changes, is comparable with
// ==, and may be shared. The zero value is no function and panics where a degree
// is asked of it; New makes one that cannot be wrong.
type Function struct {
	kind   Kind
	params [4]float64 // as given, then zeros
	sides  sides      // of a triangle or trapezoid
}

// A Set is a function with a name.
type Set struct {
	Name     string
	Function Function
}

// largest bounds the parameters, so that differences of them are finite.
const largest = 1e300

// New returns the membership function of a kind.
//
//	triangular  a <= b <= c       0 up to a, 1 at b, 0 from c on. A side without
//	                              width is an edge: 1 at b and 0 beyond; with
//	                              a == b == c only b belongs to the set.
//	trapezoidal a <= b <= c <= d  0 up to a, 1 from b to c, 0 from d on. A side
//	                              without width is a shoulder: 1 at the edge and
//	                              everywhere beyond.
//	gaussian    mu, sigma > 0     exp(-((x-mu)/sigma)^2 / 2)
func New(kind Kind, params []float64) (Function, error) {
	f := Function{kind: kind}
	var want string
	switch kind {
	case Triangular:
		want = "3 numbers a <= b <= c"
	case Trapezoidal:
		want = "4 numbers a <= b <= c <= d"
	case Gaussian:
		want = "2 numbers mu and sigma > 0"
	default:
		return Function{}, fmt.Errorf("%v is not a kind of membership function: want triangular, trapezoidal or gaussian", kind)
	}
	if len(params) != f.count() {
		return Function{}, fmt.Errorf("%v: want %s, have %d: %v", kind, want, len(params), params)
	}
	for i, p := range params {
		if !(math.Abs(p) <= largest) {
			return Function{}, fmt.Errorf("%v: parameter %d is %v: want a finite number between %g and %g", kind, i+1, p, -largest, largest)
		}
		ordered := i == 0 || p >= params[i-1]
		if kind == Gaussian {
			ordered = i == 0 || p > 0
		}
		if !ordered {
			return Function{}, fmt.Errorf("%v: want %s, have %v", kind, want, params)
		}
	}
	copy(f.params[:], params)
	switch kind {
	case Triangular:
		f.sides = triangle(params[0], params[1], params[2])
	case Trapezoidal:
		if params[0] == params[1] && params[2] == params[3] {
			return Function{}, fmt.Errorf("trapezoidal: %v has two shoulders, so every value belongs to it: want a < b or c < d", params)
		}
		f.sides = trapezoid(params[0], params[1], params[2], params[3])
	}
	return f, nil
}

// count returns the number of parameters.
func (f Function) count() int {
	switch f.kind {
	case Triangular:
		return 3
	case Trapezoidal:
		return 4
	case Gaussian:
		return 2
	default:
		panic(fmt.Sprintf("fuzzy: %v has no parameters", f.kind))
	}
}

// Kind returns the kind of the function.
func (f Function) Kind() Kind { return f.kind }

// Params returns the parameters that New was given.
func (f Function) Params() []float64 {
	return append([]float64(nil), f.params[:f.count()]...)
}

// String returns the kind and the parameters, for example
// triangular[20 30 40].
func (f Function) String() string {
	if f.kind < Triangular || f.kind > Gaussian {
		return f.kind.String()
	}
	return fmt.Sprintf("%v%v", f.kind, f.params[:f.count()])
}

// Degree returns the degree to which x belongs to the set; NaN for NaN.
func (f Function) Degree(x float64) float64 {
	switch f.kind {
	case Triangular, Trapezoidal:
		return f.sides.degree(x)
	case Gaussian:
		return bell((x - f.params[0]) / f.params[1])
	default:
		panic("fuzzy: degree of no function")
	}
}

// Degrees writes the degree of each x into dst and returns dst.
//
//	dst[i] = Degree(x[i]), to the bit
//
// Shape:   len(dst) == len(x); dst may be x itself.
// Range:   [0, 1].
// Warm-up: none.
// NaN:     NaN gives NaN; infinities give the limit.
// Panics:  if the lengths differ.
// Error:   two roundings for straight sides; for the gaussian below 2^-51
// absolute, and below 2^-50·(1+q) relative where q = ((x-mu)/sigma)^2/2, until
// it is 0 from q = 708 on.
// Source:  L. A. Zadeh, Fuzzy sets, 1965.
// Differs: the original KTRDR gives 0 on the edge of a shoulder.
func (f Function) Degrees(dst, x []float64) []float64 {
	if len(dst) != len(x) {
		panic("fuzzy: Degrees slice lengths differ")
	}
	switch f.kind {
	case Triangular, Trapezoidal:
		s := f.sides
		for i, v := range x {
			dst[i] = s.degree(v)
		}
	case Gaussian:
		mu, sigma := f.params[0], f.params[1]
		for i, v := range x {
			dst[i] = bell((v - mu) / sigma)
		}
	default:
		panic("fuzzy: degrees of no function")
	}
	return dst
}
