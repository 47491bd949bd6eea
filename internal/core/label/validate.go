package label

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A FieldError says what is wrong with one field of a Spec, named as in
// strategy files.
type FieldError struct{ Field, Problem string }

func (e *FieldError) Error() string { return e.Field + ": " + e.Problem }

const (
	maxBars       = 100_000 // of any horizon
	maxWindow     = 5_000   // of a window that is looked at anew for each bar
	maxMultiplier = 100
)

// A field is one parameter of a Spec: whose it is, whether it is set, and what
// is wrong with its value.
type field struct {
	name    string
	owners  []Source // nil for every source
	isSet   bool
	problem string
}

// fields returns all parameters in the order in which problems are reported.
func (s Spec) fields() []field {
	swings, barrier, regimes := []Source{ZigZag, TripleBarrier}, []Source{TripleBarrier}, []Source{Regime, SingleScaleRegime}
	return []field{
		{"entry", []Source{ZigZag, ForwardReturn, TripleBarrier}, s.Entry != "", oneOf(s.Entry, NextOpen, AtClose)},
		{"classes", swings, s.Classes != 0, oneOf(s.Classes, 2, 3)},
		{"zigzag_threshold", []Source{ZigZag}, s.Threshold != 0, fraction(s.Threshold)},
		{"label_lookahead", []Source{ZigZag}, s.Lookahead != 0, bars(s.Lookahead, 0, maxBars)},
		{"horizon", []Source{ForwardReturn, SingleScaleRegime, Context}, s.Horizon != 0, s.horizonProblem()},
		{"pt_multiplier", barrier, s.PTMultiplier != 0, multiplier(s.PTMultiplier)},
		{"sl_multiplier", barrier, s.SLMultiplier != 0, multiplier(s.SLMultiplier)},
		{"max_holding_period", barrier, s.MaxHolding != 0, bars(s.MaxHolding, 1, maxBars)},
		{"hold_threshold", barrier, s.HoldThreshold != 0, s.holdProblem()},
		{"vol_span", s.volOwners(), s.VolSpan != 0, bars(s.VolSpan, 2, maxBars)},
		{"vol_method", barrier, s.VolMethod != "", oneOf(s.VolMethod, VolATR, VolClose)},
		{"macro_atr_mult", []Source{Regime}, s.MacroATRMult != 0, multiplier(s.MacroATRMult)},
		{"micro_atr_mult", []Source{Regime}, s.MicroATRMult != 0, s.microProblem()},
		{"atr_period", []Source{Regime}, s.ATRPeriod != 0, bars(s.ATRPeriod, 2, maxWindow)},
		{"progression_tolerance", []Source{Regime}, s.ProgressionTolerance != 0, within(s.ProgressionTolerance, 0, 1)},
		{"vol_lookback", regimes, s.VolLookback != 0, bars(s.VolLookback, 2, maxWindow)},
		{"vol_crisis_threshold", regimes, s.VolCrisisThreshold != 0, multiplier(s.VolCrisisThreshold)},
		{"trending_threshold", []Source{SingleScaleRegime}, s.TrendingThreshold != 0, within(s.TrendingThreshold, 0, 1)},
		{"bullish_threshold", []Source{Context}, s.BullishThreshold != 0, s.bullishProblem()},
		{"bearish_threshold", []Source{Context}, s.BearishThreshold != 0, within(s.BearishThreshold, -1, 1)},
		{"cusum_threshold", nil, s.CUSUMThreshold != 0, s.cusumProblem()},
		{"cusum_multiplier", nil, s.CUSUMMultiplier != 0, s.cusumMultiplierProblem()},
	}
}

// Parameters returns the names of the parameters that belong to the source and
// not to every one, in a fixed order.
func (s Source) Parameters() []string {
	var names []string
	for _, f := range (Spec{Source: s}).fields() {
		if slices.Contains(f.owners, s) {
			names = append(names, f.name)
		}
	}
	return names
}

