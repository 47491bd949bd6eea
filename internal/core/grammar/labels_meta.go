package grammar

import (
	"slices"
	"strings"

	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/label"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// metaParameters are the keys of meta labels: those of triple_barrier that mean
// something where the classes are to take a decision or to skip it.
var metaParameters = slices.DeleteFunc(label.TripleBarrier.Parameters(), func(key string) bool { return key == "classes" || key == "hold_threshold" })

var metaShape = document.Keys{
	Names: slices.Concat([]string{"source", "primary", "compute_weights"}, metaParameters),
	Hints: map[string]string{
		"classes": "there are two, to take a decision or to skip it: remove it", "hold_threshold": "a decision is taken or skipped: remove it",
		"cusum_threshold": "the decisions of the primary model are the events: remove it", "primary_model": "the key is called primary", "model": "the key is called primary",
	},
}

// metaLabels reads labels on the decisions of another model.
func (d *decoder) metaLabels(s *strategy.Strategy, n document.Node) {
	f, ok := n.Mapping(metaShape)
	if !ok {
		return
	}
	if n, ok := f.Need("primary", "the name or id of the model whose decisions are labelled"); ok {
		if name, ok := n.Text(); ok {
			s.Training.Primary = name
			if name == "" || strings.ContainsAny(name, "/\\ ") {
				n.Problem("%q is not the name of a model: models are named and not found by their paths", document.Clip(name))
			}
		}
	}
	spec := label.Default(label.TripleBarrier)
	spec.Classes, spec.HoldThreshold = 2, 0
	trade(f, &spec)
	spec.ComputeWeights = f.Flag("compute_weights", false)
	f.Reject(spec.Validate(), labelProblem)
	s.Training.Labels = spec
}
