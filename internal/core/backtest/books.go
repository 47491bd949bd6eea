package backtest

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/daily"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/ledger"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

// Books are what a run kept: a few words per trade, from which with the bars
// everything else follows. Whoever needs all of it takes Result; a report needs
// only sums.
type Books struct{ s *Simulation }

// Books returns what s kept, which is not to be advanced any more. It panics before
// the last bar has been simulated.
func (s *Simulation) Books() *Books {
	if !s.Done() {
		panic("backtest: Books before the last bar")
	}
	return &Books{s}
}

// Totals returns the result without its trades, equity and positions.
func (b *Books) Totals() Result {
	s := b.s
	st, series := &s.last, s.in.Series
	return Result{
		Symbol: series.Symbol, Timeframe: series.Timeframe, Options: s.o,
		NetProfit: st.Realised, FinalEquity: s.balance(),
		BuyAndHold: float64(series.Close[series.Len()-1]*s.broker.CloseRate(series.Len()-1))/float64(series.Open[0]*s.broker.OpenRate(0)) - 1,
		Decisions:  st.Decisions, Orders: st.Orders, Costs: st.Costs, Turnover: st.Turnover,
		Intrabar: st.Intrabar, Bankruptcy: st.Bankruptcy, OrderHash: s.orders.Sum(),
	}
}

// Result returns everything, written out.
func (b *Books) Result() Result {
	r := b.Totals()
	r.Trades, r.Equity, r.Position = b.Trades(), b.Equity(), b.Position()
	return r
}

// Result is that of its Books.
func (s *Simulation) Result() Result { return s.Books().Result() }

// Bars returns the number of bars of the window.
func (b *Books) Bars() int { return b.s.in.Series.Len() }

// Closes returns the closes of the bars of the window.
func (b *Books) Closes() []float64 { return b.s.in.Series.Close }

// Len returns the number of trades.
func (b *Books) Len() int { return b.s.deals.Len() }

// Tally returns the sums of all trades.
func (b *Books) Tally() ledger.Tally { return b.s.deals.Tally }

// LeftBy returns how many trades were left by the Unix second t, and how many of them
// were wins.
func (b *Books) LeftBy(t int64) (n, wins int) { return b.s.deals.LeftBy(t) }

// Trades returns all trades.
func (b *Books) Trades() []ledger.Trade {
	if b.Len() == 0 {
		return nil
	}
	all := make([]ledger.Trade, b.Len())
	for i := range all {
		all[i] = b.Trade(i)
	}
	return all
}

// Trade returns trade i, from 0 on.
func (b *Books) Trade(i int) ledger.Trade { return b.s.tradeOf(i) }

// tradeOf makes the Trade of deal i, by the operations of enter and exit.
func (s *Simulation) tradeOf(i int) ledger.Trade {
	d, in := s.deals.At(i), &s.in
	entry, exit := int(d.Entry), int(d.Exit)
	sign, q := float64(d.Side), d.Quantity
	t := ledger.Trade{ID: i + 1, Side: d.Side, Cause: d.Cause, Quantity: q, Net: d.Net, EntryConfidence: in.Signals[entry-1].Confidence,
		EntryTime: in.Series.Time[entry], ExitTime: in.Series.Available(exit), HoldingBars: exit + 1 - entry}
	rate := s.broker.CloseRate(exit)
	if d.AtOpen {
		t.ExitTime, rate = in.Series.Time[exit], s.broker.OpenRate(exit)
		t.HoldingBars--
	}
	if d.Cause == ledger.BySignal {
		t.ExitConfidence = in.Signals[exit-1].Confidence
	}
	t.HoldingHours = float64(t.ExitTime-t.EntryTime) / 3600

	price, entryRate, half := in.Series.Open[entry], s.broker.OpenRate(entry), s.broker.Half(entry)
	slipped := s.broker.Slipped(price, sign)
	t.EntryPrice = slipped + float64(sign*half)
	t.Slippage = float64(float64(math.Abs(slipped-price)*q) * entryRate)
	t.Spread = float64(float64(half*q) * entryRate)
	value := float64(t.EntryPrice * q)

	half = s.broker.HalfAt(exit, d.AtClose)
	if t.ExitPrice = d.Price; !d.Limit {
		slipped = s.broker.Slipped(d.Price, -sign)
		t.ExitPrice = slipped - float64(sign*half)
		t.Slippage += float64(float64(math.Abs(slipped-d.Price)*q) * rate)
	}
	t.Spread += float64(float64(half*q) * rate)
	left := float64(t.ExitPrice * q)
	t.Gross = float64(float64(sign*(left-value)) * rate)
	if s.keepsFees {
		f := s.deals.Fees[i]
		t.Commission, t.Financing = f.Entry+f.Exit, f.Financing
	} else {
		t.Commission = s.broker.Commission(float64(value*entryRate), q, 0) + s.broker.Commission(float64(left*rate), q, 0)
	}
	s.excursions(&d, &t, half, value, rate)
	return t
}

