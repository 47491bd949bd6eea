package performance

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/backtest"
	"github.com/ktrdr/ktrdr/internal/core/daily"
	"github.com/ktrdr/ktrdr/internal/core/ledger"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// MinDays is the shortest window, in days from the first open to the last close,
// that has annualised numbers.
const MinDays = 30

// Options say against what returns are judged. The zero value judges them
// against 0.
type Options struct {
	// RiskFreeRate is the return of doing nothing, a fraction per year. It is
	// taken off each period's return, in equal parts, in the Sharpe and Sortino
	// ratios.
	RiskFreeRate float64

	// Closes are the closes of the bars that were traded. With them, Measure
	// compares the backtest with holding; without, Metrics.Benchmark is nil.
	Closes []float64
}

// Metrics are the numbers of a report. Money is in account currency, fractions
// are fractions (0.1 is 10 %), times are hours unless the name says otherwise. A
// nil is undefined.
//
// In the formulas C is the initial capital, E[t] the equity at the close of bar
// t with E[-1] = C, P[t] = max(E[-1..t]), D the daily equity with D[-1] = C,
// r[d] = D[d]/D[d-1] - 1, f the risk-free rate per day, T the number of days, Y
// the years from the first open to the last close, and N = T/Y the days per
// year. Net is of a trade, after all its costs; a win has Net > 0, a loss Net < 0.
type Metrics struct {
	TotalReturn      float64  `json:"total_return"`      // sum of Net = E[last] - C
	TotalReturnPct   float64  `json:"total_return_pct"`  // total_return / C
	AnnualizedReturn *float64 `json:"annualized_return"` // (E[last]/C)^(1/Y) - 1; nil under MinDays or where E[last] <= 0
	Volatility       *float64 `json:"volatility"`        // sd(r) * sqrt(N), sd with T-1; nil under MinDays or 2 days
	SharpeRatio      *float64 `json:"sharpe_ratio"`      // mean(r-f) / sd(r) * sqrt(N); nil under MinDays or where sd(r) is 0
	MaxDrawdown      float64  `json:"max_drawdown"`      // max over t of P[t] - E[t]
	MaxDrawdownPct   float64  `json:"max_drawdown_pct"`  // max over t of (P[t] - E[t]) / P[t]; above 1 where equity went below 0
	TotalTrades      int      `json:"total_trades"`
	WinningTrades    int      `json:"winning_trades"`
	LosingTrades     int      `json:"losing_trades"`      // the rest broke even
	WinRate          *float64 `json:"win_rate"`           // winning_trades / total_trades; nil without trades
	ProfitFactor     *float64 `json:"profit_factor"`      // sum of wins / -sum of losses; nil without losses
	AvgHolding       *float64 `json:"avg_holding_period"` // hours from entry to exit; nil without trades
	AvgWinHolding    *float64 `json:"avg_win_holding_period"`
	AvgLossHolding   *float64 `json:"avg_loss_holding_period"`
	AvgWin           *float64 `json:"avg_win"`         // mean Net of the wins; nil without wins
	AvgLoss          *float64 `json:"avg_loss"`        // mean Net of the losses, below 0; nil without losses
	LargestWin       *float64 `json:"largest_win"`     // nil without wins
	LargestLoss      *float64 `json:"largest_loss"`    // below 0; nil without losses
	CalmarRatio      *float64 `json:"calmar_ratio"`    // annualized_return / max_drawdown_pct; nil where either is undefined or 0 below
	SortinoRatio     *float64 `json:"sortino_ratio"`   // mean(r-f) / sqrt(mean(min(r-f, 0)^2)) * sqrt(N), over all T days; nil under MinDays or without a day below f
	RecoveryFactor   *float64 `json:"recovery_factor"` // total_return / max_drawdown; nil without drawdown

	FinalEquity          float64       `json:"final_equity"`        // E[last]
	BuyAndHoldReturn     float64       `json:"buy_and_hold_return"` // last close / first open - 1, the whole capital, no costs
	Exposure             float64       `json:"exposure"`            // share of the bars during which a position was held
	Turnover             *float64      `json:"turnover"`            // value of all fills / mean of E, over the whole window; nil where that mean is not above 0
	AvgTrade             *float64      `json:"avg_trade"`           // mean Net; nil without trades
	LongTrades           int           `json:"long_trades"`
	ShortTrades          int           `json:"short_trades"`
	MaxConsecutiveLosses int           `json:"max_consecutive_losses"` // longest run of losses; a trade that broke even ends it
	MaxDrawdownBars      int           `json:"max_drawdown_bars"`      // most bars from a peak until equity was back at it, or to the end
	MaxDrawdownDays      float64       `json:"max_drawdown_days"`      // longest time from a peak until equity was back at it, or to the end
	Costs                Costs         `json:"costs"`
	Sharpe               Sharpe        `json:"sharpe"`
	Tails                Tails         `json:"tails"`
	Benchmark            *Benchmark    `json:"benchmark"` // nil where Options.Closes is not given
	Annualisation        Annualisation `json:"annualisation"`
	Years                []Period      `json:"years"`
	Months               []Period      `json:"months"`
}

