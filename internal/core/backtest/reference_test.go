package backtest_test

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/backtest"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// reference is the slow, obvious simulation: one bar after the other, each step
// of the package comment in its order, no segments, no columns prepared. The
// fast one is held to it bit for bit. o has no defaults to fill in.
type reference struct {
	series market.Series
	o      backtest.Options
	out    backtest.Result

	side                       int // 1, 0, -1
	entryBar                   int
	quantity, entryPrice       float64
	entryCommission, entrySlip float64
	entryConfidence            float32
	high, low                  float64
	pending                    decision.Signal
	pendingConfidence          float32
	lastEntry                  int // -1: none
	profit                     float64
}

func referenceRun(in backtest.Input, o backtest.Options) backtest.Result {
	r := &reference{series: in.Series, o: o, lastEntry: -1}
	r.out = backtest.Result{Symbol: in.Series.Symbol, Timeframe: in.Series.Timeframe, Options: o}
	n := in.Series.Len()
	for t := range n {
		r.fillPending(t)
		equity := r.o.Capital + r.profit
		if r.side != 0 {
			r.high, r.low = math.Max(r.high, r.series.High[t]), math.Min(r.low, r.series.Low[t])
			open := float64(float64(r.side) * (float64(r.series.Close[t]*r.quantity) - float64(r.entryPrice*r.quantity)))
			equity = (equity - r.entryCommission) + open
		}
		r.out.Position = append(r.out.Position, int8(r.side))
		switch {
		case r.out.Bankruptcy != nil:
		case equity <= 0:
			equity = r.bankrupt(t)
		default:
			since := decision.NeverEntered
			if r.lastEntry >= 0 {
				since = t + 1 - r.lastEntry
			}
			signal, reason := in.Rules.Decide(in.Signals[t], decision.Position(r.side), since)
			r.out.Decisions[reason]++
			if signal != decision.Hold {
				r.out.Orders.Placed++
				r.pending, r.pendingConfidence = signal, in.Signals[t].Confidence
			}
		}
		if t == n-1 {
			equity = r.end(t, equity)
		}
		r.out.Equity = append(r.out.Equity, equity)
	}
	r.out.NetProfit, r.out.FinalEquity = r.profit, r.o.Capital+r.profit
	r.out.BuyAndHold = r.series.Close[n-1]/r.series.Open[0] - 1
	return r.out
}

func (r *reference) fillPending(t int) {
	signal := r.pending
	r.pending = decision.Hold
	switch {
	case signal == decision.Hold:
	case r.side != 0:
		r.out.Orders.Filled++
		r.leave(r.series.Time[t], r.series.Open[t], t-r.entryBar, backtest.BySignal, r.pendingConfidence)
	default:
		price := r.series.Open[t]
		equity := r.o.Capital + r.profit
		fill := price * (1 + float64(float64(signal)*r.o.Slippage))
		quantity := math.Min(r.o.Fraction*equity/(1+r.o.Commission)/price, equity/(1+r.o.Commission)/fill)
		if !r.o.FractionalUnits {
			quantity = math.Floor(quantity)
		}
		if quantity == 0 {
			r.out.Orders.TooSmall++
			return
		}
		r.out.Orders.Filled++
		r.side, r.entryBar, r.lastEntry = int(signal), t, t
		r.quantity, r.entryPrice, r.entryConfidence = quantity, fill, r.pendingConfidence
		r.entryCommission = float64(float64(fill*quantity) * r.o.Commission)
		r.entrySlip = float64(math.Abs(fill-price) * quantity)
		r.high, r.low = price, price
		r.out.Turnover += float64(fill * quantity)
		r.out.Costs.Commission += r.entryCommission
		r.out.Costs.Slippage += r.entrySlip
	}
}

func (r *reference) leave(at int64, price float64, bars int, cause backtest.Cause, confidence float32) {
	fill := price * (1 - float64(float64(r.side)*r.o.Slippage))
	commission := float64(float64(fill*r.quantity) * r.o.Commission)
	slip := float64(math.Abs(fill-price) * r.quantity)
	worth := func(price float64) float64 {
		return float64(r.side) * (float64(price*r.quantity) - float64(r.entryPrice*r.quantity))
	}
	best, worst := math.Max(r.high, price), math.Min(r.low, price)
	if r.side < 0 {
		best, worst = worst, best
	}
	entered := r.series.Time[r.entryBar]
	r.out.Trades = append(r.out.Trades, backtest.Trade{
		ID: len(r.out.Trades) + 1, Side: decision.Position(r.side), Cause: cause,
		EntryConfidence: r.entryConfidence, ExitConfidence: confidence,
		EntryTime: entered, ExitTime: at, EntryPrice: r.entryPrice, ExitPrice: fill, Quantity: r.quantity,
		Gross: worth(fill), Commission: r.entryCommission + commission, Slippage: r.entrySlip + slip,
		Net:         worth(fill) - (r.entryCommission + commission),
		HoldingBars: bars, HoldingHours: float64(at-entered) / 3600,
		MaxFavorable: math.Max(0, worth(best)), MaxAdverse: math.Min(0, worth(worst)),
	})
	r.profit += r.out.Trades[len(r.out.Trades)-1].Net
	r.out.Turnover += float64(fill * r.quantity)
	r.out.Costs.Commission += commission
	r.out.Costs.Slippage += slip
	r.side = 0
}

func (r *reference) bankrupt(t int) float64 {
	at := r.series.Available(t)
	if r.side != 0 {
		r.leave(at, r.series.Close[t], t+1-r.entryBar, backtest.ByBankrupt, 0)
	}
	equity := r.o.Capital + r.profit
	r.out.Bankruptcy = &backtest.Bankruptcy{Bar: t, Time: at, Equity: equity}
	return equity
}

func (r *reference) end(t int, equity float64) float64 {
	if r.pending != decision.Hold {
		r.out.Orders.Unfilled++
	}
	if r.side == 0 {
		return equity
	}
	r.leave(r.series.Available(t), r.series.Close[t], t+1-r.entryBar, backtest.ByEnd, 0)
	equity = r.o.Capital + r.profit
	if equity <= 0 {
		r.bankrupt(t)
	}
	return equity
}
