package nn

import "math"

// The constants of Adam, those of Kingma and Ba and of PyTorch.
const (
	beta1   = 0.9
	beta2   = 0.999
	epsilon = 1e-8
)

// adam is the state of the optimizer.
//
//	g' = g·clip + decay·w
//	m  = β1 m + (1-β1) g'     v = β2 v + (1-β2) g'²
//	w  = w - rate/(1-β1^t) · m / (sqrt(v) / sqrt(1-β2^t) + ε)
//
// Range:  every product, sum, quotient and root is rounded to float32; the
// scalars rate/(1-β1^t) and 1/sqrt(1-β2^t) are computed in float64 and rounded
// once. m and v are set to zero where they fall below the smallest normal
// number 2^-126, because subnormal numbers slow some processors down a hundred
// times and change no weight.
// Source: D. Kingma, J. Ba, Adam: a method for stochastic optimization, 2014.
// Weight decay is L2, added to the gradient after clipping, and falls on biases
// too: torch.optim.Adam(weight_decay=…), not AdamW.
type adam struct {
	rate, decay  float64
	m, v         []quad
	power1       float64 // β1^t
	power2       float64 // β2^t
	gradientClip float64 // largest norm of the gradient; 0 is none
}

func newAdam(size int, rate, decay, gradientClip float64) *adam {
	return &adam{rate: rate, decay: decay, gradientClip: gradientClip,
		m: make([]quad, size), v: make([]quad, size), power1: 1, power2: 1}
}

// adamMoments is the number of moments that Adam remembers of every weight.
const adamMoments = 2

// moments returns what the optimizer remembers, each laid out like the weights.
func (a *adam) moments() [][]quad { return [][]quad{a.m, a.v} }

// skip goes on to where the optimizer stands after steps steps.
func (a *adam) skip(steps int) {
	for range steps {
		before := [...]float64{a.power1, a.power2}
		a.advance()
		if before == [...]float64{a.power1, a.power2} {
			return // rounding keeps both where they are from here on
		}
	}
}

// advance counts one step.
func (a *adam) advance() {
	a.power1 = float64(a.power1 * beta1)
	a.power2 = float64(a.power2 * beta2)
}

// clip returns the factor that brings a gradient of that norm to at most
// gradientClip, as torch.nn.utils.clip_grad_norm_ computes it.
func (a *adam) clip(norm float64) float32 {
	if a.gradientClip == 0 || norm <= a.gradientClip {
		return 1
	}
	return float32(a.gradientClip / (norm + 1e-6))
}

// step updates weight by the gradient grad of that norm.
func (a *adam) step(weight, grad []quad, norm float64) {
	a.advance()
	clip := a.clip(norm)
	rate, root := float32(a.rate/(1-a.power1)), float32(1/math.Sqrt(1-a.power2))
	decay := float32(a.decay)
	m, v, grad := a.m[:len(weight)], a.v[:len(weight)], grad[:len(weight)]
	for i := range weight {
		wq, gq, mq, vq := &weight[i], &grad[i], &m[i], &v[i]
		for k := range wq {
			w := wq[k]
			g := float32(gq[k]*clip) + float32(decay*w)
			mk := normal(float32(beta1*mq[k]) + float32((1-beta1)*g))
			vk := normal(float32(beta2*vq[k]) + float32((1-beta2)*float32(g*g)))
			mq[k], vq[k] = mk, vk
			wq[k] = w - float32(rate*mk)/(float32(float32(math.Sqrt(float64(vk)))*root)+epsilon)
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
