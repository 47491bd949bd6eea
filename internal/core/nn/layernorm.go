package nn

import "github.com/ktrdr/ktrdr/internal/core/kernel"

// normalize is the layer normalization of y, the first rows rows of the sums of
// normed layer i.
func (t *tile) normalize(n *Network, i, rows int, y []float32) {
	l := n.layers[i]
	gain, bias := l.norm(n.weight)
	n.kernels.Norm(kernel.Norm{Rows: rows, Units: l.out, Width: l.width(), Y: y, Hat: t.hat[i], Inverse: t.inverse[i], Gain: gain, Bias: bias, Scratch: t.scratch})
}

// backwardNorm turns delta, the derivative by the output of normalize, into that
// by its input, and adds the gradient of gains and biases.
func (d *desk) backwardNorm(n *Network, i, rows int) {
	l := n.layers[i]
	gain, _ := l.norm(n.weight)
	gainGrad, biasGrad := l.norm(d.grad)
	n.kernels.NormBack(kernel.NormBack{Rows: rows, Units: l.out, Width: l.width(), Delta: d.delta[i], Hat: d.hat[i], Inverse: d.inverse[i],
		Gain: gain, GainGrad: gainGrad, BiasGrad: biasGrad, Scratch: d.scratch})
}
