package nn

import "github.com/ktrdr/ktrdr/internal/core/kernel"

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

// apply replaces every sum of v by its activation. It writes the derivatives to
// slope, if that is not nil; those of ReLU follow from its values and are not
// written.
func (a Activation) apply(k *kernel.Set, v, slope []float32) {
	switch a {
	case Tanh:
		k.Tanh(v, slope)
	case Sigmoid:
		k.Sigmoid(v, slope)
	case LeakyReLU:
		k.Leaky(v, slope)
	default:
		k.Rectify(v)
	}
}
