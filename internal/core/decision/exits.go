package decision

import (
	"errors"
	"fmt"

	"github.com/ktrdr/ktrdr/internal/core/label"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// Exits say when a position is left without a signal against it. A field that is
// zero says never, and the zero value leaves every exit to the signals. ExitsOf
// makes those of a strategy. Fractions are of the price at the entry, before
// slippage.
type Exits struct {
	StopLoss     float64 `json:"stop_loss,omitempty"`     // fraction against the position
	TakeProfit   float64 `json:"take_profit,omitempty"`   // fraction in favour of it
	TrailingStop float64 `json:"trailing_stop,omitempty"` // fraction against it, from the best price up to the last close

	// UpperBarrier and LowerBarrier are the distances from the entry, up and
	// down, in volatilities of the bar of the decision. A long takes its profit
	// at the upper one and is stopped at the lower one, a short the other way
	// round. Both or neither are set.
	UpperBarrier float64 `json:"upper_barrier,omitempty"`
	LowerBarrier float64 `json:"lower_barrier,omitempty"`

	MaxHoldingBars int            `json:"max_holding_bars,omitempty"` // bars after which it is left at the close
	SessionEnd     strategy.Clock `json:"session_end,omitempty"`      // UTC time of day at which it is left
}

// ExitsOf returns the exits that s asks for.
func ExitsOf(s *strategy.Strategy) Exits {
	x := s.Decisions.Exits
	if !x.FromLabel {
		return Exits{StopLoss: x.StopLoss, TakeProfit: x.TakeProfit, TrailingStop: x.TrailingStop,
			MaxHoldingBars: x.MaxHoldingBars, SessionEnd: x.SessionEnd}
	}
	l := s.Training.Labels
	if l.Source == label.TripleBarrier {
		return Exits{UpperBarrier: l.PTMultiplier, LowerBarrier: l.SLMultiplier, MaxHoldingBars: l.MaxHolding}
	}
	return Exits{MaxHoldingBars: l.Horizon}
}

// VolatilityOf returns the volatility at each bar of series, the bars of the
// base timeframe from the first held, that the exits of s need, or nil where
// they need none.
func VolatilityOf(s *strategy.Strategy, series market.Series) []float64 {
	if !ExitsOf(s).NeedVolatility() {
		return nil
	}
	return s.Training.Labels.Volatility(series)
}

// NeedVolatility tells whether the exits are placed by volatility.
func (x Exits) NeedVolatility() bool { return x.UpperBarrier != 0 }

// Validate returns what is wrong with the exits for bars of timeframe tf, or nil.
func (x Exits) Validate(tf market.Timeframe) error {
	var problems []error
	check := func(ok bool, name string, value any, want string) {
		if !ok {
			problems = append(problems, fmt.Errorf("%s %v: want %s", name, value, want))
		}
	}
	const fraction = "a fraction above 0 and below 1"
	check(x.StopLoss >= 0 && x.StopLoss < 1, "stop_loss", x.StopLoss, fraction)
	check(x.TrailingStop >= 0 && x.TrailingStop < 1, "trailing_stop", x.TrailingStop, fraction)
	check(x.TakeProfit >= 0 && x.TakeProfit <= 100, "take_profit", x.TakeProfit, "a fraction above 0, at most 100")
	check(x.UpperBarrier >= 0 && x.UpperBarrier <= 1000, "upper_barrier", x.UpperBarrier, "volatilities above 0, at most 1000")
	check(x.LowerBarrier >= 0 && x.LowerBarrier <= 1000, "lower_barrier", x.LowerBarrier, "volatilities above 0, at most 1000")
	check((x.UpperBarrier == 0) == (x.LowerBarrier == 0), "lower_barrier", x.LowerBarrier, "both barriers or none")
	check(!x.NeedVolatility() || x.StopLoss == 0 && x.TakeProfit == 0, "upper_barrier", x.UpperBarrier, "barriers, or a stop loss and a take profit, but not both")
	check(x.MaxHoldingBars >= 0, "max_holding_bars", x.MaxHoldingBars, "a number of bars")
	check(x.SessionEnd >= 0 && x.SessionEnd <= 24*60, "session_end", int(x.SessionEnd), "minutes from midnight, at most 1440")
	check(x.SessionEnd == 0 || tf < market.Day1, "session_end", x.SessionEnd, "bars shorter than a day")
	return errors.Join(problems...)
}

// KnowLevels tells whether volatility v places the exits: it need not for exits
// without barriers, and a barrier must lie above 0.
func (x Exits) KnowLevels(v float64) bool {
	return !x.NeedVolatility() || v > 0 && x.LowerBarrier*v < 1 && x.UpperBarrier*v <= 100
}

// Levels returns the prices at which a position entered at price is stopped and
// takes its profit; 0 is none. A short that takes its profit 100 % below the
// entry would do so at 0, which is none as well.
//
//	long   stop = price*(1 - StopLoss)    target = price*(1 + TakeProfit)
//	short  stop = price*(1 + StopLoss)    target = price*(1 - TakeProfit)
//
// and with the barriers times v in place of the fractions.
func (x Exits) Levels(price, v float64, side Position) (stop, target float64) {
	against, inFavour := x.StopLoss, x.TakeProfit
	if x.NeedVolatility() {
		up, down := float64(x.UpperBarrier*v), float64(x.LowerBarrier*v)
		if side == Long {
			against, inFavour = down, up
		} else {
			against, inFavour = up, down
		}
	}
	if against != 0 {
		stop = float64(price * (1 - float64(float64(side)*against)))
	}
	if inFavour != 0 {
		target = max(0, float64(price*(1+float64(float64(side)*inFavour))))
	}
	return stop, target
}

// SessionAfter returns the Unix second at which the session ends that is going on
// after t, 0 where none ends a position.
func (x Exits) SessionAfter(t int64) int64 {
	if x.SessionEnd == 0 {
		return 0
	}
	const day = 86_400
	second := int64(x.SessionEnd) * 60
	since := (t - second) % day
	if since < 0 {
		since += day
	}
	return t - since + day
}
