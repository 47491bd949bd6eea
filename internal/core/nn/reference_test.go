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
		}
		w = w[width*(len(in)+1):]
		if l < len(widths)-1 {
			if r.config.LayerNorm {
				normalize(out, w)
				w = w[2*width:]
			}
			for j := range out {
				out[j] = activate(r.config.Activation, out[j])
				before[j] = out[j]
				if r.factor != nil {
					out[j] *= float64(r.factor(row, l)[j])
				}
			}
		}
		values, plain, in = append(values, out), append(plain, before), out
	}
	return values, plain
}

func activate(a nn.Activation, x float64) float64 {
	switch a {
	case nn.Tanh:
		return math.Tanh(x)
	case nn.Sigmoid:
		return 1 / (1 + math.Exp(-x))
	case nn.LeakyReLU:
		return max(x, 0.01*x)
	}
	return max(x, 0)
}

// normalize is layer normalization of x with gains w[:len(x)] and then biases.
func normalize(x, w []float64) {
	n := float64(len(x))
	mean, variance := 0.0, 0.0
	for _, v := range x {
		mean += v / n
	}
	for _, v := range x {
		variance += (v - mean) * (v - mean) / n
	}
	for j, v := range x {
		x[j] = w[j]*(v-mean)/math.Sqrt(variance+1e-5) + w[len(x)+j]
	}
}

// rowLoss returns the loss of one row and its derivative by the outputs.
func rowLoss(l nn.Loss, z []float64, d nn.Data, i int) (float64, []float64) {
	if l.Kind.Classes() {
		sum := 0.0
		for _, v := range z {
			sum += math.Exp(v)
		}
		g := make([]float64, len(z))
		for c, v := range z {
			g[c] = math.Exp(v) / sum
		}
		y := d.Class[i]
		p, loss := g[y], math.Log(sum)-z[y]
		if l.Kind == nn.Focal {
			factor := math.Pow(1-p, l.Gamma) + l.Gamma*p*math.Pow(1-p, l.Gamma-1)*loss
			g[y]--
			for c := range g {
				g[c] *= factor
			}
			return math.Pow(1-p, l.Gamma) * loss, g
		}
		loss *= 1 - l.Smoothing
		for c := range g {
			loss += l.Smoothing / float64(len(z)) * (math.Log(sum) - z[c])
			g[c] -= l.Smoothing / float64(len(z))
		}
		g[y] -= 1 - l.Smoothing
		return loss, g
	}
	e := z[0] - float64(d.Target[i])
	if l.Kind == nn.MSE {
		return e * e, []float64{2 * e}
	}
	if l.Kind == nn.Pinball {
		if e > 0 {
			return e * (1 - l.Quantile), []float64{1 - l.Quantile}
		}
		return -e * l.Quantile, []float64{-l.Quantile}
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
					back[i] *= slope(r.config.Activation, plain[layer-1][i])
				}
			}
			delta, end = back, start
		}
	}
	return grad
}

// slope returns the derivative of an activation whose value is h.
func slope(a nn.Activation, h float64) float64 {
	switch {
	case a == nn.Tanh:
		return 1 - h*h
	case a == nn.Sigmoid:
		return h * (1 - h)
	case h > 0:
		return 1
	case a == nn.LeakyReLU:
		return 0.01
	}
	return 0
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
		if kind.Classes() {
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
