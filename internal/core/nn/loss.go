package nn

import (
	"fmt"
	"math"
)

// A LossKind says what a network is fitted to. The zero value is none.
type LossKind uint8

// The losses of one row with outputs z, class y or target y, and d = z - y:
// CrossEntropy is -log softmax(z)[y], MSE is d², Huber is d²/2 where |d| is at
// most Delta and Delta (|d| - Delta/2) beyond.
const (
	CrossEntropy LossKind = iota + 1
	MSE
	Huber
)

var lossNames = [...]string{CrossEntropy: "cross_entropy", MSE: "mse", Huber: "huber"}

// ParseLoss returns the loss of that name: cross_entropy, mse or huber.
func ParseLoss(s string) (LossKind, error) {
	for k := CrossEntropy; k <= Huber; k++ {
		if lossNames[k] == s {
			return k, nil
		}
	}
	return 0, fmt.Errorf("unknown loss %q: want cross_entropy, mse or huber", s)
}

// String returns cross_entropy, mse or huber.
func (k LossKind) String() string {
	if k < CrossEntropy || k > Huber {
		return fmt.Sprintf("LossKind(%d)", uint8(k))
	}
	return lossNames[k]
}

// A Loss is what training makes small: the mean of the loss of the rows,
// weighted by the product of the row's own weight and, for CrossEntropy, the
// weight of its class, and divided by the sum of those weights as PyTorch does.
type Loss struct {
	Kind         LossKind
	Delta        float64   // Huber only, above 0
	ClassWeights []float32 // CrossEntropy only: one per class, finite and above 0; nil is 1 each
}

// validate returns what is wrong with the loss for a network of that shape.
func (l Loss) validate(c Config) error {
	switch l.Kind {
	case CrossEntropy:
		if l.ClassWeights != nil && len(l.ClassWeights) != c.Outputs {
			return fmt.Errorf("class weights: want %d, one per class, have %d", c.Outputs, len(l.ClassWeights))
		}
		for class, w := range l.ClassWeights {
			if !(w > 0) || !finite(w) {
				return fmt.Errorf("weight of class %d is %v: want a finite number above 0", class, w)
			}
		}
		return nil
	case Huber:
		if !(l.Delta > 0) || math.IsInf(l.Delta, 0) {
			return fmt.Errorf("huber delta is %v: want a finite number above 0", l.Delta)
		}
	case MSE:
	default:
		return fmt.Errorf("loss: %v is not one", l.Kind)
	}
	if l.ClassWeights != nil {
		return fmt.Errorf("class weights belong to cross_entropy, not to %v", l.Kind)
	}
	if c.Outputs != 1 {
		return fmt.Errorf("%v needs a network with 1 output, have %d", l.Kind, c.Outputs)
	}
	return nil
}

// Data is rows to learn from or to be judged by. Fit and Evaluate only read it.
type Data struct {
	X      []float32 // (N,I), row-major, finite
	Class  []int32   // (N), for CrossEntropy: 0 to O-1
	Target []float32 // (N), for MSE and Huber, finite
	Weight []float32 // (N), finite and above 0; nil is 1 each
}

// Len returns the number of rows.
func (d Data) Len() int { return max(len(d.Class), len(d.Target)) }

// validate returns the first thing that is wrong with the rows.
func (d Data) validate(c Config, l Loss) error {
	n := d.Len()
	if n > math.MaxInt32 {
		return fmt.Errorf("%d rows: want at most %d", n, math.MaxInt32)
	}
	if len(d.X) != n*c.Inputs {
		return fmt.Errorf("%d features for %d rows of %d", len(d.X), n, c.Inputs)
	}
	if d.Weight != nil && len(d.Weight) != n {
		return fmt.Errorf("%d weights for %d rows", len(d.Weight), n)
	}
	if classes := l.Kind == CrossEntropy; classes && len(d.Class) != n || !classes && len(d.Target) != n {
		return fmt.Errorf("%v of %d rows has %d classes and %d targets", l.Kind, n, len(d.Class), len(d.Target))
	}
	for i, v := range d.X {
		if !finite(v) {
			return fmt.Errorf("row %d feature %d is %v: leave incomplete rows out", i/c.Inputs, i%c.Inputs, v)
		}
	}
	for i := range n {
		switch {
		case l.Kind == CrossEntropy && (d.Class[i] < 0 || int(d.Class[i]) >= c.Outputs):
			return fmt.Errorf("row %d has class %d: want 0 to %d", i, d.Class[i], c.Outputs-1)
		case l.Kind != CrossEntropy && !finite(d.Target[i]):
			return fmt.Errorf("row %d has target %v: want a finite number", i, d.Target[i])
		case d.Weight != nil && (!(d.Weight[i] > 0) || !finite(d.Weight[i])):
			return fmt.Errorf("row %d has weight %v: want a finite number above 0, leave rows without weight out", i, d.Weight[i])
		}
	}
	return nil
}

// weight returns the weight of row i in the loss.
func (l Loss) weight(d *Data, i int32) float32 {
	w := float32(1)
	if d.Weight != nil {
		w = d.Weight[i]
	}
	if l.ClassWeights != nil {
		w *= l.ClassWeights[d.Class[i]]
	}
	return w
}

// row returns the loss of row i, not weighted, whether its prediction is right
// (the largest output is its class; regression has no right), and writes the
// derivative by the outputs into g.
//
// z and g are (O), not the same slice.
func (l Loss) row(g, z []float32, d *Data, i int32) (loss float32, right bool) {
	if l.Kind == CrossEntropy {
		y := d.Class[i]
		top, logSum := softmaxRow(g, z)
		g[y]--
		// Argmax takes the first of equal outputs.
		best := 0
		for c := range z {
			if z[c] > z[best] {
				best = c
			}
		}
		return logSum - (z[y] - top), best == int(y)
	}
	e, delta := z[0]-d.Target[i], float32(l.Delta)
	switch {
	case l.Kind == MSE:
		g[0] = 2 * e
		return float32(e * e), false
	case e > delta:
		g[0] = delta
		return delta * (e - float32(0.5*delta)), false
	case e < -delta:
		g[0] = -delta
		return delta * (-e - float32(0.5*delta)), false
	}
	g[0] = e
	return float32(0.5*e) * e, false
}
