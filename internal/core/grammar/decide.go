package grammar

import (
	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"go.yaml.in/yaml/v4"
)

// Decide returns s with the decisions that the mapping decisions holds: those that
// Parse gives the file of s with that mapping in the place of its own. It reads
// nothing else again, for programs that try thousands of decisions. file is a name
// for messages; the error is Problems.
func Decide(s *strategy.Strategy, file string, decisions *yaml.Node) (*strategy.Strategy, error) {
	d, changed := &decoder{}, *s
	changed.Decisions = strategy.Decisions{}
	read, n, ok := document.Of(file, "decisions", decisions)
	if ok {
		d.decisions(&changed, n)
		if changed.Decisions.OutputFormat != s.Decisions.OutputFormat {
			n.Problem("output_format %q: the model was trained for %s", document.Clip(changed.Decisions.OutputFormat), s.Decisions.OutputFormat)
		}
		d.exitsFit(&changed, n)
		d.sizingFits(&changed, n)
	}
	if problems := read.Problems(); problems != nil {
		return nil, problems
	}
	return &changed, nil
}
