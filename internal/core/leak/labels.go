package leak

import (
	"context"
	"math"

	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/label"
)

const labelsPlace = "labels"

// labels looks whether each label is what the bars up to its stated end say, and
// stays so.
func (e *examination) labels(ctx context.Context) (err error) {
	if e.marks, err = e.Labels(ctx, e.frame); err != nil {
		return err
	}
	at := positions(e.base.Time)
	for i, time := range e.marks.Time {
		bar, ok := at[time]
		if !ok || i > 0 && e.marks.Time[i-1] >= time {
			e.found(CheckKeys, labelsPlace, time, "a label belongs to no base bar, or stands out of order")
		} else if e.marks.End[i] < e.base.Available(bar) {
			e.found(CheckLabelEnd, labelsPlace, time, "it says that it is known before its own bar closes")
		}
	}
	e.looked(CheckKeys)
	if e.marks.Len() == 0 {
		return nil
	}
	for k := range 2 * e.moments {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		i := e.random.IntN(e.marks.Len())
		if k == 0 {
			i = e.marks.Len() - 1
		}
		end := e.marks.End[i]
		if cut, ok := known(e.frame, end); ok {
			if err := e.compareLabels(ctx, cut, end, "bars after its stated end are taken away"); err != nil {
				return err
			}
		}
		if err := e.compareLabels(ctx, changed(e.frame, end), end, "bars after its stated end change"); err != nil {
			return err
		}
	}
	return nil
}

// compareLabels makes the labels of other, whose bars are those of the whole as
// far as they are available at known, and holds every label that says that it is
// known by then to the whole.
func (e *examination) compareLabels(ctx context.Context, other feature.Frame, known int64, what string) error {
	marks, err := e.Labels(ctx, other)
	if err != nil {
		return err
	}
	e.looked(CheckLabelEnd)
	at := positions(marks.Time)
	for i, time := range e.marks.Time {
		if e.marks.End[i] > known {
			continue
		}
		// One that is not there proves nothing: the last labels of a series may wait
		// for bars that their fellows need.
		if j, ok := at[time]; ok && !sameLabel(e.marks, i, marks, j) {
			e.found(CheckLabelEnd, labelsPlace, time, "it is another one when %s", what)
		}
	}
	whole := positions(e.marks.Time)
	for j, time := range marks.Time {
		if marks.End[j] > known {
			continue
		}
		if _, ok := whole[time]; !ok {
			e.found(CheckLabelEnd, labelsPlace, time, "it is there only when %s", what)
		}
	}
	return nil
}

// sameLabel compares what is learned, and how much it counts.
func sameLabel(a label.Labels, i int, b label.Labels, j int) bool {
	if a.End[i] != b.End[j] {
		return false
	}
	if a.Classes != nil && a.Class[i] != b.Class[j] {
		return false
	}
	if a.Classes == nil && math.Float64bits(a.Target[i]) != math.Float64bits(b.Target[j]) {
		return false
	}
	if (a.Event == nil) != (b.Event == nil) || a.Event != nil && a.Event[i] != b.Event[j] {
		return false
	}
	return math.Float64bits(a.Weight[i]) == math.Float64bits(b.Weight[j])
}

// positions returns where each time stands.
func positions(times []int64) map[int64]int {
	at := make(map[int64]int, len(times))
	for i, t := range times {
		at[t] = i
	}
	return at
}
