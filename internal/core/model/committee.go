package model

import (
	"github.com/ktrdr/ktrdr/internal/core/elementary"
	"github.com/ktrdr/ktrdr/internal/core/nn"
)

// A Committee is several networks of one shape that answer together: the networks
// of an ensemble.
type Committee struct {
	Networks     []*nn.Network
	Temperatures []float64 // of each network; 0 is none
	Classes      bool      // the outputs are classes, and not numbers
}

// committee returns the networks of m.
func (m Model) committee() Committee {
	c := Committee{Networks: append([]*nn.Network{m.Network}, m.Others...), Classes: m.Manifest.Classes != nil}
	for _, member := range m.Manifest.Members {
		c.Temperatures = append(c.Temperatures, member.Temperature)
	}
	return c
}

// Config returns the shape of each network.
func (c Committee) Config() nn.Config { return c.Networks[0].Config() }

// Infer is nn.Network.Infer for all networks together; see mean.
func (c Committee) Infer(dst, x []float32, rows int) []float32 {
	return c.mean(dst, func(n *nn.Network) []float32 { return n.Infer(nil, x, rows) })
}

// InferAt is nn.Network.InferAt for all networks together; see mean.
func (c Committee) InferAt(dst, x []float32, ends []int32) []float32 {
	return c.mean(dst, func(n *nn.Network) []float32 { return n.InferAt(nil, x, ends) })
}

// leastProbability keeps the logarithm of a mean that is 0 in float32 finite.
const leastProbability = 1e-30

// mean returns what the networks say together, in the form of the outputs of one.
//
//	numbers   y = (Σ_k y_k) / K
//	classes   p = (Σ_k softmax(z_k / T_k)) / K,  z = log max(p, 1e-30)
//
// with K networks and their temperatures T. The softmax of z is p.
//
// Shape:   that of the outputs of one network; dst is made where it is too short.
// Range:   of classes, at most 0.
// NaN:     outputs that are no numbers stay none.
// Error:   sums in the order of the networks, in float32: the bits of a row depend
// on the row and the weights alone.
func (c Committee) mean(dst []float32, ask func(*nn.Network) []float32) []float32 {
	for k, n := range c.Networks {
		outputs := ask(n)
		Soften(outputs, c.Temperatures[k])
		if c.Classes && len(outputs) > 0 {
			nn.Softmax(outputs, outputs, n.Config().Outputs)
		}
		if k == 0 {
			if cap(dst) < len(outputs) {
				dst = make([]float32, len(outputs))
			}
			dst = dst[:len(outputs)]
			copy(dst, outputs)
			continue
		}
		for i, v := range outputs {
			dst[i] += v
		}
	}
	for i := range dst {
		dst[i] /= float32(len(c.Networks))
		if c.Classes {
			dst[i] = elementary.Log(max(dst[i], leastProbability))
		}
	}
	return dst
}
