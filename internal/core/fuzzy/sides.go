package fuzzy

import "math"

// sides is a rising and a falling straight line. The degree is the smaller of
// the two, kept within [0, 1], so that a triangle, a trapezoid, an edge and a
// shoulder are one formula without a case:
//
//	rising(x)  = (x - foot) / rise
//	falling(x) = (end - x) / fall
type sides struct {
	foot, rise float64
	end, fall  float64
}

// sidesOf returns the sides of a kind that has straight ones, else nothing.
func sidesOf(kind Kind, p [4]float64) sides {
	switch kind {
	case Triangular:
		return triangle(p[0], p[1], p[2])
	case Trapezoidal:
		return trapezoid(p[0], p[1], p[2], p[3])
	case LeftShoulder:
		return trapezoid(p[0], p[0], p[0], p[1])
	case RightShoulder:
		return trapezoid(p[0], p[1], p[1], p[1])
	case Singleton:
		return triangle(p[0], p[0], p[0])
	default:
		return sides{}
	}
}

// trapezoid returns the sides for a <= b <= c <= d. A shoulder is a line that
// begins at infinity.
func trapezoid(a, b, c, d float64) sides {
	s := sides{foot: a, rise: b - a, end: d, fall: d - c}
	if a == b {
		s.foot, s.rise = math.Inf(-1), 1
	}
	if c == d {
		s.end, s.fall = math.Inf(1), 1
	}
	return s
}

// triangle returns the sides for a <= b <= c. An edge is a line that rises from
// the last number before b: no number lies between, so it is exact.
func triangle(a, b, c float64) sides {
	if a == b {
		a = math.Nextafter(b, math.Inf(-1))
	}
	if b == c {
		c = math.Nextafter(b, math.Inf(1))
	}
	return sides{foot: a, rise: b - a, end: c, fall: c - b}
}

// degree is exact to two roundings, 1 at the ends of the plateau and 0 at the
// feet. NaN passes through min and max.
func (s sides) degree(x float64) float64 {
	// Against a shoulder an infinite x would be infinity less infinity.
	x = min(max(x, -math.MaxFloat64), math.MaxFloat64)
	return max(0, min(1, (x-s.foot)/s.rise, (s.end-x)/s.fall))
}
