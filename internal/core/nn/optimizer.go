package nn

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/kernel"
)

// An Optimizer says how a gradient changes the weights. The zero value is Adam.
type Optimizer uint8

// The optimizers, with g the gradient after clipping, t the step from 1, and
// rate that of the schedule:
//
//	Adam, AdamW:  m = β1 m + (1-β1) g     v = β2 v + (1-β2) g²
//	              w = w - rate/(1-β1^t) · m / (sqrt(v) / sqrt(1-β2^t) + ε)
//	SGD:          m = Momentum m + g      w = w - rate m
//	RMSProp:      v = α v + (1-α) g²      w = w - rate g / (sqrt(v) + ε)
//
// WeightDecay is L2 for Adam, SGD and RMSProp: g = g + decay w, before the rest, as in
// torch.optim. AdamW shrinks the weights beside the gradient, w = w - rate decay w,
// before the rest. Either falls on biases too.
//
// Source: D. Kingma, J. Ba, Adam: a method for stochastic optimization, 2014;
// I. Loshchilov, F. Hutter, Decoupled weight decay regularization, 2017; T. Tieleman,
// G. Hinton, Lecture 6.5: RMSProp, 2012, with ε outside the root as in torch.optim.
const (
	Adam Optimizer = iota
	AdamW
	SGD
	RMSProp
)

// moments returns how many numbers the optimizer remembers of every weight.
func (o Optimizer) moments() int {
	if o == SGD || o == RMSProp {
		return 1
	}
	return 2
}

// The constants of Adam, those of Kingma and Ba, and of RMSProp, all of them
// PyTorch's.
const (
	beta1   = 0.9
	beta2   = 0.999
	alpha   = 0.99
	epsilon = 1e-8
)

// An optimizer is the state of an Optimizer. The scalars rate/(1-β1^t),
// 1/sqrt(1-β2^t) and 1-rate·decay are computed in float64 and rounded once; the
// kernels state the rest.
type optimizer struct {
	kind            Optimizer
	decay, momentum float64
	gradientClip    float64   // largest norm of the gradient; 0 is none
	m, v            []float32 // m is the v of RMSProp; v is nil where there is one moment
	power1          float64   // β1^t
	power2          float64   // β2^t
}

func newOptimizer(size int, o Options) *optimizer {
	a := &optimizer{kind: o.Optimizer, decay: o.WeightDecay, momentum: o.Momentum, gradientClip: o.GradientClip,
		m: make([]float32, size), power1: 1, power2: 1}
	if o.Optimizer.moments() > 1 {
		a.v = make([]float32, size)
	}
	return a
}

// moments returns what the optimizer remembers, each laid out like the weights.
func (a *optimizer) moments() [][]float32 { return [][]float32{a.m, a.v}[:a.kind.moments()] }

// skip goes on to where the optimizer stands after steps steps.
func (a *optimizer) skip(steps int) {
	for range steps {
		before := [...]float64{a.power1, a.power2}
		a.advance()
		if before == [...]float64{a.power1, a.power2} {
			return // rounding keeps both where they are from here on
		}
	}
}

// advance counts one step.
func (a *optimizer) advance() {
	a.power1 = float64(a.power1 * beta1)
	a.power2 = float64(a.power2 * beta2)
}

// clip returns the factor that brings a gradient of that norm to at most
// gradientClip, as torch.nn.utils.clip_grad_norm_ computes it.
func (a *optimizer) clip(norm float64) float32 {
	if a.gradientClip == 0 || norm <= a.gradientClip {
		return 1
	}
	return float32(a.gradientClip / (norm + 1e-6))
}

// step updates weight by the gradient grad of that norm.
func (a *optimizer) step(k *kernel.Set, weight, grad []float32, norm, rate float64) {
	a.advance()
	clip, decay := a.clip(norm), float32(a.decay)
	switch a.kind {
	case SGD:
		k.SGD(weight, grad, a.m, kernel.SGDStep{Clip: clip, Decay: decay, Momentum: float32(a.momentum), Pace: float32(rate)})
		return
	case RMSProp:
		k.RMSProp(weight, grad, a.m, kernel.RMSPropStep{Clip: clip, Decay: decay, Alpha: alpha, Rest: 1 - alpha, Pace: float32(rate), Epsilon: epsilon})
		return
	}
	s := kernel.AdamStep{Clip: clip, Decay: decay, Beta1: beta1, Rest1: 1 - beta1, Beta2: beta2, Rest2: 1 - beta2, Keep: 1,
		Pace: float32(rate / (1 - a.power1)), Root: float32(1 / math.Sqrt(1-a.power2)), Epsilon: epsilon}
	if a.kind == AdamW {
		s.Decay, s.Keep = 0, float32(1-float64(rate*a.decay))
	}
	k.Adam(weight, grad, a.m, a.v, s)
}