// Validate returns everything that is wrong with the spec as joined
// *FieldErrors, or nil.
func (s Spec) Validate() error {
	if _, err := ParseSource(string(s.Source)); err != nil {
		return &FieldError{Field: "source", Problem: err.Error()}
	}
	var problems []error
	for _, f := range s.fields() {
		switch {
		case f.owners == nil || slices.Contains(f.owners, s.Source):
			if f.problem != "" {
				problems = append(problems, &FieldError{Field: f.name, Problem: f.problem})
			}
		case f.isSet:
			problems = append(problems, &FieldError{Field: f.name, Problem: fmt.Sprintf(
				"belongs to %s labels and has no effect with %s: remove it", join(f.owners), s.Source)})
		}
	}
	return errors.Join(problems...)
}

// volOwners returns the sources that read VolSpan: triple_barrier, and every one
// whose event threshold follows from the volatility.
func (s Spec) volOwners() []Source {
	if s.CUSUM && s.CUSUMThreshold == 0 {
		return Sources()
	}
	return []Source{TripleBarrier}
}

func (s Spec) horizonProblem() string {
	if s.Source == SingleScaleRegime {
		return bars(s.Horizon, 2, maxWindow)
	}
	return bars(s.Horizon, 1, maxBars)
}

func (s Spec) holdProblem() string {
	switch {
	case s.HoldThreshold == 0:
		return ""
	case s.Classes == 2:
		return "it has no effect with 2 classes, which leave HOLD out: remove it"
	default:
		return multiplier(s.HoldThreshold)
	}
}

func (s Spec) microProblem() string {
	if problem := multiplier(s.MicroATRMult); problem != "" || s.MicroATRMult < s.MacroATRMult {
		return problem
	}
	return fmt.Sprintf("want less than macro_atr_mult, which is %v, have %v", s.MacroATRMult, s.MicroATRMult)
}

func (s Spec) bullishProblem() string {
	if problem := within(s.BullishThreshold, -1, 1); problem != "" || s.BullishThreshold >= s.BearishThreshold {
		return problem
	}
	return fmt.Sprintf("want at least bearish_threshold, which is %v, have %v", s.BearishThreshold, s.BullishThreshold)
}

func (s Spec) cusumProblem() string {
	switch {
	case s.CUSUMThreshold == 0:
		return ""
	case !s.CUSUM:
		return "it has no effect without the event filter"
	default:
		return fraction(s.CUSUMThreshold)
	}
}

func (s Spec) cusumMultiplierProblem() string {
	switch isAutomatic := s.CUSUM && s.CUSUMThreshold == 0; {
	case isAutomatic:
		return multiplier(s.CUSUMMultiplier)
	case s.CUSUMMultiplier == 0:
		return ""
	default:
		return "it has no effect unless cusum_threshold is 0, which makes the threshold follow from the volatility"
	}
}

// The following return what is wrong with a value, or "".

// oneOf takes two choices; the zero value stands for one of them.
func oneOf[T comparable](v, a, b T) string {
	var zero T
	if v == zero || v == a || v == b {
		return ""
	}
	return fmt.Sprintf("want %v or %v, have %#v", a, b, v)
}

// bars returns what is wrong with a number of bars. Where low is 0, 0 stands for
// none.
func bars(n, low, high int) string {
	if n >= low && n <= high {
		return ""
	}
	return fmt.Sprintf("want %d to %d bars, have %d", max(low, 1), high, n)
}

func fraction(x float64) string {
	if x > 0 && x < 1 {
		return ""
	}
	return fmt.Sprintf("want a fraction above 0 and below 1, have %v", x)
}

func multiplier(x float64) string {
	if x > 0 && x <= maxMultiplier {
		return ""
	}
	return fmt.Sprintf("want a number above 0 and up to %d, have %v", maxMultiplier, x)
}

func within(x, low, high float64) string {
	if x >= low && x <= high {
		return ""
	}
	return fmt.Sprintf("want a number from %v to %v, have %v", low, high, x)
}

func join(sources []Source) string {
	names := make([]string, len(sources))
	for i, s := range sources {
		names[i] = string(s)
	}
	return strings.Join(names, ", ")
}
