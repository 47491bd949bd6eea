package kernel

// An AdamStep is the numbers of one step of Adam. With g the gradient:
//
//	d = Clip g + Decay w
//	m = normal(Beta1 m + Rest1 d)    v = normal(Beta2 v + Rest2 (d d))
//	w = Keep w - (Pace m) / (sqrt(v) Root + Epsilon)
//
// Every product, sum, quotient and root is rounded to float32. normal sets what
// would be a subnormal number to +0: the moments of a unit that has died decay
// through the subnormal numbers otherwise and slow the processor down a hundred
// times.
type AdamStep struct {
	Clip, Decay, Beta1, Rest1, Beta2, Rest2, Keep, Pace, Root, Epsilon float32
}

// An SGDStep is the numbers of one step down the gradient.
//
//	d = Clip g + Decay w    m = normal(Momentum m + d)    w = w - Pace m
type SGDStep struct{ Clip, Decay, Momentum, Pace float32 }

// An RMSPropStep is the numbers of one step of RMSprop.
//
//	d = Clip g + Decay w    v = normal(Alpha v + Rest (d d))
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