// excursions fills in the best and the worst that the trade t of d showed. They are
// finite: what no float64 can hold is the largest that it can.
func (s *Simulation) excursions(d *ledger.Deal, t *ledger.Trade, half, value, rate float64) {
	series, sign := &s.in.Series, float64(d.Side)
	entry, exit := int(d.Entry), int(d.Exit)
	high, low := series.Open[entry], series.Open[entry]
	widen := func(highs, lows []float64) {
		for _, v := range highs {
			high = rolling.Greater(high, v)
		}
		for _, v := range lows {
			low = rolling.Lesser(low, v)
		}
	}
	widen(series.High[entry:exit], series.Low[entry:exit])
	left := d.Price
	switch {
	case d.AtClose:
		widen(series.High[exit:exit+1], series.Low[exit:exit+1])
	case d.AtOpen || entry < exit:
		widen(series.Open[exit:exit+1], series.Open[exit:exit+1])
	}
	if d.Limit { // the price of the bar at which it was filled
		left = max(0, d.Price+float64(sign*half))
	}
	if !d.AtOpen {
		high, low = rolling.Greater(high, left), rolling.Lesser(low, left)
	}
	if d.Side == decision.Short {
		high, low = low, high
	}
	at := func(price float64) float64 { return float64(float64(sign*(float64(price*d.Quantity)-value)) * rate) }
	t.MaxFavorable = min(math.MaxFloat64, max(0, at(high)))
	t.MaxAdverse = max(-math.MaxFloat64, min(0, at(low)))
}

// Position returns what was held during each bar, after the fill at its open: 1
// long, -1 short, 0 none.
func (b *Books) Position() []int8 {
	position := make([]int8, b.s.in.Series.Len())
	for i := range b.s.deals.Len() {
		d := b.s.deals.At(i)
		occupy(position[d.Entry:d.HeldTo()], int8(d.Side))
	}
	return position
}

// occupy writes side at each bar.
func occupy(position []int8, side int8) {
	for i := range position {
		position[i] = side
	}
}

// Equity returns the equity at the close of each bar.
func (b *Books) Equity() []float64 {
	s := b.s
	n := s.in.Series.Len()
	if s.keepsCurve {
		return append(make([]float64, 0, n), s.last.Equity...)
	}
	equity := make([]float64, n)
	p := daily.Place{}
	s.curve(&p, equity, n)
	return equity
}

// curve writes the equity of the bars from p on and before to into dst, and moves p
// to that bar. It is for curves that are not kept.
func (s *Simulation) curve(p *daily.Place, dst []float64, to int) {
	dst = dst[:to-p.Bar]
	var x daily.Stretch
	for len(dst) > 0 {
		s.stretch(&x, p, to)
		n := x.To - x.From
		if x.Sign == 0 {
			repeat(dst[:n], x.Balance)
		} else {
			x.Mark(dst[:n], s.in.Series.Close[x.From:x.To])
		}
		dst = dst[n:]
	}
}

func repeat(dst []float64, v float64) {
	for i := range dst {
		dst[i] = v
	}
}

// stretch makes x the next stretch at p, which ends before bar to at the latest, and
// moves p behind it. There is a bar before to. (A result would be copied in pieces
// wider than those it was written in, for which a processor waits.)
func (s *Simulation) stretch(x *daily.Stretch, p *daily.Place, to int) {
	x.From, x.To, x.Sign = p.Bar, to, 0
	for {
		x.Balance = s.o.Capital + p.Realised
		if p.Deal == s.deals.Len() {
			if open := &s.last.Open; open.Side == decision.Flat {
			} else if x.From < open.Bar {
				x.To = min(to, open.Bar)
			} else {
				x.Balance -= open.Commission
				x.Sign, x.Quantity, x.Value = float64(open.Side), open.Quantity, open.Value
			}
			break
		}
		c, at := s.deals.Where(p.Deal)
		if entry := int(c.Entry[at]); x.From < entry {
			x.To = min(to, entry)
			break
		}
		if exit := int(c.Exit[at]); x.From < exit {
			x.To = min(to, exit)
			s.hold(x, c, at, p.Deal)
			break
		}
		p.Realised += c.Net[at]
		p.Deal++
	}
	p.Bar = x.To
}

// hold makes x, whose balance is that before deal i, a stretch during which it is held.
// The deal is in c, at the given place.
func (s *Simulation) hold(x *daily.Stretch, c *ledger.Columns, at, i int) {
	x.Sign, x.Quantity = float64(c.How[at].Side()), c.Quantity[at]
	entry := int(c.Entry[at])
	x.Value = float64((s.broker.Slipped(s.in.Series.Open[entry], x.Sign) + float64(x.Sign*s.broker.Half(entry))) * x.Quantity)
	if s.keepsFees {
		x.Balance -= s.deals.Fees[i].Entry
	} else {
		x.Balance -= s.broker.Commission(x.Value, x.Quantity, 0)
	}
}
