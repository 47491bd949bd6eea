package label

import (
	"fmt"

	"github.com/ktrdr/ktrdr/internal/core/spell"
)

// A Source is a way to make labels.
type Source string

// The sources.
const (
	ZigZag            Source = "zigzag"
	ForwardReturn     Source = "forward_return"
	TripleBarrier     Source = "triple_barrier"
	Regime            Source = "regime"
	SingleScaleRegime Source = "single_scale_regime"
	Context           Source = "context"
)

// Sources returns all sources.
func Sources() []Source {
	return []Source{ZigZag, ForwardReturn, TripleBarrier, Regime, SingleScaleRegime, Context}
}

// ParseSource returns the source called s.
func ParseSource(s string) (Source, error) {
	var names []string
	for _, source := range Sources() {
		if string(source) == s {
			return source, nil
		}
		names = append(names, string(source))
	}
	return "", fmt.Errorf("unknown label source %q: want one of %v%s", s, names, spell.Hint(s, names))
}

// isTrade reports whether the labels are about a position that is entered.
func (s Source) isTrade() bool { return s == ZigZag || s == ForwardReturn || s == TripleBarrier }

// UnmarshalText implements encoding.TextUnmarshaler with ParseSource.
func (s *Source) UnmarshalText(text []byte) error {
	parsed, err := ParseSource(string(text))
	if err != nil {
		return err
	}
	*s = parsed
	return nil
}

// An Entry is the price at which a label enters the market after the decision
// at the close of a bar.
type Entry string

// The entries.
const (
	NextOpen Entry = "next_open" // the open of the next bar, which is what a backtest fills
	AtClose  Entry = "close"     // the close of the bar itself, as the original KTRDR has it
)

// A VolMethod is how triple_barrier measures volatility.
type VolMethod string

// The methods.
const (
	VolATR   VolMethod = "atr"   // weighted mean of (high-low)/close
	VolClose VolMethod = "close" // weighted standard deviation of log returns of the close
)

// A Spec chooses a source and its parameters. Parameters of the other sources
// must be zero. Default gives the usual ones. The comments name each field as
// strategy files and errors do.
type Spec struct {
	Source Source `json:"source"`

	// ZigZag, ForwardReturn, TripleBarrier.
	Entry Entry `json:"entry,omitempty"` // entry; "" is next_open

	// ZigZag, TripleBarrier.
	Classes int `json:"classes,omitempty"` // classes: 3, or 2 to leave HOLD out; 0 is 3

	// ZigZag.
	Threshold float64 `json:"zigzag_threshold,omitempty"` // zigzag_threshold: the reversal that ends a swing, as a fraction of its extreme
	Lookahead int     `json:"label_lookahead,omitempty"`  // label_lookahead: bars within which the swing must be known to have ended, else HOLD; 0 is without limit

	// ForwardReturn, SingleScaleRegime, Context.
	Horizon int `json:"horizon,omitempty"` // horizon: bars

	// TripleBarrier; VolSpan also where CUSUM is without a threshold.
	PTMultiplier  float64   `json:"pt_multiplier,omitempty"`      // pt_multiplier: distance of the upper barrier, in volatilities
	SLMultiplier  float64   `json:"sl_multiplier,omitempty"`      // sl_multiplier: distance of the lower barrier, in volatilities
	MaxHolding    int       `json:"max_holding_period,omitempty"` // max_holding_period: the time limit in bars
	HoldThreshold float64   `json:"hold_threshold,omitempty"`     // hold_threshold: HOLD at the time limit below so many volatilities of its length; 0 is 0.5
	VolSpan       int       `json:"vol_span,omitempty"`           // vol_span: bars of the weighted mean
	VolMethod     VolMethod `json:"vol_method,omitempty"`         // vol_method; "" is atr

	// Regime.
	MacroATRMult         float64 `json:"macro_atr_mult,omitempty"`        // macro_atr_mult: the reversal that ends a large swing, in typical ranges
	MicroATRMult         float64 `json:"micro_atr_mult,omitempty"`        // micro_atr_mult: that ends a small one
	ATRPeriod            int     `json:"atr_period,omitempty"`            // atr_period: bars of the range, and bars ahead whose volatility counts
	ProgressionTolerance float64 `json:"progression_tolerance,omitempty"` // progression_tolerance: least share of small swings that go along

	// Regime, SingleScaleRegime.
	VolLookback        int     `json:"vol_lookback,omitempty"`         // vol_lookback: bars of the volatility before
	VolCrisisThreshold float64 `json:"vol_crisis_threshold,omitempty"` // vol_crisis_threshold: volatility ahead over volatility before, above which it is VOLATILE

	// SingleScaleRegime.
	TrendingThreshold float64 `json:"trending_threshold,omitempty"` // trending_threshold: least share of the path that is progress

	// Context.
	BullishThreshold float64 `json:"bullish_threshold,omitempty"` // bullish_threshold: return above which it is BULLISH
	BearishThreshold float64 `json:"bearish_threshold,omitempty"` // bearish_threshold: return below which it is BEARISH

	// Every source.
	ComputeWeights  bool    `json:"compute_weights,omitempty"`  // compute_weights: weigh rows by the uniqueness of their labels
	CUSUM           bool    `json:"cusum,omitempty"`            // whether only bars at which the price has moved count; files say so by cusum_threshold
	CUSUMThreshold  float64 `json:"cusum_threshold,omitempty"`  // cusum_threshold: the move, as a logarithm; 0 follows from the volatility so far
	CUSUMMultiplier float64 `json:"cusum_multiplier,omitempty"` // cusum_multiplier: how many volatilities the move is where cusum_threshold is 0
}

