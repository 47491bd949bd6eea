package backtest

import (
	"fmt"
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/decision"
)

// Routed are the exits of entries that several models decide. A position keeps those
// that it was entered with, whichever model is asked while it is held.
type Routed struct {
	Names []string // whose, for people; none are needed
	Exits []decision.Exits
	At    []uint8 // per bar: which of Exits an entry decided there has
}

// exitsOf returns all exits that entries of in may have.
func (o Options) exitsOf(in Input) []decision.Exits {
	if in.Routed == nil {
		return []decision.Exits{o.Exits}
	}
	return in.Routed.Exits
}

// exits returns those of an entry that was decided on bar.
func (s *Simulation) exits(bar int) *decision.Exits {
	if s.in.Routed == nil {
		return &s.o.Exits
	}
	return &s.in.Routed.Exits[s.in.Routed.At[bar]]
}

// exitsFit returns why the exits of in or o cannot be, or nil.
func (o Options) exitsFit(in Input) error {
	if r := in.Routed; r != nil {
		if len(r.At) != in.Series.Len() || o.Exits != (decision.Exits{}) {
			return fmt.Errorf("exits of several models for %d bars of %d, beside others %+v: want one per bar and none beside them", in.Series.Len(), len(r.At), o.Exits)
		}
		if len(r.Exits) == 0 || int(slices.Max(r.At)) >= len(r.Exits) {
			return fmt.Errorf("exits number %d of %d", slices.Max(r.At), len(r.Exits))
		}
	}
	for _, x := range o.exitsOf(in) {
		if err := x.Validate(in.Series.Timeframe); err != nil {
			return fmt.Errorf("exits: %w", err)
		}
		if err := o.Sizing.Validate(x); err != nil {
			return fmt.Errorf("sizing: %w", err)
		}
	}
	return nil
}
