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
	hedge  Hedge
	params [4]float64 // as given, then zeros
	sides  sides      // of a kind with straight sides
}

// A Set is a function with a name.
type Set struct {
	Name     string
	Function Function
}

// largest bounds the parameters, so that differences of them are finite, and
// steepest the slope of a bell, whose error grows with it.
const (
	largest  = 1e300
	steepest = 1000
)

// New returns the membership function of a kind.
//
//	triangular  a <= b <= c       0 up to a, 1 at b, 0 from c on. A side without
//	                              width is an edge: 1 at b and 0 beyond; with
//	                              a == b == c only b belongs to the set.
//	trapezoidal a <= b <= c <= d  0 up to a, 1 from b to c, 0 from d on. A side
//	                              without width is a shoulder: 1 at the edge and
//	                              everywhere beyond.
//	gaussian    mu, sigma > 0     exp(-((x-mu)/sigma)^2 / 2)
//	gauss2      mu_left, sigma_left > 0, mu_right >= mu_left, sigma_right > 0
//	                              the left gaussian below mu_left, 1 up to
//	                              mu_right, the right gaussian above it
//	bell        centre, width > 0, slope > 0 and up to 1000
//	                              1 / (1 + |(x-centre)/width|^(2*slope)): 1/2 at
//	                              centre - width and centre + width
//	sigmoid     centre, slope     1 / (1 + exp(-slope*(x-centre))): 1/2 at centre;
//	                              it falls where slope is below 0
//	left_shoulder  a < b          1 up to a, 0 from b on
//	right_shoulder a < b          0 up to a, 1 from b on
//	singleton   a                 1 at a and 0 elsewhere
func New(kind Kind, params []float64) (Function, error) {
	if !kind.valid() {
		return Function{}, fmt.Errorf("%v is not a kind of membership function: want one of %v", kind, Kinds())
	}
	want := shapes[kind].want
	if len(params) != shapes[kind].count {
		return Function{}, fmt.Errorf("%v: want %s, have %d: %v", kind, want, len(params), params)
	}
	for i, p := range params {
		if !(math.Abs(p) <= largest) {
			return Function{}, fmt.Errorf("%v: parameter %d is %v: want a finite number between %g and %g", kind, i+1, p, -largest, largest)
		}
	}
	if !kind.accepts(params) {
		return Function{}, fmt.Errorf("%v: want %s, have %v", kind, want, params)
	}
	if kind == Trapezoidal && params[0] == params[1] && params[2] == params[3] {
		return Function{}, fmt.Errorf("trapezoidal: %v has two shoulders, so every value belongs to it: want a < b or c < d", params)
	}
	if kind == Bell && params[2] > steepest {
		return Function{}, fmt.Errorf("bell: slope %v: want at most %v, which is a step already", params[2], steepest)
	}
	f := Function{kind: kind}
	copy(f.params[:], params)
	f.sides = sidesOf(kind, f.params)
	return f, nil
}

// accepts reports whether finite parameters of the right number fit together.
func (k Kind) accepts(p []float64) bool {
	switch k {
	case Triangular:
		return p[0] <= p[1] && p[1] <= p[2]
	case Trapezoidal:
		return p[0] <= p[1] && p[1] <= p[2] && p[2] <= p[3]
	case Gaussian:
		return p[1] > 0
	case Gauss2:
		return p[1] > 0 && p[2] >= p[0] && p[3] > 0
	case Bell:
		return p[1] > 0 && p[2] > 0
	case Sigmoid:
		return p[1] != 0
	case LeftShoulder, RightShoulder:
		return p[0] < p[1]
	case Singleton:
		return true
	default:
		panic(fmt.Sprintf("fuzzy: %v has no parameters", k))
	}
}

// Hedged returns the function sharpened or softened by h, in place of a hedge
// that it had.
func (f Function) Hedged(h Hedge) Function {
	if h > Somewhat {
		panic(fmt.Sprintf("fuzzy: %v is not a hedge", h))
	}
	f.hedge = h
	return f
}

// Kind returns the kind of the function.
func (f Function) Kind() Kind { return f.kind }

// Hedge returns the hedge of the function; Plain where it has none.
func (f Function) Hedge() Hedge { return f.hedge }

// Params returns the parameters that New was given.
func (f Function) Params() []float64 {
	if !f.kind.valid() {
		panic("fuzzy: parameters of no function")
	}
	return append([]float64(nil), f.params[:shapes[f.kind].count]...)
}

// String returns the hedge, the kind and the parameters, for example
// triangular[20 30 40] or very triangular[20 30 40].
func (f Function) String() string {
	if !f.kind.valid() {
		return f.kind.String()
	}
	text := fmt.Sprintf("%v%v", f.kind, f.params[:shapes[f.kind].count])
	if f.hedge != Plain {
		text = f.hedge.String() + " " + text
	}
	return text
}

// Degree returns the degree to which x belongs to the set; NaN for NaN.
func (f Function) Degree(x float64) float64 {
	column := [1]float64{x}
	f.Degrees(column[:], column[:])
	return column[0]
}

// Degrees writes the degree of each x into dst and returns dst.
//
//	dst[i] = Degree(x[i]), to the bit
//	very: its square    somewhat: its square root
//
// Shape:   len(dst) == len(x); dst may be x itself.
// Range:   [0, 1].
// Warm-up: none.
// NaN:     NaN gives NaN; infinities give the limit.
// Panics:  if the lengths differ.
// Error:   two roundings for straight sides; for the gaussians below 2^-51
// absolute, and below 2^-50·(1+q) relative where q = ((x-mu)/sigma)^2/2, until
// it is 0 from q = 708 on; for the sigmoid below 2^-51 absolute; for the bell
// below 2^-51·(1+slope) absolute. A hedge adds one rounding, and somewhat also
// takes the root of the error.
// Source:  L. A. Zadeh, Fuzzy sets, 1965, and A fuzzy-set-theoretic
// interpretation of linguistic hedges, 1972; J.-S. R. Jang, ANFIS, 1993, for the
// bell.
// Differs: the original KTRDR gives 0 on the edge of a shoulder. MATLAB gives
// the parameters of bell and sigmoid in another order.
func (f Function) Degrees(dst, x []float64) []float64 {
	if len(dst) != len(x) {
		panic("fuzzy: Degrees slice lengths differ")
	}
	p := f.params
	switch f.kind {
	case Triangular, Trapezoidal, LeftShoulder, RightShoulder, Singleton:
		s := f.sides
		for i, v := range x {
			dst[i] = s.degree(v)
		}
	case Gaussian:
		mu, sigma := p[0], p[1]
		for i, v := range x {
			dst[i] = gaussian((v - mu) / sigma)
		}
	case Gauss2:
		for i, v := range x {
			dst[i] = twoSided(v, p[0], p[1], p[2], p[3])
		}
	case Bell:
		centre, width, power := p[0], p[1], 2*p[2]
		for i, v := range x {
			dst[i] = bell((v-centre)/width, power)
		}
	case Sigmoid:
		centre, slope := p[0], p[1]
		for i, v := range x {
			dst[i] = logistic(float64(slope * (v - centre)))
		}
	default:
		panic("fuzzy: degrees of no function")
	}
	f.hedge.apply(dst)
	return dst
}
