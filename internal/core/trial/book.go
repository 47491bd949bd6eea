package trial

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/performance"
	"github.com/ktrdr/ktrdr/internal/core/sweep"
)

// shared is what all books of a window know about it.
type shared struct {
	window *performance.Window
	ends   []int // of the window
	closes *extremes

	after []int32   // how many of the ends are before each bar
	last  []float64 // closes at the ends, and two more
}

func sharedOf(w market.Series) shared {
	window := performance.WindowOf(w.Time, w.Timeframe)
	s := shared{window: &window, ends: window.Ends(), after: make([]int32, w.Len()+1)}
	s.last = make([]float64, len(s.ends)+2)
	day := 0
	for bar := range s.after {
		if s.after[bar] = int32(day); day < len(s.ends) && s.ends[day] == bar {
			s.last[day] = w.Close[bar]
			day++
		}
	}
	return s
}

// A book keeps what the numbers of a row are made of while a trial goes through
// the bars: the equity curve as its runs, each flat or linear in the close.
type book struct {
	shared
	ended   []float64 // equity at the ends, of which day are there, and two more
	day     int
	capital float64

	realised     float64
	peak, trough float64
	drawdown     float64
	drawdownPct  float64
	held         int // bars

	trades, wins, losses int
	won, lost            float64
}

// begin starts a new trial.
func (b *book) begin(capital float64) {
	*b = book{shared: b.shared, ended: b.ended, capital: capital, peak: capital, trough: capital}
}

// balance is the equity while flat.
func (b *book) balance() float64 { return b.capital + b.realised }

// mark takes in the equity at the close of one bar, or of several at which it is
// the same.
func (b *book) mark(e float64) {
	if e < b.peak {
		if e < b.trough {
			b.trough = e
		}
		return
	}
	if b.trough < b.peak {
		b.fall()
	}
	b.peak, b.trough = e, e
}

// fall ends the drawdown from the peak.
func (b *book) fall() {
	depth := b.peak - b.trough
	b.drawdown, b.drawdownPct = max(b.drawdown, depth), max(b.drawdownPct, depth/b.peak)
}

// flat takes in the bars from from to to-1, during which nothing is held.
func (b *book) flat(from, to int) {
	if from == to {
		return
	}
	e := b.balance()
	b.mark(e)
	for b.day < len(b.ends) && b.ends[b.day] < to {
		b.ended[b.day] = e
		b.day++
	}
}

// A position is held.
type position struct {
	sign            float64 // 1 or -1
	quantity, value float64 // value at the entry
	commission      float64 // of the entry
}

// equity returns what p and balance come to at a price.
func (p *position) equity(balance, price float64) float64 {
	return balance - p.commission + float64(p.sign*(float64(price*p.quantity)-p.value))
}

// A worth is the equity while a position is held. It rises with the price of a long, or
// falls with that of a short: each of its roundings keeps the order.
type worth struct{ rest, sign, quantity, value float64 }

// at returns the equity at a price.
func (w *worth) at(price float64) float64 {
	return w.rest + float64(w.sign*(float64(price*w.quantity)-w.value))
}

// reach returns the least and the greatest equity between two prices.
func (w *worth) reach(least, most key) (low, high float64) {
	low, high = w.at(priceOf(least)), w.at(priceOf(most))
	if w.sign < 0 {
		return high, low
	}
	return low, high
}

// reach returns the least and the greatest equity at the closes from from to to-1.
func (b *book) reach(w *worth, from, to int) (low, high float64) {
	return w.reach(b.closes.between(from, to))
}

// passes takes in the equity at the closes from from to to-1, which is from low to high.
func (b *book) passes(w *worth, from, to int, low, high float64) {
	if high < b.peak { // no new peak among them
		b.trough = min(b.trough, low)
		return
	}
	// Where no drawdown that ends here can be the greatest, only the last one counts.
	depth := max(b.peak-min(b.trough, low), high-low)
	if depth > b.drawdown || depth/b.peak > b.drawdownPct {
		b.marks(w, from, to)
		return
	}
	b.peak, b.trough = high, high
	isLong := to-from >= many
	for from < to {
		if isLong && to&(mile-1) == 0 && to-from >= mile {
			m := b.closes.miles[to>>mileBits-1]
			if l, h := w.reach(m.low, m.high); h < high {
				b.trough = min(b.trough, l)
				to -= mile
				continue
			}
		}
		start := max(from, to-step)
		if isLong { // steps go from mile to mile
			start = max(from, (to-1)&^(step-1))
		}
		if to-start == step {
			at := b.closes.at(start)
			if l, h := w.reach(b.closes.lows[at], b.closes.highs[at]); h < high {
				b.trough = min(b.trough, l)
				to = start
				continue
			}
		}
		for ; to > start; to-- {
			e := w.at(b.closes.low[to-1])
			if e == high {
				return
			}
			b.trough = min(b.trough, e)
		}
	}
}

