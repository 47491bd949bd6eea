package decision

import (
	"github.com/ktrdr/ktrdr/internal/core/label"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// Calls returns the decisions that a model of s with these classes makes for
// somebody who holds nothing and has never entered, at the bars of held from first
// on: those that labels on decisions are about.
//
// Shape: outputs has a row, and known an element, for each of those bars.
// Error: that of HeadOf and of Head.DecodeKnown.
func Calls(s *strategy.Strategy, classes []string, held market.Series, first int, outputs []float32, known []bool) ([]label.Call, error) {
	head, err := HeadOf(s, classes)
	if err != nil {
		return nil, err
	}
	times := held.Time[first : first+len(known)]
	raws, err := head.DecodeKnown(nil, outputs, times, known)
	if err != nil || len(times) == 0 {
		return nil, err
	}
	raws = AtEvents(raws, EventsOf(s, held, first, len(times)))
	rules := RulesOf(s)
	rules.AllowShort, rules.MinSignalSeparation = true, 0
	var calls []label.Call
	for i, raw := range raws {
		if signal, _ := rules.Decide(raw, Flat, NeverEntered); signal != Hold {
			calls = append(calls, label.Call{Time: times[i], Sell: signal == Sell})
		}
	}
	return calls, nil
}
