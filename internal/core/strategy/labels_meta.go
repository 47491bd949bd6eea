package strategy

import (
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/label"
)

// MetaSource is the source of labels on the decisions of another model. The labels
// themselves are those of triple_barrier, seen from the side of each decision.
const MetaSource label.Source = "meta"

// labelObject is the labels of t in the form of the file.
func labelObject(t Training) object {
	o := labelsObject(t.Labels)
	if t.Primary == "" {
		return o
	}
	o[0].value = MetaSource
	return append(slices.DeleteFunc(o, func(m member) bool { return m.key == "classes" }), member{"primary", t.Primary})
}
