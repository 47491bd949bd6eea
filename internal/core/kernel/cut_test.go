package kernel_test

import (
	"math"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/kernel"
)

// TestOptimizers_cut: what a step cuts off begins, to the last bit and in every
// set, where AdamStep, SGDStep and RMSPropStep say.
func TestOptimizers_cut(t *testing.T) {
	// around returns least and its neighbours, of both signs, and what a cut leaves.
	around := func(least float32) (v, left []float32) {
		below, above := math.Nextafter32(least, 0), math.Nextafter32(least, 1)
		v, left = make([]float32, 16), make([]float32, 16)
		copy(v, []float32{least, -least, above, -above, below, -below})
		copy(left, []float32{least, -least, above, -above})
		return v, left
	}
	gradients, keptGradients := around(0x1p-56)
	moments, keptMoments := around(0x1p-64)
	squares, keptSquares := around(0x1p-112)
	for i, x := range squares {
		squares[i], keptSquares[i] = max(x, -x), max(keptSquares[i], -keptSquares[i])
	}
	none := func() []float32 { return make([]float32, 16) }
	doubled := func(v []float32) []float32 {
		twice := none()
		for i, x := range v {
			twice[i] = 2 * x
		}
		return twice
	}
	for _, s := range kernel.All() {
		is := func(name string, got, want []float32) {
			t.Helper()
			for i, v := range got {
				if math.Float32bits(v) != math.Float32bits(want[i]) {
					t.Errorf("%s, %s: element %d is %x, want %x", s.Name(), name, i, v, want[i])
				}
			}
		}
		m := none()
		s.SGD(none(), gradients, m, kernel.SGDStep{Clip: 1})
		is("gradient of sgd", m, keptGradients)
		m = doubled(moments)
		s.SGD(none(), none(), m, kernel.SGDStep{Clip: 1, Momentum: 0.5})
		is("moment of sgd", m, keptMoments)

		m = none()
		s.Adam(none(), gradients, m, none(), kernel.AdamStep{Clip: 1, Rest1: 1, Keep: 1, Epsilon: 1})
		is("gradient of adam", m, keptGradients)
		m, v := doubled(moments), doubled(squares)
		s.Adam(none(), none(), m, v, kernel.AdamStep{Clip: 1, Beta1: 0.5, Beta2: 0.5, Keep: 1, Epsilon: 1})
		is("first moment of adam", m, keptMoments)
		is("second moment of adam", v, keptSquares)

		w := none()
		s.RMSProp(w, gradients, none(), kernel.RMSPropStep{Clip: 1, Pace: -1, Epsilon: 1})
		is("gradient of rmsprop", w, keptGradients)
		v = doubled(squares)
		s.RMSProp(none(), none(), v, kernel.RMSPropStep{Clip: 1, Alpha: 0.5, Epsilon: 1})
		is("moment of rmsprop", v, keptSquares)
	}
}
