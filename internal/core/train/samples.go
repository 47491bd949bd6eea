package train

import (
	"context"

	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// A Sample is one row to learn from, before scaling: the features of a decision
// bar and its label.
type Sample struct {
	Begin  int64     // when the first bar that a network reads opens
	Time   int64     // when the decision bar opens
	End    int64     // when the label is known
	X      []float32 // of the decision bar
	Class  int32
	Target float32
	Weight float32 // of the row, before that of its class
}

// Samples returns the rows that Run learns from and judges by, before it divides
// and scales them, for programs that examine how they were made.
func Samples(ctx context.Context, in Input) ([]Sample, error) {
	t, err := collect(ctx, in, func(Progress) {})
	if err != nil {
		return nil, err
	}
	samples := make([]Sample, t.len())
	for i := range samples {
		row := i
		if t.at != nil {
			row = int(t.at[i])
		}
		samples[i] = Sample{Begin: t.begin[i], Time: t.time[i], End: t.end[i], X: t.x[row*t.width : (row+1)*t.width], Weight: t.weight[i]}
		if t.classes != nil {
			samples[i].Class = t.class[i]
		} else {
			samples[i].Target = t.target[i]
		}
	}
	return samples, nil
}

// Scaling returns the constants that Run fits to the training rows, for programs
// that show them.
func Scaling(ctx context.Context, in Input) (feature.Scaling, error) {
	t, err := collect(ctx, in, func(Progress) {})
	if err != nil {
		return nil, err
	}
	parts := divide(t, in.Strategy.Training.Split, in.Strategy.Training.EmbargoBars)
	err = t.scale(in.Strategy, parts.train)
	return t.scaling, err
}

// Parts returns which of the samples Run trains on, validates with and tests with,
// as their numbers in order. The samples are in the order of time.
func Parts(s *strategy.Strategy, samples []Sample) (training, validation, test []int) {
	t := &table{classes: []string{}, begin: make([]int64, len(samples)), time: make([]int64, len(samples)), end: make([]int64, len(samples)),
		class: make([]int32, len(samples)), weight: make([]float32, len(samples))}
	for i, x := range samples {
		t.begin[i], t.time[i], t.end[i], t.class[i] = x.Begin, x.Time, x.End, int32(i)
	}
	d := divide(t, s.Training.Split, s.Training.EmbargoBars)
	numbers := func(p part) []int {
		list := make([]int, 0, p.len())
		for _, i := range t.class[p.from:p.to] {
			list = append(list, int(i))
		}
		return list
	}
	return numbers(d.train), numbers(d.validation), numbers(d.test)
}
