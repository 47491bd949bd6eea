package strategy

import "go.yaml.in/yaml/v4"

// Decide returns s with the decisions that the mapping decisions holds: those that
// Parse gives the file of s with that mapping in the place of its own. It reads
// nothing else again, for programs that try thousands of decisions. file is a name
// for messages; the error is Problems.
func (s *Strategy) Decide(file string, decisions *yaml.Node) (*Strategy, error) {
	d := &decoder{file: file}
	changed := *s
	changed.Decisions = Decisions{}
	n := node{d: d, yaml: decisions, path: "decisions"}
	if d.check(decisions, 1) {
		d.decisions(&changed, n)
		if changed.Decisions.OutputFormat != s.Decisions.OutputFormat {
			n.problem("output_format %q: the model was trained for %s", clip(changed.Decisions.OutputFormat), s.Decisions.OutputFormat)
		}
		d.exitsFit(&changed, n)
		d.sizingFits(&changed, n)
	}
	if problems := d.problems.sorted(); problems != nil {
		return nil, problems
	}
	return &changed, nil
}