// Costs says what trading cost.
type Costs struct {
	Commission float64 `json:"commission"`
	Slippage   float64 `json:"slippage"`
	Spread     float64 `json:"spread"`
	Financing  float64 `json:"financing"`
	Total      float64 `json:"total"`
	TotalPct   float64 `json:"total_pct"` // total / C
}

// A Basis says between which points of the equity curve returns are taken.
type Basis string

// The bases.
const (
	ByDay Basis = "utc_days" // the last points of UTC days
	ByBar Basis = "bars"     // every bar, where bars are longer than a day
)

// Annualisation says how numbers were brought to a year.
type Annualisation struct {
	Basis          Basis    `json:"basis"`
	Periods        int      `json:"periods"`          // T: returns that were taken
	Years          float64  `json:"years"`            // Y: first open to last close, in years of 365.25 days
	PeriodsPerYear *float64 `json:"periods_per_year"` // N = T/Y; nil under MinDays
	BarsPerYear    *float64 `json:"bars_per_year"`    // bars / Y; nil under MinDays
}

// Measure returns the metrics of r, the backtest of bars of timeframe tf that
// open at times.
//
// Shape:   times has one element per bar of r.
// NaN:     no metric is NaN or infinite; what is undefined is nil.
// Panics:  if r has no bars, or not one per element of times and of Options.Closes.
// Error:   sums are taken in order; each metric is within 1e-9 relative of its
// formula, or 1e-12 absolute near 0.
// Source:  the formulas stand at the fields of Metrics.
// Differs: KTRDR in Python annualised returns per bar by sqrt(252), began the
// peak at the first bar, and wrote 0 or 999999 for what is undefined.
func Measure(r backtest.Result, times []int64, tf market.Timeframe, o Options) Metrics {
	if len(times) == 0 || len(times) != len(r.Equity) || len(r.Position) != len(r.Equity) {
		panic("performance: Measure wants one time, equity and position per bar, and at least one bar")
	}
	w := WindowOf(times, tf)
	c := curve{ends: w.ends, days: make([]daily.Day, len(w.ends))}
	daily.DaysOf(c.days, w.ends, r.Equity)
	for d := range c.days {
		from, to := c.bars(d)
		for _, p := range r.Position[from:to] {
			c.days[d].Held += int(p & 1) // of 1 and of -1
		}
	}
	c.fill = func(dst []float64, d int) {
		from, _ := c.bars(d)
		copy(dst, r.Equity[from:])
	}
	tally, leftBy := tallyOf(r.Trades)
	return measure(r, tally, leftBy, &c, w, times, tf, o)
}

// MeasureBooks is Measure of what b writes out, at the times of its bars.
func MeasureBooks(b *backtest.Books, times []int64, tf market.Timeframe, o Options) Metrics {
	w, c := ofBooks(b, times, tf)
	c.fill = func(dst []float64, d int) { b.Curve(dst, &c.days[d]) }
	return measure(b.Totals(), b.Tally(), b.LeftBy, &c, w, times, tf, o)
}

// MeasureReturns is as much of MeasureBooks as follows from the returns of the equity
// curve: the ratios, their Annualisation, Sharpe and Tails. The rest is zero.
func MeasureReturns(b *backtest.Books, times []int64, tf market.Timeframe, o Options) (m Metrics) {
	w, c := ofBooks(b, times, tf)
	r := b.Totals()
	m.addReturns(r.Options.Capital, r.FinalEquity, &c, w, tf, o)
	return m
}

// ofBooks returns the window of b and its curve, by days.
func ofBooks(b *backtest.Books, times []int64, tf market.Timeframe) (Window, curve) {
	if len(times) == 0 || len(times) != b.Bars() {
		panic("performance: books are measured at one time per bar, and at least one bar")
	}
	w := windowOf(times, tf, b.Ends())
	return w, curve{ends: w.ends, days: b.Days(), closes: b.Closes()}
}

