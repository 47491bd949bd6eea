package nn

import (
	"fmt"
	"math"
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

var activationNames = [...]string{ReLU: "relu", Tanh: "tanh", Sigmoid: "sigmoid", LeakyReLU: "leaky_relu"}

// ParseActivation returns the activation of that name: relu, tanh, sigmoid or
// leaky_relu.
func ParseActivation(s string) (Activation, error) {
	for a, name := range activationNames {
		if name == s {
			return Activation(a), nil
		}
	}
	return 0, fmt.Errorf("unknown activation %q: want relu, tanh, sigmoid or leaky_relu", s)
}

// String returns the name that ParseActivation takes.
func (a Activation) String() string {
	if int(a) >= len(activationNames) {
		return fmt.Sprintf("Activation(%d)", uint8(a))
	}
	return activationNames[a]
}

// MarshalText implements encoding.TextMarshaler.
func (a Activation) MarshalText() ([]byte, error) {
	if int(a) >= len(activationNames) {
		return nil, fmt.Errorf("%v is not an activation", a)
	}
	return []byte(activationNames[a]), nil
}

// UnmarshalText implements encoding.TextUnmarshaler with ParseActivation.
func (a *Activation) UnmarshalText(text []byte) error {
	parsed, err := ParseActivation(string(text))
	if err != nil {
		return err
	}
	*a = parsed
	return nil
}

// apply replaces every value v of a tile by the activation of v; what fills up
// the last panel of a tile of that width stays zero.
func (a Activation) apply(v []quad, stride, width int) {
	switch a {
	case Tanh:
		for i := range v {
			q := &v[i]
			q[0], q[1], q[2], q[3] = tanh(q[0]), tanh(q[1]), tanh(q[2]), tanh(q[3])
		}
	case Sigmoid:
		for i := range v {
			q := &v[i]
			q[0], q[1], q[2], q[3] = sigmoid(q[0]), sigmoid(q[1]), sigmoid(q[2]), sigmoid(q[3])
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

// sigmoid returns 1/(1+e^-x).
//
//	x >= 0: 1/(1+e^-x)    x < 0: e^x/(1+e^x)
//
// Range:   [0, 1]; 0 below expMin, 1 above 17.
// NaN:     NaN gives NaN.
// Error:   below 3 units in the last place.
func sigmoid(x float32) float32 {
	if x < 0 {
		e := exp(x)
		return e / (1 + e)
	}
	return 1 / (1 + exp(-x))
}
