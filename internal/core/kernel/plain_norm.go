package kernel

import "math"

func normPlain(n Norm) {
	units := float64(n.Units)
	for r := range n.Rows {
		y, hat := n.Y[r*n.Width:][:n.Width], n.Hat[r*n.Width:][:n.Width]
		clear(y[n.Units:])
		clear(hat[n.Units:])
		y, hat = y[:n.Units], hat[:n.Units]
		var sum, square float64
		for _, v := range y {
			sum += float64(v)
		}
		mean := sum / units
		for _, v := range y {
			d := float64(v) - mean
			square += float64(d * d)
		}
		m, inverse := float32(mean), float32(1/math.Sqrt(square/units+normEpsilon))
		n.Inverse[r] = inverse
		for o, v := range y {
			h := (v - m) * inverse
			hat[o] = h
			y[o] = float32(n.Gain[o]*h) + n.Bias[o]
		}
	}
}

func normBackPlain(n NormBack) {
	units := float64(n.Units)
	for r := range n.Rows {
		delta, hat := n.Delta[r*n.Width:][:n.Width], n.Hat[r*n.Width:][:n.Units]
		clear(delta[n.Units:])
		var sum, along float64
		for o, h := range hat {
			d := delta[o]
			n.GainGrad[o] += float32(d * h)
			n.BiasGrad[o] += d
			e := float32(d * n.Gain[o])
			delta[o] = e
			sum += float64(e)
			along += float64(e) * float64(h) // the product is exact
		}
		mean, slope := float32(sum/units), float32(along/units)
		for o, h := range hat {
			delta[o] = ((delta[o] - mean) - float32(h*slope)) * n.Inverse[r]
		}
	}
}
