package performance_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/performance"
)

// The factors were computed from the definition with the quantile of Python 3.11.7
// (statistics.NormalDist().inv_cdf); that of 100 is the one that pypbo 0.1 tests.
func TestExpectedMaxSharpe(t *testing.T) {
	for trials, want := range map[float64]float64{10: 1.57459830134575, 45: 2.235640177766405, 100: 2.5306028932016846, 200: 2.7655239046335467,
		500: 3.05252757452808, 1000: 3.255121513652723, 10_000: 3.86066485551044, 100_000: 4.390828742376488, 1: 0} {
		if got := performance.ExpectedMaxSharpe(0.5, trials) / 0.5; math.Abs(got-want) > 1e-7*want {
			t.Errorf("the best of %v has %.9f deviations, want %v", trials, got, want)
		}
	}
	if got := performance.ExpectedMaxSharpe(0, 100); got != 0 {
		t.Errorf("without deviation %v, want 0", got)
	}
	if got := performance.ExpectedMaxSharpe(math.NaN(), 100); !math.IsNaN(got) {
		t.Errorf("of NaN %v", got)
	}
}

// The first value is the example of the paper of 2014, section "A numerical
// example": 2.5 a year over five years of days, the best of 100.
func TestDeflatedSharpe(t *testing.T) {
	for _, c := range []struct {
		name   string
		trials float64
		want   float64
	}{
		{"paper", 100, 0.9003968344},
		{"one_trial", 1, performance.ProbabilisticSharpe(2.5/math.Sqrt(250), 0, -3, 10, 1250)},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := performance.DeflatedSharpe(2.5/math.Sqrt(250), -3, 10, 1250, math.Sqrt(0.5/250), c.trials)
			if math.Abs(got-c.want) > 1e-9 {
				t.Errorf("DeflatedSharpe = %.10f, want %.10f", got, c.want)
			}
		})
	}
}

// The first value is the one that pypbo 0.1 tests; the others follow from the factors of
// TestExpectedMaxSharpe.
func TestMinBacktestLength(t *testing.T) {
	for _, c := range []struct{ trials, target, want float64 }{{45, 1, 4.998087}, {100, 1, 6.403951003}, {100, 2, 1.600987751}, {1, 1, 0}} {
		if got := performance.MinBacktestLength(c.trials, c.target); math.Abs(got-c.want) > 1e-6 {
			t.Errorf("the best of %v shows %v in %v years, want %v", c.trials, c.target, got, c.want)
		}
	}
}

func TestExpectedMaxSharpe_panics(t *testing.T) {
	for _, c := range [][2]float64{{1, 0.5}, {-1, 10}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("ExpectedMaxSharpe(%v, %v) does not panic", c[0], c[1])
				}
			}()
			performance.ExpectedMaxSharpe(c[0], c[1])
		}()
	}
}

func ExampleDeflatedSharpe() {
	perDay := 2.5 / math.Sqrt(250)
	spread := math.Sqrt(0.5 / 250) // of the ratios of the trials
	fmt.Printf("alone %.2f, as the best of 100 %.2f\n",
		performance.DeflatedSharpe(perDay, -3, 10, 1250, spread, 1), performance.DeflatedSharpe(perDay, -3, 10, 1250, spread, 100))
	// Output: alone 1.00, as the best of 100 0.90
}
