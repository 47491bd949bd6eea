package nn

import "math"

// An Optimizer says how a gradient changes the weights. The zero value is Adam.
type Optimizer uint8

// The optimizers, with g the gradient after clipping, t the step from 1, and
// rate that of the schedule:
//
//	Adam, AdamW:  m = β1 m + (1-β1) g     v = β2 v + (1-β2) g²
//	              w = w - rate/(1-β1^t) · m / (sqrt(v) / sqrt(1-β2^t) + ε)
//	SGD:          m = Momentum m + g      w = w - rate m
//
// WeightDecay is L2 for Adam and SGD: g = g + decay w, before the rest, as in
// torch.optim. AdamW shrinks the weights beside the gradient, w = w - rate decay w,
// before the rest. Either falls on biases too.
//
// Source: D. Kingma, J. Ba, Adam: a method for stochastic optimization, 2014;
// I. Loshchilov, F. Hutter, Decoupled weight decay regularization, 2017.
const (
	Adam Optimizer = iota
	AdamW
	SGD
)

// moments returns how many numbers the optimizer remembers of every weight.
func (o Optimizer) moments() int {
	if o == SGD {
		return 1
	}
	return 2
}

// The constants of Adam, those of Kingma and Ba and of PyTorch.
const (
	beta1   = 0.9
	beta2   = 0.999
	epsilon = 1e-8
)

// An optimizer is the state of an Optimizer.
//
// Range:  every product, sum, quotient and root is rounded to float32; the
// scalars rate/(1-β1^t), 1/sqrt(1-β2^t) and 1-rate·decay are computed in float64
// and rounded once. m and v are set to zero where they fall below the smallest
// normal number 2^-126, because subnormal numbers slow some processors down a
// hundred times and change no weight.
type optimizer struct {
	kind            Optimizer
	decay, momentum float64
	gradientClip    float64 // largest norm of the gradient; 0 is none
	m, v            []quad  // v is nil for SGD
	power1          float64 // β1^t
	power2          float64 // β2^t
}

func newOptimizer(size int, o Options) *optimizer {
	a := &optimizer{kind: o.Optimizer, decay: o.WeightDecay, momentum: o.Momentum, gradientClip: o.GradientClip,
		m: make([]quad, size), power1: 1, power2: 1}
	if o.Optimizer.moments() > 1 {
		a.v = make([]quad, size)
	}
	return a
}

// moments returns what the optimizer remembers, each laid out like the weights.
func (a *optimizer) moments() [][]quad { return [][]quad{a.m, a.v}[:a.kind.moments()] }

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
func (a *optimizer) step(weight, grad []quad, norm, rate float64) {
	a.advance()
	if a.kind == SGD {
		a.stepSGD(weight, grad, norm, rate)
		return
	}
	clip, decay, keep := a.clip(norm), float32(a.decay), float32(1)
	if a.kind == AdamW {
		decay, keep = 0, float32(1-float64(rate*a.decay))
	}
	root := float32(1 / math.Sqrt(1-a.power2))
	pace := float32(rate / (1 - a.power1))
	m, v, grad := a.m[:len(weight)], a.v[:len(weight)], grad[:len(weight)]
	for i := range weight {
		wq, gq, mq, vq := &weight[i], &grad[i], &m[i], &v[i]
		for k := range wq {
			w := wq[k]
			g := float32(gq[k]*clip) + float32(decay*w)
			mk := normal(float32(beta1*mq[k]) + float32((1-beta1)*g))
			vk := normal(float32(beta2*vq[k]) + float32((1-beta2)*float32(g*g)))
			mq[k], vq[k] = mk, vk
			wq[k] = float32(keep*w) - float32(pace*mk)/(float32(float32(math.Sqrt(float64(vk)))*root)+epsilon)
		}
	}
}

func (a *optimizer) stepSGD(weight, grad []quad, norm, rate float64) {
	clip, decay, momentum, pace := a.clip(norm), float32(a.decay), float32(a.momentum), float32(rate)
	m, grad := a.m[:len(weight)], grad[:len(weight)]
	for i := range weight {
		wq, gq, mq := &weight[i], &grad[i], &m[i]
		for k := range wq {
			g := float32(gq[k]*clip) + float32(decay*wq[k])
			mq[k] = normal(float32(momentum*mq[k]) + g)
			wq[k] -= float32(pace * mq[k])
		}
	}
}

// normal returns x, or 0 where x is subnormal.
func normal(x float32) float32 {
	const smallest = 0x1p-126
	if x < smallest && x > -smallest {
		return 0
	}
	return x
}

// norm returns the Euclidean norm of g, summed in float64 in eight lanes:
// element i of the flat vector belongs to lane i mod 8, and the lanes are added
// pairwise.
func norm(g []quad) float64 {
	var s [8]float64
	for i := range g {
		q, lane := &g[i], s[4*(i%2):][:4]
		for k := range q {
			x := float64(q[k])
			lane[k] += float64(x * x)
		}
	}
	return math.Sqrt(((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7])))
}
