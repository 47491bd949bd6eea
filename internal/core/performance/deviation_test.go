package performance_test

import (
	"math"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/performance"
)

func TestDeviation(t *testing.T) {
	nan := math.NaN()
	for _, test := range []struct {
		values []float64
		want   float64
	}{
		{nil, 0}, {[]float64{3}, 0}, {[]float64{3, nan}, 0}, {[]float64{1, nan, 3}, math.Sqrt2}, {[]float64{2, 4, 4, 4, 5, 5, 7, 9}, math.Sqrt(32.0 / 7)},
	} {
		if got := performance.Deviation(test.values); math.Abs(got-test.want) > 1e-15 {
			t.Errorf("Deviation(%v) = %v, want %v", test.values, got, test.want)
		}
	}
}
