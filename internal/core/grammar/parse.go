package grammar

import (
	"bytes"

	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/core/trading"
	"go.yaml.in/yaml/v4"
)

// kind is what a strategy file is, for messages.
var kind = document.Kind{Name: "strategy", Keys: "name, indicators and nn_inputs"}

// A decoder reads the sections of a file into a Strategy.
type decoder struct {
	base market.Timeframe // of the decisions where it is not that of the file; else zero
}

// Parse reads a strategy file; file is its name for messages. The error is
// document.Problems: everything that is wrong, at once. What is allowed but doubtful
// is in Strategy.Warnings. Parse keeps a copy of src.
func Parse(file string, src []byte) (*strategy.Strategy, error) {
	d, s := &decoder{}, &strategy.Strategy{}
	read, top, ok := document.Open(file, kind, src)
	if ok && d.isVersion3(top) {
		d.strategy(s, top)
	}
	if problems := read.Problems(); problems != nil {
		return nil, problems
	}
	s.Source = bytes.Clone(src)
	s.Warnings = read.Warnings()
	return s, nil
}

// Tree returns the one YAML mapping that src holds, within the limits of Parse but
// before its grammar, for programs that rewrite strategy files. The error is
// document.Problems.
func Tree(file string, src []byte) (*yaml.Node, error) { return document.Tree(file, kind, src) }

var topShape = document.Keys{
	Names: []string{"name", "description", "version", "hypothesis", "training_data", "backtest", "context_data", "indicators", "fuzzy_sets", "nn_inputs",
		"model", "training", "decisions", "deployment"},
	Hints: map[string]string{
		"scope":           "it belongs to version 2: what a strategy is meant for stands under deployment",
		"orchestrator":    "remove it: nothing here trades without being asked; position rules stand under decisions",
		"risk_management": "remove it: sizes stand under decisions.sizing, stops under decisions.exits",
		"backtesting":     "remove it: capital is given with each backtest, dates too or under backtest.date_range, costs stand under decisions.costs",
		"data":            "symbols and timeframes stand under training_data",
		"features":        "the network's inputs are listed under nn_inputs",
		"labels":          "labels stand under training",
	},
}

func (d *decoder) strategy(s *strategy.Strategy, top document.Node) {
	f, ok := top.Mapping(topShape)
	if !ok {
		return
	}
	d.about(s, f)
	if n, ok := f.Need("training_data", "the symbols and timeframes to train on"); ok {
		d.trainingData(s, n)
	}
	d.backtest(s, f)
	d.deployment(s, f)
	defined := d.indicators(s, f, d.context(s, f))
	sets := d.fuzzySets(s, f, defined)
	d.inputs(s, f, defined, sets)
	if n, ok := f.Need("decisions", "a mapping with output_format"); ok {
		s.Decisions = trading.Read(n, d.decidesOn(s))
	}
	if n, ok := f.Need("model", "a mapping with type and architecture"); ok {
		d.model(s, n)
	}
	if n, ok := f.Need("training", "a mapping with labels"); ok {
		d.training(s, n)
	}
	if n, ok := f.Get("decisions"); ok {
		trading.Fit(s.Decisions, n, s.Training.Labels.Source, d.decidesOn(s))
	}
}

// isVersion3 reports a file of an older format by its name: its shape differs so
// much that reading on would report every line.
func (d *decoder) isVersion3(top document.Node) bool {
	f, ok := top.Entries()
	if !ok {
		return false
	}
	indicators, ok := f.Get("indicators")
	if !ok || !indicators.IsList() {
		return true
	}
	version := "1"
	for _, key := range []string{"scope", "training_data", "deployment"} {
		if _, ok := f.Get(key); ok {
			version = "2"
		}
	}
	indicators.Problem("this is a strategy of format version %s (indicators is a list); only version 3 is read: "+
		"rewrite it as one, and read what that changes, with: ktrdr strategies migrate FILE -o OUT", version)
	return false
}

const version3 = "3.0"

// about reads what describes the strategy.
func (d *decoder) about(s *strategy.Strategy, f document.Mapping) {
	s.Name = f.Name("name", "the name of the strategy")
	s.Version = f.Choice("version", version3, []string{version3})
	s.Description = f.Text("description", "")
	s.Hypothesis = f.Text("hypothesis", "")
}