// tallyOf is backtest.Books.Tally and its LeftBy of trades that are written out.
func tallyOf(trades []ledger.Trade) (all ledger.Tally, leftBy func(t int64) (n, wins int)) {
	all = ledger.NewTally()
	for i := range trades {
		t := &trades[i]
		all.Add(t.Net, t.ExitTime-t.EntryTime, t.Side)
	}
	return all, func(at int64) (n, wins int) {
		for n < len(trades) && trades[n].ExitTime <= at {
			if trades[n].Net > 0 {
				wins++
			}
			n++
		}
		return n, wins
	}
}

// measure measures the totals of a backtest, its trades and its curve.
func measure(r backtest.Result, trades ledger.Tally, leftBy func(t int64) (n, wins int), c *curve, w Window, times []int64, tf market.Timeframe, o Options) Metrics {
	if o.Closes != nil && len(o.Closes) != len(times) {
		panic("performance: Measure wants one close per bar, or none")
	}
	m := Metrics{
		TotalReturn:      r.NetProfit,
		TotalReturnPct:   r.NetProfit / r.Options.Capital,
		FinalEquity:      r.FinalEquity,
		BuyAndHoldReturn: r.BuyAndHold,
		Costs: Costs{Commission: r.Costs.Commission, Slippage: r.Costs.Slippage, Spread: r.Costs.Spread, Financing: r.Costs.Financing,
			Total: r.Costs.Total(), TotalPct: r.Costs.Total() / r.Options.Capital},
	}
	var limits []int64
	m.Years, m.Months, limits = tables(r.Options.Capital, c, times, tf)
	m.addTrades(&trades)
	m.addMonths(leftBy, limits)
	m.addDrawdown(r.Options.Capital, c, times, tf)
	m.addReturns(r.Options.Capital, r.FinalEquity, c, w, tf, o)
	held, sum := 0, 0.0
	for d := range c.days {
		held += c.days[d].Held
		sum += c.days[d].Sum
	}
	m.Exposure = float64(held) / float64(len(times))
	if o.Closes != nil {
		m.Benchmark = benchmark(r, m, c, w, times, tf, o)
	}
	if average := sum / float64(len(times)); average > 0 {
		m.Turnover = defined(r.Turnover / average)
	}
	if m.MaxDrawdown > 0 {
		m.RecoveryFactor = defined(m.TotalReturn / m.MaxDrawdown)
	}
	if m.AnnualizedReturn != nil && m.MaxDrawdownPct > 0 {
		m.CalmarRatio = defined(*m.AnnualizedReturn / m.MaxDrawdownPct)
	}
	return m
}

// addTrades fills in what follows from the trades alone.
func (m *Metrics) addTrades(t *ledger.Tally) {
	m.TotalTrades, m.WinningTrades, m.LosingTrades = t.Count, t.Wins, t.Losses
	m.LongTrades, m.ShortTrades, m.MaxConsecutiveLosses = t.Longs, t.Count-t.Longs, t.Longest
	m.AvgTrade, m.AvgHolding, m.WinRate = over(t.Net, t.Count), over(float64(t.Seconds)/3600, t.Count), over(float64(t.Wins), t.Count)
	m.AvgWin, m.AvgWinHolding = over(t.Won, t.Wins), over(float64(t.WonSeconds)/3600, t.Wins)
	m.AvgLoss, m.AvgLossHolding = over(t.Lost, t.Losses), over(float64(t.LostSeconds)/3600, t.Losses)
	if t.Wins > 0 {
		m.LargestWin = defined(t.Most)
	}
	if t.Losses > 0 {
		m.LargestLoss = defined(t.Least)
		m.ProfitFactor = defined(t.Won / -t.Lost)
	}
}

// addMonths counts the trades in the years and months, of which the latter end at
// limits.
func (m *Metrics) addMonths(leftBy func(t int64) (n, wins int), limits []int64) {
	before, wonBefore := 0, 0
	for i, limit := range limits {
		n, wins := leftBy(limit)
		m.Months[i].Trades, m.Months[i].WinningTrades = n-before, wins-wonBefore
		before, wonBefore = n, wins
	}
	m.sumMonths()
}

// over returns the mean of n values, nil where there are none.
func over(sum float64, n int) *float64 {
	if n == 0 {
		return nil
	}
	return defined(sum / float64(n))
}

// defined returns v, or nil where it is not a finite number.
func defined(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}
