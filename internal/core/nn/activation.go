package nn

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/elementary"
)

// An Activation is what a hidden unit does with its sum. The zero value is
// ReLU.
type Activation uint8

// The activations of a sum x: ReLU is max(0, x), Tanh the hyperbolic tangent,
// Sigmoid 1/(1+e^-x), LeakyReLU x where that is above 0 and x/100 elsewhere.
const (
	ReLU Activation = iota
	Tanh
	Sigmoid
	LeakyReLU
)

const leak = 0.01 // slope of LeakyReLU below 0

// apply replaces every value v of a tile by the activation of v; what fills up
// the last panel of a tile of that width stays zero.
func (a Activation) apply(v []quad, stride, width int) {
	switch a {
	case Tanh:
		for i := range v {
			q := &v[i]
			q[0], q[1], q[2], q[3] = elementary.Tanh(q[0]), elementary.Tanh(q[1]), elementary.Tanh(q[2]), elementary.Tanh(q[3])
		}
	case Sigmoid:
		for i := range v {
			q := &v[i]
			q[0], q[1], q[2], q[3] = elementary.Sigmoid(q[0]), elementary.Sigmoid(q[1]), elementary.Sigmoid(q[2]), elementary.Sigmoid(q[3])
		}
		clearPadding(v, stride, width)
	case LeakyReLU:
		for i := range v {
			for k, x := range v[i] {
				v[i][k] = max(x, float32(leak*x))
			}
		}
	default:
		for i := range v {
			q := &v[i]
			q[0], q[1], q[2], q[3] = max(q[0], 0), max(q[1], 0), max(q[2], 0), max(q[3], 0)
		}
	}
}

// clearPadding zeroes what fills up the last panel of a tile of that width.
func clearPadding(v []quad, stride, width int) {
	if width%4 == 0 {
		return
	}
	last := v[(quads(width)-1)*stride:][:stride]
	for r := range last {
		for k := width % 4; k < 4; k++ {
			last[r][k] = 0
		}
	}
}

// slope writes the derivative of the activation, given its values v:
//
//	ReLU: 1 where v > 0, else 0        Tanh: 1 - v²
//	LeakyReLU: 1 where v > 0, else 1/100    Sigmoid: v (1-v)
func (a Activation) slope(dst, v []quad) {
	dst = dst[:len(v)]
	switch a {
	case Tanh:
		for i := range v {
			for k, h := range v[i] {
				dst[i][k] = 1 - float32(h*h)
			}
		}
	case Sigmoid:
		for i := range v {
			for k, h := range v[i] {
				dst[i][k] = float32(h * (1 - h))
			}
		}
	case LeakyReLU:
		for i := range v {
			for k, h := range v[i] {
				if dst[i][k] = leak; h > 0 {
					dst[i][k] = 1
				}
			}
		}
	default:
		for i := range v {
			q := &v[i]
			dst[i] = quad{step(q[0]), step(q[1]), step(q[2]), step(q[3])}
		}
	}
}

// step returns 1 for v > 0 and 0 for +0, the two things ReLU gives; without a
// branch, because the processor cannot guess which.
func step(v float32) float32 {
	positive := uint32(-int32(math.Float32bits(v)) >> 31)
	return math.Float32frombits(positive & math.Float32bits(1))
}
