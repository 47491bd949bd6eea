package performance

import (
	"math"
	"slices"
)

// MinTailReturns is the fewest daily returns that have tails: a twentieth of them
// is one return.
const MinTailReturns = 20

// Tails say how the worst and the best days compare. They are nil under
// MinTailReturns returns. Quantiles lie between two returns where they must:
// linearly, at position p*(T-1) of the sorted returns.
type Tails struct {
	ValueAtRisk95       *float64 `json:"value_at_risk_95"`      // the loss that 95 % of the days stay under: -(5 % quantile of r), a fraction of the equity
	ExpectedShortfall95 *float64 `json:"expected_shortfall_95"` // mean loss of the days at or beyond it
	TailRatio           *float64 `json:"tail_ratio"`            // |95 % quantile of r| / |5 % quantile of r|; nil where that is 0
	BestDay             *float64 `json:"best_day"`              // largest r
	WorstDay            *float64 `json:"worst_day"`             // smallest r
}

func tailsOf(returns []float64) Tails {
	if len(returns) < MinTailReturns {
		return Tails{}
	}
	sorted := slices.Sorted(slices.Values(returns))
	low, high := quantile(sorted, 0.05), quantile(sorted, 0.95)
	beyond, _ := slices.BinarySearch(sorted, math.Nextafter(low, math.Inf(1)))
	t := Tails{
		ValueAtRisk95:       defined(-low),
		ExpectedShortfall95: defined(-mean(sorted[:beyond])),
		BestDay:             defined(sorted[len(sorted)-1]),
		WorstDay:            defined(sorted[0]),
	}
	if low != 0 {
		t.TailRatio = defined(math.Abs(high) / math.Abs(low))
	}
	return t
}

// quantile returns the quantile p of sorted values: definition 7 of R. J. Hyndman
// and Y. Fan, Sample Quantiles in Statistical Packages, 1996.
func quantile(sorted []float64, p float64) float64 {
	at := float64(p * float64(len(sorted)-1))
	below := int(at)
	if below+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[below] + float64((at-float64(below))*(sorted[below+1]-sorted[below]))
}
