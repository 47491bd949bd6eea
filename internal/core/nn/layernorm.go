package nn

import "math"

// normEpsilon keeps a row whose units are all alike from dividing by zero, as
// in torch.nn.LayerNorm.
const normEpsilon = 1e-5

// normalize is layer normalization: every row of y, the sums of a layer, gets
// mean 0 and variance 1 over the units of the layer and is then scaled and
// shifted by learned factors g and terms b. It notes the normalized values in
// hat and each row's 1/sqrt(variance+ε) in inverse.
//
//	m = Σ y[o] / O    s² = Σ (y[o]-m)² / O    hat[o] = (y[o]-m) / sqrt(s²+ε)
//	y[o] = g[o] hat[o] + b[o]
//
// y and hat are (B,O), inverse is (B).
//
// Range:   both sums are in float64, in the order of the units; m and the
// inverse root are rounded to float32 once.
// Source:  J. Ba, J. Kiros, G. Hinton, Layer normalization, 2016.
func (l layer) normalize(y, hat, inverse []float32, rows int, weight []float32) {
	gain, bias := l.norm(weight)
	for r := range rows {
		y, hat := y[r*l.width():][:l.out], hat[r*l.width():][:l.out]
		var sum, square float64
		for _, v := range y {
			sum += float64(v)
		}
		mean := sum / float64(l.out)
		for _, v := range y {
			d := float64(v) - mean
			square += float64(d * d)
		}
		m, inv := float32(mean), float32(1/math.Sqrt(square/float64(l.out)+normEpsilon))
		inverse[r] = inv
		for o, v := range y {
			h := (v - m) * inv
			hat[o] = h
			y[o] = float32(gain[o]*h) + bias[o]
		}
	}
}

// backwardNorm turns delta, the derivative by the output of normalize, into that
// by its input, and adds the gradient of gains and biases, row by row.
//
//	dg[o] = Σ_r d[r,o] hat[r,o]    db[o] = Σ_r d[r,o]    e[o] = d[o] g[o]
//	d[o]  = (e[o] - Σ e / O - hat[o] Σ e hat / O) / sqrt(s²+ε)
//
// delta and hat are (B,O), inverse is (B), grad is laid out like the weights.
func (l layer) backwardNorm(grad, delta, hat, inverse []float32, rows int, weight []float32) {
	gain, _ := l.norm(weight)
	gainGrad, biasGrad := l.norm(grad)
	for r := range rows {
		delta, hat := delta[r*l.width():][:l.out], hat[r*l.width():][:l.out]
		var sum, along float64
		for o, h := range hat {
			d := delta[o]
			gainGrad[o] += float32(d * h)
			biasGrad[o] += d
			e := float32(d * gain[o])
			delta[o] = e
			sum += float64(e)
			along += float64(float64(e) * float64(h))
		}
		mean, slope := float32(sum/float64(l.out)), float32(along/float64(l.out))
		for o, h := range hat {
			delta[o] = ((delta[o] - mean) - float32(h*slope)) * inverse[r]
		}
	}
}
