package kernel

// normalization is the functions of kernels_amd64.s that Norm and NormBack are
// made of. The sums take a row to a lane, so what they add up is turned round
// first.
type normalization struct {
	moments      func(mean, inverse, y *float32, rows, stride, units int, count, epsilon float64)
	projections  func(mean, slope, e, hat *float32, rows, stride, units int, count float64)
	normalize    func(y, hat, mean, inverse, gain, bias *float32, rows, width int, units float32)
	normGradient func(delta, hat, gain, gainGrad, biasGrad *float32, rows, width int, units float32)
	normBack     func(delta, hat, mean, slope, inverse *float32, rows, width int, units float32)
}

var (
	norm512 = normalization{moments512, projections512, normalize512, normGradient512, normBack512}
	norm256 = normalization{moments256, projections256, normalize256, normGradient256, normBack256}
)

func (a *normalization) norm(n Norm) {
	stride := Width(n.Rows)
	turned, mean := n.Scratch, n.Scratch[n.Width*stride:]
	transposeFast(turned, n.Y, n.Rows, wholeEights(n.Units, n.Width), stride, n.Width)
	a.moments(&mean[0], &n.Inverse[0], &turned[0], stride, stride, n.Units, float64(n.Units), normEpsilon)
	a.normalize(&n.Y[0], &n.Hat[0], &mean[0], &n.Inverse[0], &n.Gain[0], &n.Bias[0], n.Rows, n.Width, float32(n.Units))
}

func (a *normalization) back(n NormBack) {
	stride := Width(n.Rows)
	turned, hat, mean, slope := n.Scratch, n.Scratch[n.Width*stride:], n.Scratch[2*n.Width*stride:], n.Scratch[(2*n.Width+1)*stride:]
	a.normGradient(&n.Delta[0], &n.Hat[0], &n.Gain[0], &n.GainGrad[0], &n.BiasGrad[0], n.Rows, n.Width, float32(n.Units))
	transposeFast(turned, n.Delta, n.Rows, wholeEights(n.Units, n.Width), stride, n.Width)
	transposeFast(hat, n.Hat, n.Rows, wholeEights(n.Units, n.Width), stride, n.Width)
	a.projections(&mean[0], &slope[0], &turned[0], &hat[0], stride, stride, n.Units, float64(n.Units))
	a.normBack(&n.Delta[0], &n.Hat[0], &mean[0], &slope[0], &n.Inverse[0], n.Rows, n.Width, float32(n.Units))
}

// wholeEights rounds columns up to what is quick to turn round.
func wholeEights(columns, width int) int { return min((columns+7)&^7, width) }
