package strategy

import (
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// decisionsOfRequest are the keys of decisions that a backtest may vary: all but
// what the model was made for.
var decisionsOfRequest = slices.DeleteFunc(slices.Clone(decisionsShape.Names), func(key string) bool { return key == "output_format" })

// Vary returns the strategy with other decisions: as if its file said what the
// mapping decisions says, in YAML or JSON, in the words of the file. What the
// mapping does not name stays as it is, and null stands for nothing said. The
// error is Problems, with paths and without lines.
//
//	{costs: {spread: 0.8 pips}, exits: null, sizing: {method: units, units: 1000}}
//
// A mapping goes into the one that is there key by key, except that a sizing of
// another method has nothing of the old one. The decisions have to fit the base
// timeframe of s; the symbols and timeframes of what is returned are those of the
// file again, so With comes after Vary.
func (s *Strategy) Vary(decisions []byte) (*Strategy, error) {
	tree, err := Tree(s.Name, s.Source)
	if err != nil {
		return nil, err
	}
	const name, section = "decisions of the request", "decisions"
	change, err := document.Tree(name, kind, decisions)
	if err != nil {
		return nil, err
	}
	document.Unplace(change)
	read, n, ok := document.Of(name, section, change)
	if ok {
		n.Mapping(document.Keys{Names: decisionsOfRequest, Hints: map[string]string{"output_format": "the model was trained for that of the strategy: remove it"}})
	}
	if problems := read.Problems(); problems != nil {
		return nil, problems
	}
	document.Set(tree, section, document.Merge(document.Value(tree, section), change))
	varied := &Strategy{}
	read, top, ok := document.Of(name, "", tree)
	if ok {
		(&decoder{base: s.Base}).strategy(varied, top)
	}
	if problems := read.Problems(); problems != nil {
		return nil, problems
	}
	varied.Source, varied.Warnings = s.Source, s.Warnings
	return varied, nil
}

// decidesOn returns the timeframe of the decisions of s.
func (d *decoder) decidesOn(s *Strategy) market.Timeframe {
	if d.base != 0 {
		return d.base
	}
	return s.Base
}