// marks takes in the equity at the closes from from to to-1, a step or a mile at a time
// where there is no new peak in it.
func (b *book) marks(w *worth, from, to int) {
	isLong := to-from >= many
	for from < to {
		if isLong && from&(mile-1) == 0 && to-from >= mile {
			m := b.closes.miles[from>>mileBits]
			if low, high := w.reach(m.low, m.high); high < b.peak {
				b.trough = min(b.trough, low)
				from += mile
				continue
			}
		}
		end := min(from+step, to)
		if isLong { // steps go from mile to mile
			end = min(from|(step-1)+1, to)
		}
		if at := b.closes.at(from); end-from == step {
			if low, high := w.reach(b.closes.lows[at], b.closes.highs[at]); high < b.peak {
				b.trough = min(b.trough, low)
				from = end
				continue
			}
		}
		for _, price := range b.closes.low[from:end] {
			b.mark(w.at(price))
		}
		from = end
	}
}

// hold takes in the bars from from to to-1, during which p is held and no close left
// the prices between worst and best for p; 0 is no bound. It reports false where
// equity was not above zero at one of the closes.
func (b *book) hold(p *position, from, to int, worst, best float64) bool {
	if from == to {
		return true
	}
	balance, closes := b.balance(), b.closes
	for b.day < len(b.ends) && b.ends[b.day] < to {
		b.ended[b.day] = p.equity(balance, closes.low[b.ends[b.day]])
		b.day++
	}
	if best != 0 && worst != 0 && p.equity(balance, best) < b.peak && p.equity(balance, worst) >= b.trough {
		return true // neither a new peak nor a new trough
	}
	if to-from == 1 {
		e := p.equity(balance, closes.low[from])
		if e > 0 {
			b.mark(e)
		}
		return e > 0
	}
	w := worth{balance - p.commission, p.sign, p.quantity, p.value}
	low, high := b.reach(&w, from, to)
	if !(low > 0) {
		return false
	}
	b.passes(&w, from, to, low, high)
	return true
}

// trade takes in the result of a trade.
func (b *book) trade(net float64) {
	b.realised += net
	b.trades++
	if net > 0 {
		b.wins++
		b.won += net
	} else if net < 0 {
		b.losses++
		b.lost += net
	}
}

// row writes the numbers of the trial.
func (b *book) row(row *sweep.Row) {
	if b.trough < b.peak {
		b.fall()
	}
	nan := math.NaN()
	final := b.balance()
	q := b.window.Ratios(b.ended[:len(b.ends)], b.capital, final)
	*row = sweep.Row{Trial: row.Trial, OrderHash: row.OrderHash, TotalTrades: b.trades,
		TotalReturn: b.realised, TotalReturnPct: b.realised / b.capital, FinalEquity: final,
		AnnualizedReturn: finite(q.AnnualizedReturn), Volatility: finite(q.Volatility),
		SharpeRatio: finite(q.SharpeRatio), SortinoRatio: finite(q.SortinoRatio), CalmarRatio: nan,
		MaxDrawdown: b.drawdown, MaxDrawdownPct: b.drawdownPct, ProfitFactor: nan, WinRate: nan,
		Exposure: float64(b.held) / float64(len(b.closes.low))}
	if b.trades > 0 {
		row.WinRate = float64(b.wins) / float64(b.trades)
	}
	if b.losses > 0 {
		row.ProfitFactor = finite(b.won / -b.lost)
	}
	if !math.IsNaN(row.AnnualizedReturn) && b.drawdownPct > 0 {
		row.CalmarRatio = finite(row.AnnualizedReturn / b.drawdownPct)
	}
}

// finite returns v, or NaN where it is not a finite number.
func finite(v float64) float64 {
	if v-v != 0 {
		return math.NaN()
	}
	return v
}
