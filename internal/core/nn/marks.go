package nn

import (
	"github.com/ktrdr/ktrdr/internal/core/elementary"
	"github.com/ktrdr/ktrdr/internal/core/kernel"
)

// marks are the losses of up to shardRows rows, not weighted.
type marks struct {
	lanes       int       // rows, rounded up to what the kernels take
	columns     int       // outputs, rounded up to what is quick to turn round, where the rows of outputs have room
	slope       []float32 // (columns,lanes), the derivative by the outputs; 0 for those that are none
	loss        []float32
	right       int // rows whose largest output is their class; regression has none
	top, logSum []float32
	best        []int32
}

func newMarks(outputs int) *marks {
	return &marks{slope: make([]float32, kernel.Width(outputs)*shardRows), loss: make([]float32, shardRows),
		top: make([]float32, shardRows), logSum: make([]float32, shardRows), best: make([]int32, shardRows)}
}

// mark computes the losses of the rows rows of d, whose outputs are the rows of
// out, a matrix with row numbers from row to row.
func (m *marks) mark(k *kernel.Set, l Loss, out []float32, row, outputs int, d *Data, rows []int32) {
	m.lanes, m.columns, m.right = kernel.Width(len(rows)), min((outputs+7)&^7, row), 0
	if !l.Kind.Classes() {
		for r, i := range rows {
			m.loss[r], m.slope[r] = l.number(out[r*row] - d.Target[i])
		}
		m.columns = outputs
		return
	}
	k.Transpose(m.slope, out, len(rows), m.columns, m.lanes, row)
	p := m.slope[:outputs*m.lanes]
	k.Softmax(p, m.top[:m.lanes], m.logSum[:m.lanes], m.best[:m.lanes], outputs)
	plain := l.Kind == CrossEntropy && l.Smoothing == 0
	for r, i := range rows {
		y := d.Class[i]
		m.right += equal(y, m.best[r])
		m.loss[r] = m.logSum[r] - (out[r*row+int(y)] - m.top[r])
		switch {
		case plain:
			p[int(y)*m.lanes+r]--
		case l.Kind == Focal:
			m.focus(r, float32(l.Gamma), outputs, int(y))
		default:
			m.smooth(r, l.Smoothing, out[r*row:][:outputs], int(y))
		}
	}
}

// equal returns 1 where two classes are one and 0 elsewhere; without a branch,
// because the processor cannot guess which.
func equal(a, b int32) int { return int((uint32(a^b) - 1) >> 31) }

// number returns the loss of a row whose output is e above its target, and the
// derivative by the output.
func (l Loss) number(e float32) (loss, slope float32) {
	delta, quantile := float32(l.Delta), float32(l.Quantile)
	switch {
	case l.Kind == MSE:
		return float32(e * e), 2 * e
	case l.Kind == Pinball:
		switch {
		case e > 0:
			slope = 1 - quantile
		case e < 0:
			slope = -quantile
		}
		return float32(slope * e), slope
	case e > delta:
		return delta * (e - float32(0.5*delta)), delta
	case e < -delta:
		return delta * (-e - float32(0.5*delta)), -delta
	}
	return float32(0.5*e) * e, e
}

// smooth turns cross-entropy and probabilities of row r, with outputs z and class
// y, into the smoothed loss and its derivative.
func (m *marks) smooth(r int, smoothing float64, z []float32, y int) {
	share := float32(smoothing / float64(len(z)))
	loss := float32(float32(1-smoothing) * m.loss[r])
	for c, v := range z {
		loss += float32(share * (m.logSum[r] - (v - m.top[r])))
		m.slope[c*m.lanes+r] -= share
	}
	m.loss[r] = loss
	m.slope[y*m.lanes+r] -= float32(1 - smoothing)
}

// focus turns cross-entropy and probabilities of row r, of class y, into the focal
// loss and its derivative.
//
//	q = 1 - p[y] = Σ p[c≠y]    loss = q^γ ce
//	g[c] = (q^γ + γ p[y] q^(γ-1) ce) (p[c] - [c = y])
//
// Range:   where q is not a normal number both are 0, which is what they go to.
func (m *marks) focus(r int, gamma float32, outputs, y int) {
	var q float32
	for c := range outputs {
		if c != y {
			q += m.slope[c*m.lanes+r]
		}
	}
	crossEntropy, own := m.loss[r], y*m.lanes+r
	var power, factor float32
	if !(q < 0x1p-126) {
		power = elementary.Exp(float32(gamma * elementary.Log(q)))
		factor = power + float32(float32(float32(gamma*m.slope[own])*float32(power/q))*crossEntropy)
	}
	m.slope[own] = -q // p[y]-1 without the cancellation
	for o := r; o < outputs*m.lanes; o += m.lanes {
		m.slope[o] *= factor
	}
	m.loss[r] = float32(power * crossEntropy)
}
