package performance

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/backtest"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// A Benchmark compares a backtest with buying at the first open with the whole
// capital, or equal parts of it where there are several symbols, without costs, and
// holding. b[d] are its returns between the points at which those of the backtest are
// taken.
type Benchmark struct {
	FinalEquity      float64  `json:"final_equity"`
	Return           float64  `json:"return"`            // last close / first open - 1, the mean of several
	ExcessReturn     float64  `json:"excess_return"`     // total_return_pct - return
	AnnualizedReturn *float64 `json:"annualized_return"` // like those of Metrics, as are the next three
	Volatility       *float64 `json:"volatility"`
	SharpeRatio      *float64 `json:"sharpe_ratio"`
	MaxDrawdownPct   float64  `json:"max_drawdown_pct"`
	Beta             *float64 `json:"beta"`              // cov(r, b) / var(b); nil where b does not vary
	Correlation      *float64 `json:"correlation"`       // cov(r, b) / (sd(r) sd(b)); nil where either does not vary
	TrackingError    *float64 `json:"tracking_error"`    // sd(r - b) * sqrt(N); nil under MinDays
	InformationRatio *float64 `json:"information_ratio"` // mean(r - b) / sd(r - b) * sqrt(N); nil under MinDays or where r - b does not vary
}

// benchmark compares r, whose metrics are m and whose curve is c, with holding at
// the given closes.
func benchmark(r backtest.Result, m Metrics, c *curve, w Window, times []int64, tf market.Timeframe, o Options) *Benchmark {
	capital, last := r.Options.Capital, len(o.Closes)-1
	first, final := o.Closes[last]/(1+r.BuyAndHold), capital*(1+r.BuyAndHold)
	of := func(close float64) float64 { return float64(capital * (close / first)) }
	held := c.holding(o.Closes, final, of)

	var holding Metrics
	holding.addDrawdown(capital, &held, times, tf)
	holding.addReturns(capital, final, &held, w, tf, Options{RiskFreeRate: o.RiskFreeRate})
	b := Benchmark{
		FinalEquity: final, Return: r.BuyAndHold, ExcessReturn: m.TotalReturnPct - r.BuyAndHold,
		AnnualizedReturn: holding.AnnualizedReturn, Volatility: holding.Volatility, SharpeRatio: holding.SharpeRatio, MaxDrawdownPct: holding.MaxDrawdownPct,
	}
	b.relate(c.returns(capital), held.returns(capital), m.Annualisation.PeriodsPerYear)
	return &b
}

// relate fills in what follows from returns r and b of the same days.
func (b *Benchmark) relate(r, held []float64, perYear *float64) {
	if len(r) < 2 {
		return
	}
	active := make([]float64, len(r))
	products, meanR, meanHeld := 0.0, mean(r), mean(held)
	for i := range r {
		active[i] = r[i] - held[i]
		products += float64((r[i] - meanR) * (held[i] - meanHeld))
	}
	covariance := products / float64(len(r)-1)
	own, theirs, difference := momentsOf(r), momentsOf(held), momentsOf(active)
	if theirs.sd > tinyDeviation {
		b.Beta = defined(covariance / theirs.sd / theirs.sd)
		if own.sd > tinyDeviation {
			b.Correlation = defined(covariance / own.sd / theirs.sd)
		}
	}
	if perYear == nil {
		return
	}
	root := math.Sqrt(*perYear)
	b.TrackingError = defined(difference.sd * root)
	if difference.sd > tinyDeviation {
		b.InformationRatio = defined(difference.mean / difference.sd * root)
	}
}
