package grammar

import (
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// decisionsOfRequest are the keys of decisions that a backtest may vary: all but
// what the model was made for.
var decisionsOfRequest = slices.DeleteFunc(slices.Clone(decisionsShape.Names), func(key string) bool { return key == "output_format" })

// Vary returns s with other decisions: as if its file said what the
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
func Vary(s *strategy.Strategy, decisions []byte) (*strategy.Strategy, error) {
	tree, err := vary(kind, s.Source, decisions, document.Keys{Names: decisionsOfRequest,
		Hints: map[string]string{"output_format": "the model was trained for that of the strategy: remove it"}})
	if err != nil {
		return nil, err
	}
	varied := &strategy.Strategy{}
	read, top, ok := document.Of(requested, "", tree)
	if ok {
		(&decoder{base: s.Base}).strategy(varied, top)
	}
	if problems := read.Problems(); problems != nil {
		return nil, problems
	}
	varied.Source, varied.Warnings = s.Source, s.Warnings
	return varied, nil
}

// ReadVaried is document.Read of src, a file of the kind named without problems, as if
// its decisions, those that Trading reads, said what the mapping decisions says: as
// Vary does with a strategy. The error is Problems.
func ReadVaried(name string, src []byte, keys document.Keys, decisions []byte, read func(document.Mapping)) error {
	tree, err := vary(document.Kind{Name: name, Keys: document.Alternatives(keys.Names)}, src, decisions, tradingShape)
	if err != nil {
		return err
	}
	file, top, ok := document.Of(requested, "", tree)
	if ok {
		if m, ok := top.Mapping(keys); ok {
			read(m)
		}
	}
	if problems := file.Problems(); problems != nil {
		return problems
	}
	return nil
}

// requested is what a request says, as the name of a file.
const requested = "decisions of the request"

// vary returns the file src with what the mapping decisions says, whose keys are
// those of allowed.
func vary(kind document.Kind, src, decisions []byte, allowed document.Keys) (*yaml.Node, error) {
	const section = "decisions"
	tree, err := document.Tree(kind.Name, kind, src)
	if err != nil {
		return nil, err
	}
	change, err := document.Tree(requested, kind, decisions)
	if err != nil {
		return nil, err
	}
	document.Unplace(change)
	read, n, ok := document.Of(requested, section, change)
	if ok {
		n.Mapping(allowed)
	}
	if problems := read.Problems(); problems != nil {
		return nil, problems
	}
	document.Set(tree, section, document.Merge(document.Value(tree, section), change))
	return tree, nil
}

// decidesOn returns the timeframe of the decisions of s.
func (d *decoder) decidesOn(s *strategy.Strategy) market.Timeframe {
	if d.base != 0 {
		return d.base
	}
	return s.Base
}
