package nn

import (
	"fmt"
	"math"
)

// A LossKind says what a network is fitted to. The zero value is none.
type LossKind uint8

// The losses of one row with outputs z, class y or target y, p = softmax(z) and
// d = z - y: CrossEntropy is -log p[y]; with Smoothing ε it is the mean over all
// K classes with the share 1-ε+ε/K for y and ε/K for the others. Focal is
// -(1-p[y])^Gamma log p[y]. MSE is d², Huber is d²/2 where |d| is at most Delta
// and Delta (|d| - Delta/2) beyond. Pinball is Quantile (-d) where d is below 0
// and (1-Quantile) d elsewhere; what makes it small is that quantile of y.
const (
	CrossEntropy LossKind = iota + 1
	MSE
	Huber
	Focal
	Pinball
)

// Classes tells whether the loss is about classes, one output each, and not
// about a number.
func (k LossKind) Classes() bool { return k == CrossEntropy || k == Focal }

// A Loss is what training makes small: the mean of the loss of the rows,
// weighted by the product of the row's own weight and, for classes, the weight
// of its class, and divided by the sum of those weights as PyTorch does for
// cross-entropy. A smoothed loss has the weight of the row's class throughout.
type Loss struct {
	Kind         LossKind
	Delta        float64   // Huber only, above 0
	Gamma        float64   // Focal only, 0 to 16
	Smoothing    float64   // CrossEntropy only, at least 0 and below 1
	Quantile     float64   // Pinball only, above 0 and below 1
	ClassWeights []float32 // of classes only: one per class, finite and above 0; nil is 1 each
}

// maxGamma keeps the powers of a focal loss within float32.
const maxGamma = 16

// validate returns what is wrong with the loss for a network of that shape.
func (l Loss) validate(c Config) error {
	for _, v := range [...]struct {
		name  string
		value float64
		of    LossKind
		ok    bool
		want  string
	}{
		{"huber delta", l.Delta, Huber, l.Delta > 0 && !math.IsInf(l.Delta, 0), "a finite number above 0"},
		{"focal gamma", l.Gamma, Focal, l.Gamma >= 0 && l.Gamma <= maxGamma, "0 to 16"},
		{"label smoothing", l.Smoothing, CrossEntropy, l.Smoothing >= 0 && l.Smoothing < 1, "at least 0 and below 1"},
		{"quantile", l.Quantile, Pinball, l.Quantile > 0 && l.Quantile < 1, "above 0 and below 1"},
	} {
		switch {
		case l.Kind == v.of && !v.ok:
			return fmt.Errorf("%s is %v: want %s", v.name, v.value, v.want)
		case l.Kind != v.of && v.value != 0:
			return fmt.Errorf("%s belongs to %v, not to %v", v.name, v.of, l.Kind)
		}
	}
	if l.Kind < CrossEntropy || int(l.Kind) >= len(lossNames) {
		return fmt.Errorf("loss: %v is not one", l.Kind)
	}
	if !l.Kind.Classes() {
		if l.ClassWeights != nil {
			return fmt.Errorf("class weights belong to losses of classes, not to %v", l.Kind)
		}
		if c.Outputs != 1 {
			return fmt.Errorf("%v needs a network with 1 output, have %d", l.Kind, c.Outputs)
		}
		return nil
	}
	if l.ClassWeights != nil && len(l.ClassWeights) != c.Outputs {
		return fmt.Errorf("class weights: want %d, one per class, have %d", c.Outputs, len(l.ClassWeights))
	}
	for class, w := range l.ClassWeights {
		if !(w > 0) || !finite(w) {
			return fmt.Errorf("weight of class %d is %v: want a finite number above 0", class, w)
		}
	}
	return nil
}

// Data is rows to learn from or to be judged by. Fit and Evaluate only read it.
type Data struct {
	X      []float32 // (M,I), row-major, finite where it is read
	At     []int32   // (N), the row of X at which each input ends, Rows() of them; nil is row i for input i, and M is N
	Class  []int32   // (N), for losses of classes: 0 to O-1
	Target []float32 // (N), for losses of numbers, finite
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
	if d.Weight != nil && len(d.Weight) != n {
		return fmt.Errorf("%d weights for %d rows", len(d.Weight), n)
	}
	if classes := l.Kind.Classes(); classes && len(d.Class) != n || !classes && len(d.Target) != n {
		return fmt.Errorf("%v of %d rows has %d classes and %d targets", l.Kind, n, len(d.Class), len(d.Target))
	}
	if err := d.validateFeatures(c); err != nil {
		return err
	}
	for i := range n {
		switch {
		case l.Kind.Classes() && (d.Class[i] < 0 || int(d.Class[i]) >= c.Outputs):
			return fmt.Errorf("row %d has class %d: want 0 to %d", i, d.Class[i], c.Outputs-1)
		case !l.Kind.Classes() && !finite(d.Target[i]):
			return fmt.Errorf("row %d has target %v: want a finite number", i, d.Target[i])
		case d.Weight != nil && (!(d.Weight[i] > 0) || !finite(d.Weight[i])):
			return fmt.Errorf("row %d has weight %v: want a finite number above 0, leave rows without weight out", i, d.Weight[i])
		}
	}
	return nil
}

// validateFeatures returns the first thing that is wrong with X and At.
func (d Data) validateFeatures(c Config) error {
	rows, n := len(d.X)/c.Inputs, d.Len()
	switch {
	case len(d.X) != rows*c.Inputs || d.At == nil && rows != n:
		return fmt.Errorf("%d features for %d rows of %d", len(d.X), n, c.Inputs)
	case d.At == nil && c.Rows() > 1:
		return fmt.Errorf("a window of %d rows, but no ends of windows", c.Rows())
	case d.At != nil && len(d.At) != n:
		return fmt.Errorf("%d ends for %d rows", len(d.At), n)
	}
	read := make([]int32, rows+1) // changes of the number of inputs that read a row
	for i := range n {
		last := d.end(int32(i))
		if last < c.Rows()-1 || last >= rows {
			return fmt.Errorf("input %d of %d rows ends at row %d of %d", i, c.Rows(), last, rows)
		}
		read[last-c.Rows()+1]++
		read[last+1]--
	}
	readers := int32(0)
	if allFinite(d.X) {
		return nil
	}
	for row := range rows {
		if readers += read[row]; readers == 0 {
			continue
		}
		for i, v := range d.X[row*c.Inputs : (row+1)*c.Inputs] {
			if !finite(v) {
				return fmt.Errorf("row %d feature %d is %v: leave incomplete rows out", row, i, v)
			}
		}
	}
	return nil
}

// end returns the row of X at which input i ends.
func (d *Data) end(i int32) int {
	if d.At == nil {
		return int(i)
	}
	return int(d.At[i])
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

// weighted tells whether rows have other weights than 1.
func (l Loss) weighted(d *Data) bool { return d.Weight != nil || l.ClassWeights != nil }

// weights returns the sum of the weights of those rows, in their order.
func (l Loss) weights(d *Data, rows []int32) float64 {
	if !l.weighted(d) {
		return float64(len(rows))
	}
	var sum float64
	for _, i := range rows {
		sum += float64(l.weight(d, i))
	}
	return sum
}
