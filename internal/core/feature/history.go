package feature

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// A Shortage is bars that indicators need and that are not there, because the bars
// of a series begin too late.
type Shortage struct {
	strategy.Bars
	Missing int   // bars
	First   int64 // when the first bar that is there opens; 0 where there is none
}

// Shortages returns how many bars are missing for the first decision bar of f in
// span to have all its features: for each series that is too short,
//
//	lookback + 1 − the bars of it that are available at the close of that bar
//
// of the indicator that looks back furthest. Lags and the window of a recurrent
// network count from an earlier bar. A span without a bar misses nothing.
func Shortages(s *strategy.Strategy, f Frame, span market.Span) []Shortage {
	base := f.Series[s.Base]
	row := base.Search(span.From)
	if row == base.Len() {
		return nil
	}
	var all []Shortage
	for _, x := range s.Features() {
		held, back := f.Of(x), x.Lag+max(1, s.Model.Sequence)-1
		need := s.Indicators[x.Indicator].Indicator.Lookback() + 1
		if bars := (strategy.Bars{Symbol: held.Symbol, Timeframe: held.Timeframe}); bars == (strategy.Bars{Symbol: base.Symbol, Timeframe: base.Timeframe}) {
			need += back - (row + 1)
		} else if from := row - back; from >= 0 {
			closed := base.Available(from)
			for i := 0; i < held.Len() && need > 0 && held.Available(i) <= closed; i++ {
				need--
			}
		}
		if need <= 0 {
			continue
		}
		one := Shortage{Bars: strategy.Bars{Symbol: held.Symbol, Timeframe: held.Timeframe}, Missing: need}
		if held.Len() > 0 {
			one.First = held.Time[0]
		}
		i := slices.IndexFunc(all, func(other Shortage) bool { return other.Bars == one.Bars })
		if i < 0 {
			all = append(all, one)
		} else {
			all[i].Missing = max(all[i].Missing, need)
		}
	}
	return all
}

// Describe says what is missing and where it could come from; "" where nothing is.
func Describe(list []Shortage) string {
	if len(list) == 0 {
		return ""
	}
	var parts []string
	for _, x := range list {
		part := fmt.Sprintf("%d of %s %s", x.Missing, x.Symbol, x.Timeframe)
		if x.First != 0 {
			part += " before " + market.Stamp(x.First)
		}
		parts = append(parts, part)
	}
	return fmt.Sprintf("the indicators lack bars to warm up on: %s. Import older ones (ktrdr data import FILE --symbol %s --timeframe %s), or begin later",
		strings.Join(parts, ", "), list[0].Symbol, list[0].Timeframe)
}
