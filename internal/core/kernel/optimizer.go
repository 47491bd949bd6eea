package kernel

// What the optimizers take for nothing; see AdamStep.
const (
	leastGradient = 0x1p-56
	leastMoment   = 0x1p-64
	leastSquare   = leastGradient * leastGradient
)

// An AdamStep is the numbers of one step of Adam. With g the gradient:
//
//	d = cut(Clip g + Decay w, 2^-56)
//	m = cut(Beta1 m + Rest1 d, 2^-64)    v = cut(Beta2 v + Rest2 (d d), 2^-112)
//	w = Keep w - (Pace m) / (sqrt(v) Root + Epsilon)
//
// Every product, sum, quotient and root is rounded to float32. cut(x, least) is +0
// where x is below least in size, and x elsewhere. What it cuts off is too small to
// move a weight beside Epsilon. It keeps squares of small gradients, and moments
// of units that have died and decay, out of the subnormal numbers, which slow
// processors down several times.
type AdamStep struct {
	Clip, Decay, Beta1, Rest1, Beta2, Rest2, Keep, Pace, Root, Epsilon float32
}

// An SGDStep is the numbers of one step down the gradient.
//
//	d = cut(Clip g + Decay w, 2^-56)    m = cut(Momentum m + d, 2^-64)
//	w = w - Pace m
type SGDStep struct{ Clip, Decay, Momentum, Pace float32 }

// An RMSPropStep is the numbers of one step of RMSprop.
//
//	d = cut(Clip g + Decay w, 2^-56)    v = cut(Alpha v + Rest (d d), 2^-112)
//	w = w - (Pace d) / (sqrt(v) + Epsilon)
type RMSPropStep struct{ Clip, Decay, Alpha, Rest, Pace, Epsilon float32 }

// Adam changes weights and moments by the gradient g. All have one length.
func (s *Set) Adam(w, g, m, v []float32, step AdamStep) {
	if pairs(w, g, "Adam") && pairs(w, m, "Adam") && pairs(w, v, "Adam") {
		s.adam(w, g, m, v, step)
	}
}

// SGD changes weights and momentum by the gradient g. All have one length.
func (s *Set) SGD(w, g, m []float32, step SGDStep) {
	if pairs(w, g, "SGD") && pairs(w, m, "SGD") {
		s.sgd(w, g, m, step)
	}
}

// RMSProp changes weights and moments by the gradient g. All have one length.
func (s *Set) RMSProp(w, g, v []float32, step RMSPropStep) {
	if pairs(w, g, "RMSProp") && pairs(w, v, "RMSProp") {
		s.rmsProp(w, g, v, step)
	}
}
