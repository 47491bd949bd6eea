package train

import (
	"fmt"

	"github.com/ktrdr/ktrdr/internal/core/label"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// labels returns the labels of the bars of one symbol: of the bars themselves, or
// of the decisions of the primary model.
func (in Input) labels(bars market.Series) (label.Labels, error) {
	t := in.Strategy.Training
	if t.Primary == "" {
		return label.Make(t.Labels, bars)
	}
	if in.Primary == "" {
		return label.Labels{}, fmt.Errorf("strategy %s learns from the decisions of model %s, which are not here: only a training of the backend has them", in.Strategy.Name, t.Primary)
	}
	return label.Meta(t.Labels, bars, in.Calls[bars.Symbol])
}
