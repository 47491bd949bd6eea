package grammar

import (
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/core/trading"
)

// Vary returns s with other decisions, as trading.Vary has its file say them. The
// decisions have to fit the base timeframe of s; the symbols and timeframes of what
// is returned are those of the file again, so With comes after Vary. The error is
// document.Problems.
func Vary(s *strategy.Strategy, decisions []byte) (*strategy.Strategy, error) {
	read, top, err := trading.Vary(kind, s.Source, decisions)
	if err != nil {
		return nil, err
	}
	varied := &strategy.Strategy{}
	(&decoder{base: s.Base}).strategy(varied, top)
	if problems := read.Problems(); problems != nil {
		return nil, problems
	}
	varied.Source, varied.Warnings = s.Source, s.Warnings
	return varied, nil
}

// decidesOn returns the timeframe of the decisions of s.
func (d *decoder) decidesOn(s *strategy.Strategy) market.Timeframe {
	if d.base != 0 {
		return d.base
	}
	return s.Base
}
