package decision

import (
	"fmt"
	"math"

	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// Sizing says how much of the largest allowed entry an entry takes. The zero
// value takes all of it. SizingOf makes that of a strategy.
type Sizing struct {
	Method        string  `json:"method,omitempty"`
	Units         float64 `json:"units,omitempty"`
	BarVolatility float64 `json:"bar_volatility,omitempty"`
	KellyFraction float64 `json:"kelly_fraction,omitempty"`
}

// SizingOf returns the sizing that s asks for.
func SizingOf(s *strategy.Strategy) Sizing {
	z := s.Decisions.Sizing
	return Sizing{Method: z.Method, Units: z.Units, BarVolatility: z.BarVolatility, KellyFraction: z.KellyFraction}
}

// SizingVolatilityOf is VolatilityOf for the sizing of s.
func SizingVolatilityOf(s *strategy.Strategy, series market.Series) []float64 {
	return s.Decisions.Sizing.Volatility(series)
}

// NeedVolatility tells whether entries are sized by volatility.
func (z Sizing) NeedVolatility() bool { return z.Method == strategy.SizeVolatility }

// Validate returns what is wrong with the sizing beside exits x, or nil.
func (z Sizing) Validate(x Exits) error {
	positive := func(v, most float64) bool { return v > 0 && v <= most }
	switch z.Method {
	case "":
		if z != (Sizing{}) {
			return fmt.Errorf("sizing %+v: it has parameters and no method", z)
		}
	case strategy.SizeUnits:
		if !positive(z.Units, math.MaxFloat64) {
			return fmt.Errorf("units %v: want a number above 0", z.Units)
		}
	case strategy.SizeConfidence:
	case strategy.SizeVolatility:
		if !positive(z.BarVolatility, 1) {
			return fmt.Errorf("bar_volatility %v: want a share above 0, at most 1", z.BarVolatility)
		}
	case strategy.SizeKelly:
		if !positive(z.KellyFraction, 1) {
			return fmt.Errorf("kelly_fraction %v: want a share above 0, at most 1", z.KellyFraction)
		}
		if !(x.StopLoss > 0 && x.TakeProfit > 0) && !x.NeedVolatility() {
			return fmt.Errorf("sizing kelly: want exits with a stop and a target")
		}
	default:
		return fmt.Errorf("unknown sizing %q", z.Method)
	}
	return nil
}

// An Entry is what sizing looks at.
type Entry struct {
	Equity, Price float64
	Confidence    float32
	Volatility    float64 // for SizeVolatility
	Stop, Target  float64 // prices at which it would be left, for SizeKelly
}

// Quantity returns how many units to take at most, beside what is allowed: +Inf
// where there is no other limit, 0 where the entry is not worth taking.
//
//	units              q = Units
//	volatility_target  q = BarVolatility * equity / (volatility * price)
//	kelly              q = KellyFraction * (p/a - (1-p)/b) * equity / price
//	                   p the confidence, a and b the loss at the stop and the gain at
//	                   the target as fractions of the price
//
// Confidence has no limit of its own; see Share.
//
// Source: J. L. Kelly, A New Interpretation of Information Rate, 1956, for a bet
// that loses a or gains b.
func (z Sizing) Quantity(e Entry) float64 {
	switch z.Method {
	case strategy.SizeUnits:
		return z.Units
	case strategy.SizeVolatility:
		return float64(z.BarVolatility*e.Equity) / float64(e.Volatility*e.Price)
	case strategy.SizeKelly:
		if e.Stop == 0 || e.Target == 0 {
			return 0
		}
		loss, gain := math.Abs(e.Stop-e.Price)/e.Price, math.Abs(e.Target-e.Price)/e.Price
		p := float64(e.Confidence)
		return max(0, float64(float64(z.KellyFraction*(p/loss-(1-p)/gain))*e.Equity)/e.Price)
	}
	return math.Inf(1)
}

// Share returns the share of what is allowed that an entry takes: its confidence
// for SizeConfidence, else 1.
func (z Sizing) Share(confidence float32) float64 {
	if z.Method == strategy.SizeConfidence {
		return float64(confidence)
	}
	return 1
}
