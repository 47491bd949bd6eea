package strategy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

// With returns the strategy for the symbols and timeframes of a request; an empty
// list means as written. Any symbols can be asked for. A strategy of one
// timeframe can be moved to another one. A strategy of several is bound to them:
// it accepts their whole set, in any order, or its base alone, which names the
// timeframe of its decisions, and stays as it is.
func (s *Strategy) With(symbols []market.Symbol, timeframes []market.Timeframe) (*Strategy, error) {
	changed := *s
	if len(symbols) > 0 {
		for i, symbol := range symbols {
			if slices.Contains(symbols[:i], symbol) {
				return nil, fmt.Errorf("symbol %s is asked for twice", symbol)
			}
		}
		changed.Symbols = slices.Clone(symbols)
	}
	switch {
	case len(timeframes) == 0 || s.sameTimeframes(timeframes):
		return &changed, nil
	case len(s.Timeframes) > 1:
		if len(timeframes) == 1 && timeframes[0] == s.Base {
			return &changed, nil
		}
		return nil, fmt.Errorf("strategy %s is written for the timeframes %s together and decides on %s: ask for %s, or leave the timeframe out",
			s.Name, strings.Join(market.TimeframeNames(s.Timeframes), " "), s.Base, s.Base)
	case len(timeframes) > 1:
		return nil, fmt.Errorf("strategy %s is written for one timeframe: ask for one, have %s", s.Name, strings.Join(market.TimeframeNames(timeframes), " "))
	}
	if err := s.Deployment.fitTimeframe(timeframes[0]); err != nil {
		return nil, fmt.Errorf("strategy %s on %s: %w", s.Name, timeframes[0], err)
	}
	if err := cmp.Or(s.Decisions.Exits.Fit(timeframes[0]), s.Decisions.Fills.Fit(timeframes[0])); err != nil {
		return nil, fmt.Errorf("strategy %s on %s: %w", s.Name, timeframes[0], err)
	}
	changed.move(timeframes[0])
	return &changed, nil
}

// sameTimeframes tells that list holds the timeframes of s, in any order.
func (s *Strategy) sameTimeframes(list []market.Timeframe) bool {
	a, b := slices.Clone(list), slices.Clone(s.Timeframes)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

// move puts a strategy of one timeframe on tf.
func (s *Strategy) move(tf market.Timeframe) {
	s.Base, s.Timeframes = tf, []market.Timeframe{tf}
	s.Inputs = slices.Clone(s.Inputs)
	for i := range s.Inputs {
		if _, isContext := s.SourceOf(s.Inputs[i]); !isContext {
			s.Inputs[i].Timeframes = s.Timeframes
		}
	}
}
