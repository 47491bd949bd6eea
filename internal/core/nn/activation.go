package nn

import "math"

// apply replaces every value v by the activation of v.
func (a Activation) apply(v []quad) {
	if a == Tanh {
		for i := range v {
			q := &v[i]
			q[0], q[1], q[2], q[3] = tanh(q[0]), tanh(q[1]), tanh(q[2]), tanh(q[3])
		}
		return
	}
	for i := range v {
		q := &v[i]
		q[0], q[1], q[2], q[3] = max(q[0], 0), max(q[1], 0), max(q[2], 0), max(q[3], 0)
	}
}

// slope writes the derivative of the activation, given its values v:
//
//	ReLU: 1 where v > 0, else 0    Tanh: 1 - v²
func (a Activation) slope(dst, v []quad) {
	dst = dst[:len(v)]
	if a == Tanh {
		for i := range v {
			for k, h := range v[i] {
				dst[i][k] = 1 - float32(h*h)
			}
		}
		return
	}
	for i := range v {
		q := &v[i]
		dst[i] = quad{step(q[0]), step(q[1]), step(q[2]), step(q[3])}
	}
}

// step returns 1 for v > 0 and 0 for +0, the two things ReLU gives; without a
// branch, because the processor cannot guess which.
func step(v float32) float32 {
	positive := uint32(-int32(math.Float32bits(v)) >> 31)
	return math.Float32frombits(positive & math.Float32bits(1))
}