// Default returns the usual parameters of a source. None computes weights or
// filters events.
//
//	zigzag               zigzag_threshold 0.02, no lookahead, 3 classes
//	forward_return       horizon 20
//	triple_barrier       barriers at 2.0 and 1.5 volatilities over 50 bars, vol_span 50,
//	                     vol_method atr, 3 classes, hold_threshold 0.5
//	regime               swings of 3.0 and 1.0 ranges of 14 bars, vol_lookback 120,
//	                     vol_crisis_threshold 2.0, progression_tolerance 0.5
//	single_scale_regime  horizon 24, trending_threshold 0.5, vol_lookback 120,
//	                     vol_crisis_threshold 2.0
//	context              horizon 5, thresholds 0.005 and -0.005
//
// The entry is next_open where there is one.
func Default(source Source) Spec {
	s := Spec{Source: source}
	switch source {
	case ZigZag:
		s.Entry, s.Classes = NextOpen, 3
		s.Threshold = 0.02
	case ForwardReturn:
		s.Entry = NextOpen
		s.Horizon = 20
	case TripleBarrier:
		s.Entry, s.Classes, s.HoldThreshold = NextOpen, 3, DefaultHoldThreshold
		s.PTMultiplier, s.SLMultiplier = 2.0, 1.5
		s.MaxHolding, s.VolSpan, s.VolMethod = 50, DefaultVolSpan, VolATR
	case Regime:
		s.MacroATRMult, s.MicroATRMult, s.ATRPeriod, s.ProgressionTolerance = 3.0, 1.0, 14, 0.5
		s.VolLookback, s.VolCrisisThreshold = 120, 2.0
	case SingleScaleRegime:
		s.Horizon, s.TrendingThreshold = 24, 0.5
		s.VolLookback, s.VolCrisisThreshold = 120, 2.0
	case Context:
		s.Horizon, s.BullishThreshold, s.BearishThreshold = 5, 0.005, -0.005
	}
	return s
}

// What files may leave out of labels that have it by another key.
const (
	DefaultHoldThreshold   = 0.5 // of triple_barrier with 3 classes
	DefaultVolSpan         = 50
	DefaultCUSUMMultiplier = 0.5
)

// Spare returns the class that labels can do without: that of bars at which nothing
// happens, which many bars of triple barriers never reach, and VOLATILE, which a gate
// says too where it is not sure. "" where there is none.
func (s Spec) Spare() string {
	switch s.Source {
	case Regime, SingleScaleRegime:
		return "VOLATILE"
	case Context:
		return "NEUTRAL"
	}
	return "HOLD"
}

// ClassNames returns the names of the classes, in the order of their indices;
// nil where labels are numbers.
func (s Spec) ClassNames() []string {
	switch s.Source {
	case Regime, SingleScaleRegime:
		return []string{"TRENDING_UP", "TRENDING_DOWN", "RANGING", "VOLATILE"}
	case Context:
		return []string{"BULLISH", "BEARISH", "NEUTRAL"}
	case ForwardReturn:
		return nil
	default:
		if s.Classes == 2 {
			return []string{"BUY", "SELL"}
		}
		return []string{"BUY", "HOLD", "SELL"}
	}
}
