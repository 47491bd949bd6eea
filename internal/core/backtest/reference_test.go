package backtest_test

import (
	"math"
	"sort"
	"time"

	"github.com/ktrdr/ktrdr/internal/core/backtest"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/fill"
	"github.com/ktrdr/ktrdr/internal/core/ledger"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// reference is the slow, obvious simulation: one bar after the other, each step
// of the package comment in its order, no segments, no columns prepared. The
// fast one is held to it bit for bit. o has no defaults to fill in.
type reference struct {
	series market.Series
	raws   []decision.Raw
	o      backtest.Options
	out    backtest.Result

	side                       int // 1, 0, -1
	entryBar                   int
	quantity, entryPrice       float64
	entryCommission, entrySlip float64
	entrySpread                float64
	month                      time.Month
	traded                     float64
	entryConfidence            float32
	high, low                  float64
	pending                    decision.Signal
	pendingConfidence          float32
	lastEntry                  int // -1: none
	volatility, sizing         []float64
	routed                     *backtest.Routed
	finer                      market.Series
	rates                      *fill.Rates
	stop, target, trail        float64 // NaN: none
	sessionEnd                 int64
	financing                  float64
	profit                     float64
}

func referenceRun(in backtest.Input, o backtest.Options) backtest.Result {
	r := &reference{series: in.Series, raws: in.Signals, o: o, lastEntry: -1, finer: in.Finer, rates: in.Rates, volatility: in.Volatility, sizing: in.SizingVolatility, routed: in.Routed}
	r.out = backtest.Result{Symbol: in.Series.Symbol, Timeframe: in.Series.Timeframe, Options: o}
	n := in.Series.Len()
	for t := range n {
		if t > 0 {
			r.finance(r.series.Time[t-1]+1, r.series.Time[t], r.rate(t, false))
		}
		r.fillPending(t)
		held := r.exits(t)
		equity := r.o.Capital + r.profit
		if r.side != 0 {
			r.high, r.low = math.Max(r.high, r.series.High[t]), math.Min(r.low, r.series.Low[t])
			open := float64(float64(r.side) * (float64(r.series.Close[t]*r.quantity) - float64(r.entryPrice*r.quantity)))
			equity = (equity - r.entryCommission - r.financing) + r.rate(t, true)*open
		}
		r.out.Position = append(r.out.Position, int8(held))
		switch {
		case r.out.Bankruptcy != nil:
		case equity <= 0:
			equity = r.bankrupt(t)
		default:
			since := decision.NeverEntered
			if r.lastEntry >= 0 {
				since = t + 1 - r.lastEntry
			}
			rules := in.Rules
			if d := o.SeparationSeconds; d > 0 && r.lastEntry >= 0 && r.series.Available(t) < r.series.Time[r.lastEntry]+d {
				rules.MinSignalSeparation = math.MaxInt
			}
			signal, reason := rules.Decide(in.Signals[t], decision.Position(r.side), since)
			if in.SizingVolatility != nil && signal != decision.Hold && r.side == 0 && !(in.SizingVolatility[t] > 0) {
				signal, reason = decision.Hold, decision.NoVolatility
			}
			x := o.Exits
			if in.Routed != nil {
				x = in.Routed.Exits[in.Routed.At[t]]
			}
			if x.UpperBarrier > 0 && signal != decision.Hold && r.side == 0 && !(in.Volatility[t] > 0 && x.LowerBarrier*in.Volatility[t] < 1) {
				signal, reason = decision.Hold, decision.NoVolatility
			}
			r.out.Decisions[reason]++
			if signal != decision.Hold {
				r.out.Orders.Placed++
				r.pending, r.pendingConfidence = signal, in.Signals[t].Confidence
			}
		}
		if t == n-1 {
			equity = r.end(t, equity)
		}
		r.trail = r.behind(r.high, r.low)
		r.out.Equity = append(r.out.Equity, equity)
	}
	r.out.NetProfit, r.out.FinalEquity = r.profit, r.o.Capital+r.profit
	r.out.BuyAndHold = r.series.Close[n-1]*r.rate(n-1, true)/(r.series.Open[0]*r.rate(0, false)) - 1
	return r.out
}

// rate is what the currency of the prices is worth.
func (r *reference) rate(t int, atEnd bool) float64 {
	switch {
	case r.rates == nil:
		return 1
	case atEnd:
		return r.rates.Close[t]
	}
	return r.rates.Open[t]
}

func (r *reference) fillPending(t int) {
	signal := r.pending
	r.pending = decision.Hold
	switch {
	case signal == decision.Hold:
	case r.side != 0:
		r.out.Orders.Filled++
		cause, confidence := ledger.BySignal, r.pendingConfidence
		if r.raws[t-1].Leave {
			cause, confidence = ledger.ByRegime, 0
		}
		r.leave(t, r.series.Time[t], r.series.Open[t], t-r.entryBar, cause, confidence, 1)
	default:
		if r.routed != nil {
			r.o.Exits = r.routed.Exits[r.routed.At[t-1]]
		}
		price := r.series.Open[t]
		rate := r.rate(t, false)
		equity := (r.o.Capital + r.profit) / rate
		slipped := price * (1 + float64(float64(signal)*r.o.Slippage))
		fill := slipped + float64(signal)*r.half(t)
		power := equity
		if r.o.Account.Leverage > 0 {
			power = equity * r.o.Account.Leverage
		}
		quantity := math.Min(r.o.Fraction*power/(price*(1+r.o.Commission)), power/(fill*(1+r.o.Commission)))
		quantity = r.sized(t, signal, price, fill, equity, power, quantity)
		if c := r.fee(); c.Fraction+c.PerUnit+c.Minimum > r.o.Commission {
			share := float64(r.o.Sizing.Share(r.pendingConfidence)*r.o.Fraction) * power
			for _, limit := range []float64{
				share / (float64(price*(1+c.Fraction)) + c.PerUnit/rate), power / (float64(fill*(1+c.Fraction)) + c.PerUnit/rate),
				(share - c.Minimum/rate) / price, (power - c.Minimum/rate) / fill, // of a commission at its minimum
			} {
				quantity = math.Max(0, math.Min(quantity, limit))
			}
		}
		whole := r.lots(quantity)
		if limit := r.o.Fills.VolumeLimit; limit > 0 {
			quantity = math.Min(quantity, limit*r.series.Volume[t])
		}
		if quantity = r.lots(quantity); quantity > 0 && quantity < whole {
			r.out.Orders.Partial++
		}
		if quantity == 0 {
			r.out.Orders.TooSmall++
			return
		}
		r.out.Orders.Filled++
		r.side, r.entryBar, r.lastEntry = int(signal), t, t
		r.quantity, r.entryPrice, r.entryConfidence = quantity, fill, r.pendingConfidence
		r.entryCommission = r.commission(r.series.Time[t], float64(fill*quantity)*rate, quantity)
		r.entrySlip, r.entrySpread = float64(math.Abs(slipped-price)*quantity)*rate, float64(r.half(t)*quantity)*rate
		r.high, r.low, r.financing = price, price, 0
		r.place(t, price)
		r.out.Turnover += float64(fill*quantity) * rate
		r.out.Costs.Commission += r.entryCommission
		r.out.Costs.Slippage += r.entrySlip
		r.out.Costs.Spread += r.entrySpread
	}
}

// lots is what can be traded of a quantity.
func (r *reference) lots(quantity float64) float64 {
	a := r.o.Account
	if a.MaxQuantity > 0 {
		quantity = math.Min(quantity, a.MaxQuantity)
	}
	if a.Lot > 0 { // the largest multiple that is not above it
		n := math.Floor(quantity/a.Lot) + 2
		for n*a.Lot > quantity {
			n--
		}
		quantity = n * a.Lot
	}
	if !r.o.FractionalUnits {
		quantity = math.Floor(quantity)
	}
	if quantity < a.MinQuantity {
		return 0
	}
	return quantity
}

// half is half the spread of bar t. Zones are UTC or Tokyo's, nine hours on.
func (r *reference) half(t int) float64 {
	spread := r.o.Costs.Spread
	if spread == nil {
		return 0
	}
	if spread.Quotes {
		return (r.series.Ask[t-1] - r.series.Bid[t-1]) / 2
	}
	hours := int64(0)
	if spread.Zone == market.Tokyo {
		hours = 9
	}
	minute := strategy.Clock((r.series.Time[t]/60 + 60*hours) % 1440)
	distance := spread.Usual
	for i := len(spread.Sessions) - 1; i >= 0; i-- {
		s := spread.Sessions[i]
		if s.From < s.To && s.From <= minute && minute < s.To || s.From >= s.To && (s.From <= minute || minute < s.To) {
			distance = s.Spread
		}
	}
	switch distance.Unit {
	case strategy.InPips:
		return distance.Value * 0.0001 / 2
	case strategy.InBps:
		return r.series.Open[t] * distance.Value / 10_000 / 2
	}
	return distance.Value / 2
}

func (r *reference) leave(t int, at int64, price float64, bars int, cause ledger.Cause, confidence float32, slips float64) {
	if opens := r.series.Time[t]; at > opens {
		r.finance(opens+1, at-1, r.rate(t, true))
	}
	slipped := price * (1 - float64(float64(r.side)*float64(slips*r.o.Slippage)))
	half := r.half(t)
	if at != r.series.Time[t] && isAtClose(cause) && r.o.Costs.Spread.FromQuotes() {
		half = (r.series.Ask[t] - r.series.Bid[t]) / 2
	}
	fill := slipped - float64(r.side)*half
	if cause == ledger.ByTarget && at != r.series.Time[t] {
		fill = r.target
	}
	rate := r.rate(t, at != r.series.Time[t])
	commission := r.commission(at, float64(fill*r.quantity)*rate, r.quantity)
	slip, spread := float64(math.Abs(slipped-price)*r.quantity)*rate, float64(half*r.quantity)*rate
	worth := func(price float64) float64 {
		return float64(r.side) * (float64(price*r.quantity) - float64(r.entryPrice*r.quantity)) * rate
	}
	best, worst := math.Max(r.high, price), math.Min(r.low, price)
	if r.side < 0 {
		best, worst = worst, best
	}
	entered := r.series.Time[r.entryBar]
	r.out.Trades = append(r.out.Trades, ledger.Trade{
		ID: len(r.out.Trades) + 1, Side: decision.Position(r.side), Cause: cause,
		EntryConfidence: r.entryConfidence, ExitConfidence: confidence,
		EntryTime: entered, ExitTime: at, EntryPrice: r.entryPrice, ExitPrice: fill, Quantity: r.quantity,
		Gross: worth(fill), Commission: r.entryCommission + commission, Slippage: r.entrySlip + slip,
		Spread: r.entrySpread + spread, Financing: r.financing, Net: worth(fill) - (r.entryCommission + commission) - r.financing,
		HoldingBars: bars, HoldingHours: float64(at-entered) / 3600,
		MaxFavorable: math.Max(0, worth(best)), MaxAdverse: math.Min(0, worth(worst)),
	})
	r.profit += r.out.Trades[len(r.out.Trades)-1].Net
	r.out.Turnover += float64(fill*r.quantity) * rate
	r.out.Costs.Commission += commission
	r.out.Costs.Slippage += slip
	r.out.Costs.Spread += spread
	r.side = 0
}

func (r *reference) bankrupt(t int) float64 {
	at := r.series.Available(t)
	if r.side != 0 {
		r.leave(t, at, r.series.Close[t], t+1-r.entryBar, ledger.ByBankrupt, 0, 1)
	}
	equity := r.o.Capital + r.profit
	r.out.Bankruptcy = &ledger.Bankruptcy{Bar: t, Time: at, Equity: equity}
	return equity
}

func (r *reference) end(t int, equity float64) float64 {
	if r.pending != decision.Hold {
		r.out.Orders.Unfilled++
	}
	if r.side == 0 {
		return equity
	}
	r.leave(t, r.series.Available(t), r.series.Close[t], t+1-r.entryBar, ledger.ByEnd, 0, 1)
	equity = r.o.Capital + r.profit
	if equity <= 0 {
		r.bankrupt(t)
	}
	return equity
}

// fee is the one that no commission exceeds.
func (r *reference) fee() decision.Fee {
	if r.o.Costs.Schedule == "" {
		return decision.Fee{Fraction: r.o.Commission, PerUnit: r.o.Costs.PerUnit, Minimum: r.o.Costs.Minimum}
	}
	schedule, err := decision.ScheduleOf(r.o.Costs.Schedule, r.series.Symbol)
	if err != nil {
		panic(err)
	}
	return schedule.First()
}

func (r *reference) commission(at int64, value, quantity float64) float64 {
	if r.o.Costs.Schedule != "" {
		schedule, err := decision.ScheduleOf(r.o.Costs.Schedule, r.series.Symbol)
		if err != nil {
			panic(err)
		}
		if month := time.Unix(at, 0).UTC().Month(); month != r.month { // no window of the tests has a year
			r.month, r.traded = month, 0
		}
		commission := schedule.Commission(value, quantity, r.traded)
		if schedule.ByValue {
			r.traded += value
		} else {
			r.traded += quantity
		}
		return commission
	}
	return math.Max(float64(value*r.o.Commission)+float64(quantity*r.o.Costs.PerUnit), r.o.Costs.Minimum)
}

// finance charges for the midnights from one second to another, one by one.
func (r *reference) finance(from, to int64, worth float64) {
	if r.side == 0 {
		return
	}
	rate, nights := r.o.Costs.Long, 0
	if r.side < 0 {
		rate = r.o.Costs.Short
	}
	for at := from; at <= to; at++ {
		if at%86_400 == 0 {
			nights++
		}
	}
	charge := float64(float64(r.entryPrice*r.quantity)*rate) / 365 * float64(nights) * worth
	r.financing += charge
	r.out.Costs.Financing += charge
}

// place puts the exits of a position entered at the open of t.
func (r *reference) place(t int, price float64) {
	x, side, nan := r.o.Exits, float64(r.side), math.NaN()
	r.stop, r.target, r.sessionEnd = nan, nan, math.MaxInt64
	against, inFavour := x.StopLoss, x.TakeProfit
	if x.UpperBarrier > 0 {
		against, inFavour = float64(x.LowerBarrier*r.volatility[t-1]), float64(x.UpperBarrier*r.volatility[t-1])
		if side < 0 {
			against, inFavour = inFavour, against
		}
	}
	if against > 0 {
		r.stop = price * (1 - float64(side*against))
	}
	if inFavour > 0 && side*inFavour > -1 {
		r.target = price * (1 + float64(side*inFavour))
	}
	r.trail = r.behind(price, price)
	if x.SessionEnd > 0 {
		for r.sessionEnd = r.series.Time[t] + 60; (r.sessionEnd/60)%1440 != int64(x.SessionEnd)%1440; r.sessionEnd += 60 {
		}
	}
}

func (r *reference) behind(high, low float64) float64 {
	switch d := r.o.Exits.TrailingStop; {
	case d == 0 || r.side == 0:
		return math.NaN()
	case r.side > 0:
		return high * (1 - d)
	default:
		return low * (1 + d)
	}
}

// exits looks through everything that could end the position on bar t, in its
// order, and returns the side held during the bar.
func (r *reference) exits(t int) (held int) {
	held = r.side
	if held == 0 {
		return 0
	}
	s, x := r.series, r.o.Exits
	open, close, end := s.Open[t], s.Close[t], s.Available(t)
	older, long := t > r.entryBar, r.side > 0
	bars := t + 1 - r.entryBar
	// What a position is left at lies half a spread from the prices of the bar.
	half := float64(r.side) * r.half(t)
	stop, trail, target := r.stop+half, r.trail+half, r.target+half
	call := math.NaN()
	if m := r.o.Account.MaintenanceMargin; m > 0 {
		balance, value := (r.o.Capital+r.profit-r.entryCommission-r.financing)/r.rate(t, false), float64(r.entryPrice*r.quantity)
		call = (value - balance) / float64(r.quantity*(1-m))
		if !long {
			call = (balance + value) / float64(r.quantity*(1+m))
		}
		nearest := stop
		if math.IsNaN(stop) || long && trail > stop || !long && trail < stop {
			nearest = trail
		}
		if long && call <= math.Max(0, nearest) || !long && call >= nearest {
			call = math.NaN() // the stop comes first
		}
		if long && !(call > 0) {
			call = math.NaN()
		}
	}
	met := func(level float64) float64 {
		if !older && (long && level > open || !long && level < open) {
			return open
		}
		return level
	}
	type event struct {
		happens bool
		price   float64
		cause   ledger.Cause
		slips   float64
		atOpen  bool
		whole   bool // all of the bar was held
	}
	events := []event{
		{older && r.sessionEnd <= s.Time[t], open, ledger.BySession, 1, true, false},
		{older && (long && open <= call || !long && open >= call), open, ledger.ByMargin, 1, true, false},
		{older && long && (open <= trail && !(trail <= stop)), open, ledger.ByTrail, 1, true, false},
		{older && !long && (open >= trail && !(trail >= stop)), open, ledger.ByTrail, 1, true, false},
		{older && (long && open <= stop || !long && open >= stop), open, ledger.ByStop, 1, true, false},
		{older && (long && open >= target || !long && open <= target && target > 0), open, ledger.ByTarget, 0, true, false},
		{long && s.Low[t] <= call || !long && s.High[t] >= call, met(call), ledger.ByMargin, 1, false, false},
		{long && s.Low[t] <= trail && !(trail <= stop), met(trail), ledger.ByTrail, 1, false, false},
		{!long && s.High[t] >= trail && !(trail >= stop), met(trail), ledger.ByTrail, 1, false, false},
		{long && s.Low[t] <= stop || !long && s.High[t] >= stop, met(stop), ledger.ByStop, 1, false, false},
		{long && s.High[t] >= target || !long && s.Low[t] <= target && target > 0, target, ledger.ByTarget, 0, false, false},
		{x.MaxHoldingBars > 0 && bars >= x.MaxHoldingBars, close, ledger.ByTime, 1, false, true},
		{r.sessionEnd <= end, close, ledger.BySession, 1, false, true},
	}
	isStopped, isMet, isGone := math.NaN(), false, false
	for _, e := range events {
		switch {
		case e.happens && e.atOpen:
			isGone = true
		case e.happens && e.cause == ledger.ByTarget:
			isMet = true
		case e.happens && !e.whole && math.IsNaN(isStopped):
			isStopped = map[ledger.Cause]float64{ledger.ByMargin: call, ledger.ByTrail: trail, ledger.ByStop: stop}[e.cause]
		}
	}
	if !isGone && isMet && !math.IsNaN(isStopped) {
		r.out.Intrabar.Conflicts++
		below, above := isStopped, target // a margin call may lie beyond the target
		if !long {
			below, above = target, isStopped
		}
		down, up := r.firstBelow(t, below), r.firstAbove(t, above)
		if down >= 0 && up >= 0 && down != up {
			r.out.Intrabar.Resolved++
			if long == (up < down) {
				events = append([]event{{true, target, ledger.ByTarget, 0, false, false}}, events...)
			}
		}
	}
	for _, event := range events {
		if !event.happens {
			continue
		}
		if event.cause == ledger.ByMargin && r.o.Account.MarginCall == strategy.MarginReduce {
			if quantity, rest := r.cut(t, event.price, event.atOpen); rest > 0 {
				r.leavePart(t, event.price, event.atOpen, quantity, rest)
				return r.exits(t)
			}
		}
		if older {
			r.high, r.low = math.Max(r.high, open), math.Min(r.low, open)
		}
		if event.whole {
			r.high, r.low = math.Max(r.high, s.High[t]), math.Min(r.low, s.Low[t])
		}
		at := end
		if event.atOpen {
			at, bars, held = s.Time[t], bars-1, 0
		}
		r.leave(t, at, event.price, bars, event.cause, 0, event.slips)
		return held
	}
	return held
}

// cut is how much of the position is closed by force at a price, and what is left.
func (r *reference) cut(t int, price float64, atOpen bool) (quantity, rest float64) {
	a, side := r.o.Account, float64(r.side)
	lot := a.Lot
	if lot == 0 {
		lot = 1
		if r.o.FractionalUnits {
			lot = r.quantity / 1024
		}
	}
	lots := int(math.Min(1<<53, math.Ceil(r.quantity/lot-1e-9)))
	parts := func(n int) (quantity, rest float64) {
		quantity = float64(n) * lot
		if all := math.Floor(r.quantity/lot + 0.5); all*lot == r.quantity {
			return quantity, (all - float64(n)) * lot
		}
		return quantity, r.quantity - quantity
	}
	half := r.half(t)
	fill := price*(1-float64(side*r.o.Slippage)) - float64(side*half)
	month, traded := r.month, r.traded
	enough := func(n int) bool {
		quantity, rest := parts(n)
		rate := r.rate(t, !atOpen)
		at := r.series.Time[t]
		if !atOpen {
			at = r.series.Available(t)
		}
		balance := r.o.Capital + r.profit - r.entryCommission - r.financing
		balance += float64(float64(side*(float64(fill*quantity)-float64(r.entryPrice*quantity)))*rate) - r.commission(at, float64(float64(fill*quantity)*rate), quantity)
		r.month, r.traded = month, traded
		value := float64(price * rest)
		gain := float64(side * (value - float64(r.entryPrice*r.quantity)/r.quantity*rest))
		return balance+float64(r.rate(t, false)*(gain-float64(value/math.Max(1, a.Leverage)))) >= 0
	}
	n := 1
	if lots > 2000 { // by halves, as nobody waits for more
		n += sort.Search(lots-1, func(n int) bool { return enough(n + 1) })
	} else {
		for n < lots && !enough(n) {
			n++
		}
	}
	if n >= lots {
		return r.quantity, 0
	}
	if quantity, rest = parts(n); rest < a.MinQuantity {
		return r.quantity, 0
	}
	return quantity, rest
}

// leavePart closes a quantity at a price of the bar, with its share of what the whole
// has cost.
func (r *reference) leavePart(t int, price float64, atOpen bool, quantity, rest float64) {
	whole, share := *r, quantity/r.quantity
	for _, cost := range []*float64{&r.entryCommission, &r.financing} {
		*cost *= share
	}
	paid := func(units float64) (slip, spread float64) {
		price, rate := r.series.Open[r.entryBar], r.rate(r.entryBar, false)
		slipped := price * (1 + float64(float64(r.side)*r.o.Slippage))
		return float64(math.Abs(slipped-price)*units) * rate, float64(r.half(r.entryBar)*units) * rate
	}
	r.entrySlip, r.entrySpread = paid(quantity)
	restSlip, restSpread := paid(rest)
	part := *r
	if t > r.entryBar {
		r.high, r.low = math.Max(r.high, r.series.Open[t]), math.Min(r.low, r.series.Open[t])
	}
	r.quantity = quantity
	at, bars := r.series.Available(t), t+1-r.entryBar
	if atOpen {
		at, bars = r.series.Time[t], bars-1
	}
	r.leave(t, at, price, bars, ledger.ByMargin, 0, 1)
	r.side, r.quantity, r.high, r.low = whole.side, rest, whole.high, whole.low
	r.entryCommission, r.financing = whole.entryCommission-part.entryCommission, whole.financing-part.financing
	r.entrySlip, r.entrySpread = restSlip, restSpread
}

// firstBelow and firstAbove are the first of the finer bars of bar t that reach a
// price, or -1.
func (r *reference) firstBelow(t int, price float64) int {
	for i, at := range r.finer.Time {
		if at >= r.series.Time[t] && at < r.series.Available(t) && r.finer.Low[i] <= price {
			return i
		}
	}
	return -1
}

func (r *reference) firstAbove(t int, price float64) int {
	for i, at := range r.finer.Time {
		if at >= r.series.Time[t] && at < r.series.Available(t) && r.finer.High[i] >= price {
			return i
		}
	}
	return -1
}

// sized returns how much of the allowed quantity the sizing takes.
func (r *reference) sized(t int, signal decision.Signal, price, fill, equity, power, allowed float64) float64 {
	z, p := r.o.Sizing, float64(r.pendingConfidence)
	switch z.Method {
	case strategy.SizeUnits:
		return math.Min(allowed, z.Units)
	case strategy.SizeConfidence:
		return math.Min(float64(p*r.o.Fraction)*power/(price*(1+r.o.Commission)), power/(fill*(1+r.o.Commission)))
	case strategy.SizeVolatility:
		return math.Min(allowed, float64(z.BarVolatility*equity)/float64(r.sizing[t-1]*price))
	case strategy.SizeKelly:
		held := r.side
		r.side = int(signal)
		r.place(t, price)
		r.side = held
		if math.IsNaN(r.stop) || math.IsNaN(r.target) {
			return 0
		}
		loss, gain := math.Abs(r.stop-price)/price, math.Abs(r.target-price)/price
		return math.Min(allowed, math.Max(0, float64(float64(z.KellyFraction*(p/loss-(1-p)/gain))*equity)/price))
	}
	return allowed
}
