package label

import (
	"errors"
	"fmt"
	"math"

	"github.com/ktrdr/ktrdr/internal/core/spell"
)

// A Source is a way to make labels.
type Source string

// The sources.
const (
	ZigZag        Source = "zigzag"
	ForwardReturn Source = "forward_return"
	TripleBarrier Source = "triple_barrier"
)

// Sources returns all sources.
func Sources() []Source { return []Source{ZigZag, ForwardReturn, TripleBarrier} }

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
	Entry  Entry  `json:"entry,omitempty"` // entry; "" is next_open

	// ZigZag.
	Threshold float64 `json:"zigzag_threshold,omitempty"` // zigzag_threshold: the reversal that ends a swing, as a fraction of its extreme
	Lookahead int     `json:"label_lookahead,omitempty"`  // label_lookahead: bars within which the swing must be known to have ended, else HOLD; 0 is without limit

	// ForwardReturn.
	Horizon int `json:"horizon,omitempty"` // horizon: bars

	// TripleBarrier.
	PTMultiplier float64   `json:"pt_multiplier,omitempty"`      // pt_multiplier: distance of the upper barrier, in volatilities
	SLMultiplier float64   `json:"sl_multiplier,omitempty"`      // sl_multiplier: distance of the lower barrier, in volatilities
	MaxHolding   int       `json:"max_holding_period,omitempty"` // max_holding_period: the time limit in bars
	VolSpan      int       `json:"vol_span,omitempty"`           // vol_span: bars of the weighted mean
	VolMethod    VolMethod `json:"vol_method,omitempty"`         // vol_method; "" is atr
}

// Default returns the usual parameters of a source: zigzag_threshold 0.02
// without a lookahead; horizon 20; barriers at 2.0 and 1.5 volatilities over 50
// bars, vol_span 50, vol_method atr. The entry is next_open.
func Default(source Source) Spec {
	s := Spec{Source: source, Entry: NextOpen}
	switch source {
	case ZigZag:
		s.Threshold = 0.02
	case ForwardReturn:
		s.Horizon = 20
	case TripleBarrier:
		s.PTMultiplier, s.SLMultiplier = 2.0, 1.5
		s.MaxHolding, s.VolSpan, s.VolMethod = 50, 50, VolATR
	}
	return s
}

// A FieldError says what is wrong with one field of a Spec, named as in
// strategy files.
type FieldError struct{ Field, Problem string }

func (e *FieldError) Error() string { return e.Field + ": " + e.Problem }

const (
	maxBars       = 100_000 // of any horizon
	maxMultiplier = 100
)

// Validate returns everything that is wrong with the spec as joined
// *FieldErrors, or nil.
func (s Spec) Validate() error {
	if _, err := ParseSource(string(s.Source)); err != nil {
		return &FieldError{Field: "source", Problem: err.Error()}
	}
	var v problems
	if s.Entry != "" && s.Entry != NextOpen && s.Entry != AtClose {
		v.add("entry", "want next_open or close, have %q", string(s.Entry))
	}
	if v.belongs(s.Source, ZigZag, "zigzag_threshold", s.Threshold != 0) && !(s.Threshold > 0 && s.Threshold < 1) {
		v.add("zigzag_threshold", "want a fraction above 0 and below 1, have %v", s.Threshold)
	}
	if v.belongs(s.Source, ZigZag, "label_lookahead", s.Lookahead != 0) && (s.Lookahead < 0 || s.Lookahead > maxBars) {
		v.add("label_lookahead", "want 1 to %d bars, have %d", maxBars, s.Lookahead)
	}
	if v.belongs(s.Source, ForwardReturn, "horizon", s.Horizon != 0) {
		v.bars("horizon", s.Horizon)
	}
	if v.belongs(s.Source, TripleBarrier, "pt_multiplier", s.PTMultiplier != 0) {
		v.multiplier("pt_multiplier", s.PTMultiplier)
	}
	if v.belongs(s.Source, TripleBarrier, "sl_multiplier", s.SLMultiplier != 0) {
		v.multiplier("sl_multiplier", s.SLMultiplier)
	}
	if v.belongs(s.Source, TripleBarrier, "max_holding_period", s.MaxHolding != 0) {
		v.bars("max_holding_period", s.MaxHolding)
	}
	if v.belongs(s.Source, TripleBarrier, "vol_span", s.VolSpan != 0) && (s.VolSpan < 2 || s.VolSpan > maxBars) {
		v.add("vol_span", "want 2 to %d bars, have %d", maxBars, s.VolSpan)
	}
	if v.belongs(s.Source, TripleBarrier, "vol_method", s.VolMethod != "") && s.VolMethod != "" && s.VolMethod != VolATR && s.VolMethod != VolClose {
		v.add("vol_method", "want atr or close, have %q", string(s.VolMethod))
	}
	return errors.Join(v...)
}

type problems []error

func (p *problems) add(field, format string, args ...any) {
	*p = append(*p, &FieldError{Field: field, Problem: fmt.Sprintf(format, args...)})
}

// belongs reports whether the field is one of the chosen source. A field of
// another source that is set is a problem.
func (p *problems) belongs(chosen, owner Source, field string, isSet bool) bool {
	if chosen == owner {
		return true
	}
	if isSet {
		p.add(field, "belongs to %s labels and has no effect with %s: remove it", owner, chosen)
	}
	return false
}

func (p *problems) bars(field string, n int) {
	if n < 1 || n > maxBars {
		p.add(field, "want 1 to %d bars, have %d", maxBars, n)
	}
}

func (p *problems) multiplier(field string, x float64) {
	if math.IsNaN(x) || x <= 0 || x > maxMultiplier {
		p.add(field, "want a number above 0 and up to %d, have %v", maxMultiplier, x)
	}
}
