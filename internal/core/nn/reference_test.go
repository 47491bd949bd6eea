package nn_test

import (
	"math"
	"math/rand/v2"

	"github.com/ktrdr/ktrdr/internal/core/nn"
)

// A reference is the slow and obvious network in float64. Parameters stand in
// the order of the state dictionary: per layer W (O,I), then b (O).
type reference struct {
	config nn.Config
	factor func(row, layer int) []float32 // of dropout; nil is none
}

// forward returns the values of every layer, dropout applied, for one row, and
// the hidden values before dropout.
func (r reference) forward(w []float64, x []float32, row int) (values, plain [][]float64) {
	in := make([]float64, len(x))
	for i, v := range x {
		in[i] = float64(v)
	}
	values = append(values, in)
	widths := append(append([]int(nil), r.config.Hidden...), r.config.Outputs)
	for l, width := range widths {
		out, before := make([]float64, width), make([]float64, width)
		for j := range out {
			for i, v := range in {
				out[j] += v * w[j*len(in)+i]
			}
			out[j] += w[width*len(in)+j]
			if l == len(widths)-1 {
				continue
			}
			if r.config.Activation == nn.Tanh {
				out[j] = math.Tanh(out[j])
			} else {
				out[j] = max(out[j], 0)
			}
			before[j] = out[j]
			if r.factor != nil {
				out[j] *= float64(r.factor(row, l)[j])
			}
		}
		w = w[width*(len(in)+1):]
		values, plain, in = append(values, out), append(plain, before), out
	}
	return values, plain
}

// rowLoss returns the loss of one row and its derivative by the outputs.
func rowLoss(l nn.Loss, z []float64, d nn.Data, i int) (float64, []float64) {
	if l.Kind == nn.CrossEntropy {
		sum := 0.0
		for _, v := range z {
			sum += math.Exp(v)
		}
		g := make([]float64, len(z))
		for c, v := range z {
			g[c] = math.Exp(v) / sum
		}
		g[d.Class[i]]--
		return math.Log(sum) - z[d.Class[i]], g
	}
	e := z[0] - float64(d.Target[i])
	if l.Kind == nn.MSE {
		return e * e, []float64{2 * e}
	}
	if math.Abs(e) <= l.Delta {
		return e * e / 2, []float64{e}
	}
	return l.Delta * (math.Abs(e) - l.Delta/2), []float64{math.Copysign(l.Delta, e)}
}

func rowWeight(l nn.Loss, d nn.Data, i int) float64 {
	w := 1.0
	if d.Weight != nil {
		w = float64(d.Weight[i])
	}
	if l.ClassWeights != nil {
		w *= float64(l.ClassWeights[d.Class[i]])
	}
	return w
}

// loss returns the weighted mean loss.
func (r reference) loss(w []float64, l nn.Loss, d nn.Data) float64 {
	sum, weights := 0.0, 0.0
	for i := range d.Len() {
		values, _ := r.forward(w, d.X[i*r.config.Inputs:(i+1)*r.config.Inputs], i)
		loss, _ := rowLoss(l, values[len(values)-1], d, i)
		sum += rowWeight(l, d, i) * loss
		weights += rowWeight(l, d, i)
	}
	return sum / weights
}

// gradient returns the derivative of loss, by back-propagation.
func (r reference) gradient(w []float64, l nn.Loss, d nn.Data) []float64 {
	weights := 0.0
	for i := range d.Len() {
		weights += rowWeight(l, d, i)
	}
	grad := make([]float64, len(w))
	for row := range d.Len() {
		values, plain := r.forward(w, d.X[row*r.config.Inputs:(row+1)*r.config.Inputs], row)
		_, delta := rowLoss(l, values[len(values)-1], d, row)
		for j := range delta {
			delta[j] *= rowWeight(l, d, row) / weights
		}
		end := len(w)
		for layer := len(values) - 2; layer >= 0; layer-- {
			in := values[layer]
			start := end - len(delta)*(len(in)+1)
			back := make([]float64, len(in))
			for j, dj := range delta {
				for i, v := range in {
					grad[start+j*len(in)+i] += dj * v
					back[i] += dj * w[start+j*len(in)+i]
				}
				grad[start+len(delta)*len(in)+j] += dj
			}
			if layer > 0 {
				for i := range back {
					if r.factor != nil {
						back[i] *= float64(r.factor(row, layer-1)[i])
					}
					if h := plain[layer-1][i]; r.config.Activation == nn.Tanh {
						back[i] *= 1 - h*h
					} else if h <= 0 {
						back[i] = 0
					}
				}
			}
			delta, end = back, start
		}
	}
	return grad
}

func float64s(v []float32) []float64 {
	out := make([]float64, len(v))
	for i := range v {
		out[i] = float64(v[i])
	}
	return out
}

// problem returns random rows for a network of that shape.
func problem(rng *rand.Rand, c nn.Config, kind nn.LossKind, rows int, weighted bool) nn.Data {
	d := nn.Data{X: make([]float32, rows*c.Inputs)}
	for i := range d.X {
		d.X[i] = 2*rng.Float32() - 1
	}
	for range rows {
		if kind == nn.CrossEntropy {
			d.Class = append(d.Class, rng.Int32N(int32(c.Outputs)))
		} else {
			d.Target = append(d.Target, 2*rng.Float32()-1)
		}
		if weighted {
			d.Weight = append(d.Weight, 0.1+rng.Float32())
		}
	}
	return d
}

func network(c nn.Config, seed uint64) *nn.Network {
	n, err := nn.New(c, nn.InitStream(seed))
	if err != nil {
		panic(err)
	}
	return n
}
