package performance

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

// A Sharpe says how far the Sharpe ratio can be trusted. Skewness and kurtosis
// are the third and fourth central moments of the returns over powers of the
// second, all with T below; the kurtosis of a normal distribution is 3.
type Sharpe struct {
	PerPeriod     *float64 `json:"per_period"`     // mean(r-f) / sd(r), not annualised; nil where sd(r) is 0
	Observations  int      `json:"observations"`   // T
	Skewness      *float64 `json:"skewness"`       // g3
	Kurtosis      *float64 `json:"kurtosis"`       // g4
	StandardError *float64 `json:"standard_error"` // of sharpe_ratio: SharpeStandardError * sqrt(N)
	CI95Low       *float64 `json:"ci95_low"`       // sharpe_ratio - 1.96 standard errors
	CI95High      *float64 `json:"ci95_high"`      // sharpe_ratio + 1.96 standard errors

	// Ratios of returns that go along with those before them are too large when they
	// are brought to a year by sqrt(N), and of those that go against them too small.
	Autocorrelation *float64 `json:"autocorrelation"` // sum of (r[d]-mean)(r[d-1]-mean) / sum of (r[d]-mean)^2; nil where sd(r) is 0
	Adjusted        *float64 `json:"adjusted"`        // PerPeriod * SharpeScale(N, Autocorrelation), N rounded; nil where sharpe_ratio is

	// How likely the true ratio is above 0, and how many returns it takes to say
	// so at 95 %. Nil where PerPeriod is, and the second where it is not above 0.
	Probabilistic  *float64 `json:"probabilistic"`    // ProbabilisticSharpe against 0
	MinTrackRecord *float64 `json:"min_track_record"` // MinTrackRecord against 0, in returns
}

// z95 is the 97.5 % quantile of the standard normal distribution.
const z95 = 1.959963984540054

// tinyDeviation is a standard deviation of returns that only rounding makes: a
// return is a ratio near 1 less 1, so it is exact to about 1e-16.
const tinyDeviation = 1e-14

// addReturns fills in what follows from the returns of the equity curve.
func (m *Metrics) addReturns(capital, final float64, c *curve, w Window, tf market.Timeframe, o Options) {
	returns := c.returns(capital)
	a := Annualisation{Basis: ByDay, Periods: len(returns), Years: w.years}
	if tf.Seconds() > daySeconds {
		a.Basis = ByBar
	}
	measured := w.perYear()
	excess := make([]float64, len(returns))
	for i, v := range returns {
		excess[i] = v - o.RiskFreeRate/measured
	}
	x := momentsOf(excess)
	m.Sharpe, m.Tails = x.sharpe(), tailsOf(returns)
	if m.Sharpe.PerPeriod != nil {
		m.Sharpe.Autocorrelation = defined(x.autocorrelation(excess))
	}
	if w.elapsed >= MinDays*daySeconds {
		a.PeriodsPerYear = defined(measured)
		a.BarsPerYear = defined(float64(w.bars) / a.Years)
		q := w.ratios(x, downsideDeviation(excess), capital, final)
		m.Volatility, m.SharpeRatio = defined(q.Volatility), defined(q.SharpeRatio)
		m.SortinoRatio, m.AnnualizedReturn = defined(q.SortinoRatio), defined(q.AnnualizedReturn)
		m.Sharpe.annualise(m.SharpeRatio, math.Sqrt(measured))
	}
	m.Annualisation = a
}

// moments are those of a sample.
type moments struct {
	n              int
	mean, sd       float64 // sd with n-1 below; 0 for n < 2
	skew, kurtosis float64 // only where sd > 0; raw kurtosis
}

func momentsOf(x []float64) moments {
	m := moments{n: len(x), mean: mean(x)}
	if m.n < 2 {
		return m
	}
	var s2, s3, s4 float64
	for _, v := range x {
		d := v - m.mean
		d2 := float64(d * d)
		s2 += d2
		s3 += float64(d2 * d)
		s4 += float64(d2 * d2)
	}
	n := float64(m.n)
	m.sd = math.Sqrt(s2 / (n - 1))
	if s2 > 0 {
		variance := s2 / n
		m.skew = s3 / n / (variance * math.Sqrt(variance))
		m.kurtosis = s4 / n / (variance * variance)
	}
	return m
}

