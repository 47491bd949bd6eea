package decision

import (
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// EventsOf tells which of the n bars of held from first on are events, where s was
// trained on events only; nil where it was trained on every bar. held begins with
// the first bar held: what an event is depends on the bars since then, and on none
// that comes later.
func EventsOf(s *strategy.Strategy, held market.Series, first, n int) []bool {
	events := s.Training.Labels.Events(held.Slice(0, first+n))
	if events == nil {
		return nil
	}
	return events[first:]
}

// AtEvents returns signals with those of bars that are no events withheld, as a
// copy; signals themselves where events is nil.
func AtEvents(signals []Raw, events []bool) []Raw {
	if events == nil {
		return signals
	}
	signals = slices.Clone(signals)
	for i := range signals {
		if !events[i] && signals[i].Known {
			signals[i].Withheld = NoEvent
		}
	}
	return signals
}
