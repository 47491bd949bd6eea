package train

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/nn"
)

// describedFeatures is how many features explain names.
const describedFeatures = 3

// explain adds to an error of a diverged training the features with the largest
// values in the rows that it diverged on, which are the usual cause.
func explain(err error, names []string, t *table, parts division) error {
	var diverged *nn.DivergedError
	if !errors.As(err, &diverged) {
		return err
	}
	rows, name := parts.train, "training"
	if diverged.Batch == 0 {
		rows, name = parts.validation, "validation"
	}
	return fmt.Errorf("%w; the features with the largest values in the %d %s rows: %s", err, rows.len(), name, largest(names, t, rows))
}

// bounded fails when the loss of the rows of a part is no finite number.
func bounded(loss float64, name string, names []string, t *table, rows part) error {
	if !math.IsInf(loss, 0) && !math.IsNaN(loss) {
		return nil
	}
	return fmt.Errorf("the loss of the %d %s rows, %s to %s, is %v, although no loss of the training was: inputs there lie far outside of those trained on. Look at the bars there, or choose other dates; the features with the largest values in these rows: %s",
		rows.len(), name, market.Stamp(t.time[rows.from]), market.Stamp(t.time[rows.to-1]), loss, largest(names, t, rows))
}

// largest describes the features with the largest values in the rows of a part.
func largest(names []string, t *table, rows part) string {
	type statistics struct {
		name                 string
		low, high, mean, top float64
	}
	all := make([]statistics, len(names))
	for column, name := range names {
		s := statistics{name: name, low: math.Inf(1), high: math.Inf(-1)}
		for i := rows.from; i < rows.to; i++ {
			row := i
			if t.at != nil {
				row = int(t.at[i])
			}
			v := float64(t.x[row*t.width+column])
			s.low, s.high, s.mean = min(s.low, v), max(s.high, v), s.mean+v/float64(rows.len())
		}
		s.top = max(-s.low, s.high)
		all[column] = s
	}
	slices.SortStableFunc(all, func(a, b statistics) int { return cmp.Compare(b.top, a.top) })
	var list []string
	for _, s := range all[:min(describedFeatures, len(all))] {
		list = append(list, fmt.Sprintf("%s from %.6g to %.6g, mean %.6g", s.name, s.low, s.high, s.mean))
	}
	return strings.Join(list, "; ")
}