// ratio returns mean over deviation, NaN where the sample does not vary.
func (m moments) ratio() float64 {
	if m.n < 2 || m.sd <= tinyDeviation {
		return math.NaN()
	}
	return m.mean / m.sd
}

// autocorrelation returns that of x, whose moments are m, with itself one place on.
func (m moments) autocorrelation(x []float64) float64 {
	products, squares := 0.0, 0.0
	for i, v := range x {
		d := v - m.mean
		squares += float64(d * d)
		if i > 0 {
			products += float64(d * (x[i-1] - m.mean))
		}
	}
	return products / squares
}

func (m moments) sharpe() Sharpe {
	s := Sharpe{Observations: m.n}
	ratio := m.ratio()
	if math.IsNaN(ratio) {
		return s
	}
	s.PerPeriod, s.Skewness, s.Kurtosis = defined(ratio), defined(m.skew), defined(m.kurtosis)
	s.Probabilistic = defined(ProbabilisticSharpe(ratio, 0, m.skew, m.kurtosis, m.n))
	s.MinTrackRecord = defined(MinTrackRecord(ratio, 0, m.skew, m.kurtosis))
	return s
}

// annualise fills in the error of ratio, which is PerPeriod times root.
func (s *Sharpe) annualise(ratio *float64, root float64) {
	if ratio == nil || s.Skewness == nil || s.Kurtosis == nil || s.Autocorrelation == nil {
		return
	}
	se := SharpeStandardError(*s.PerPeriod, *s.Skewness, *s.Kurtosis, s.Observations) * root
	s.StandardError = defined(se)
	s.Adjusted = defined(*s.PerPeriod * SharpeScale(max(1, int(root*root+0.5)), *s.Autocorrelation))
	s.CI95Low = defined(*ratio - float64(z95*se))
	s.CI95High = defined(*ratio + float64(z95*se))
}

// SharpeStandardError returns the standard error of a Sharpe ratio per period
// estimated from n independent returns with the given skewness and raw kurtosis.
//
//	se = sqrt( (1 - skewness*sharpe + (kurtosis-1)/4 * sharpe^2) / (n-1) )
//
// Range:   above 0; for normal returns (0, 3) it is sqrt((1 + sharpe^2/2)/(n-1)).
// NaN:     a NaN argument gives NaN.
// Panics:  if n < 2.
// Error:   a few units in the last place.
// Source:  A. W. Lo, The Statistics of Sharpe Ratios, Financial Analysts Journal
// 58(4), 2002; E. Mertens, 2002, for returns that are not normal.
// Differs: kurtosis is raw (3 for a normal), not the excess that many libraries
// give.
func SharpeStandardError(sharpe, skewness, kurtosis float64, n int) float64 {
	if n < 2 {
		panic("performance: SharpeStandardError wants at least 2 returns")
	}
	square := float64(sharpe * sharpe)
	return math.Sqrt((1 - float64(skewness*sharpe) + float64((kurtosis-1)/4*square)) / float64(n-1))
}

// downsideDeviation returns sqrt(mean(min(x, 0)^2)) over all of x.
func downsideDeviation(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		low := belowZero(v)
		sum += float64(low * low)
	}
	return math.Sqrt(sum / float64(len(x)))
}

// belowZero returns v where it is below 0, else 0, without a branch: half of all
// returns are, and nobody foresees which.
func belowZero(v float64) float64 {
	bits := math.Float64bits(v)
	return math.Float64frombits(bits & uint64(int64(bits)>>63))
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

// power returns x to the power y for x > 0 and 0 <= y < 2^31.
//
//	y = k + sum of b[i] 2^-i, b bits      x^y = x^k * product of x^(2^-i) where b[i] is 1
//
// Range:   above 0; +Inf where it overflows, 0 where it underflows.
// NaN:     a NaN argument gives NaN.
// Panics:  never.
// Error:   below 1e-13 relative for y < 20.
// Source:  binary expansion of the exponent.
// Differs: math.Pow goes through math.Exp, which has assembly of its own on
// several CPUs. Products and square roots are rounded alike on all of them.
func power(x, y float64) float64 {
	whole := math.Floor(y)
	result, square := 1.0, x
	for k := int64(whole); k > 0; k >>= 1 {
		if k&1 == 1 {
			result *= square
		}
		square *= square
	}
	root := x
	for part := y - whole; part > 0; {
		root = math.Sqrt(root)
		part *= 2
		if part >= 1 {
			result *= root
			part--
		}
	}
	return result
}
