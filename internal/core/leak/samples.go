package leak

import (
	"context"
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/train"
)

// samples looks at what is learned from: whether features and label belong
// together, what each part knows of the next, and where constants come from.
func (e *examination) samples(ctx context.Context) error {
	all, err := e.Samples(ctx, e.frame)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return nil
	}
	e.join(all)
	training, validation, test := e.Parts(all)
	e.overlap(training, validation, test, all)
	e.border("the training part", all, training, append(slices.Clone(validation), test...))
	e.border("the validation part", all, validation, test)
	return e.fitted(all, training)
}

// join holds samples to the rows and labels of their time.
func (e *examination) join(all []train.Sample) {
	row, mark := positions(e.matrix.Time), positions(e.marks.Time)
	for _, s := range all {
		e.looked(CheckJoin)
		i, isRow := row[s.Time]
		j, isMark := mark[s.Time]
		if !isRow || !isMark {
			e.found(CheckJoin, "samples", s.Time, "it belongs to no bar that has both features and a label")
			continue
		}
		for c, v := range e.matrix.Row(i) {
			if v != v || v != s.X[c] {
				e.found(CheckJoin, e.matrix.Names[c], s.Time, "the sample has %v, the row of its bar %v", s.X[c], v)
			}
		}
		isOther := e.marks.End[j] != s.End || float32(e.marks.Weight[j]) != s.Weight
		if e.marks.Classes != nil {
			isOther = isOther || e.marks.Class[j] != s.Class
		} else {
			isOther = isOther || float32(e.marks.Target[j]) != s.Target
		}
		if isOther {
			e.found(CheckJoin, labelsPlace, s.Time, "the sample has the label of another bar")
		}
	}
}

// overlap looks for samples in more than one part.
func (e *examination) overlap(training, validation, test []int, all []train.Sample) {
	seen := make(map[int]bool, len(all))
	for _, i := range slices.Concat(training, validation, test) {
		if seen[i] {
			e.found(CheckPurge, "the parts", all[i].Time, "a sample is in two of them")
		}
		seen[i] = true
	}
	e.looked(CheckPurge)
}

// border looks whether part knows something of the later samples.
func (e *examination) border(name string, all []train.Sample, part, later []int) {
	if len(part) == 0 || len(later) == 0 {
		return
	}
	begin, known := all[later[0]].Time, all[part[0]].End
	for _, i := range later {
		begin = min(begin, all[i].Time)
	}
	for _, i := range part {
		e.looked(CheckPurge)
		known = max(known, all[i].End)
		if all[i].Time >= begin {
			e.found(CheckPurge, name, all[i].Time, "a sample of it is not before the next part begins")
		} else if all[i].End > begin {
			e.found(CheckPurge, name, all[i].Time, "a label of it is known only after the next part begins: it was not purged")
		}
	}
	between := 0
	for _, s := range all {
		if s.Time >= known && s.Time < begin {
			between++
		}
	}
	if want := e.Strategy.Training.EmbargoBars; between < want {
		e.found(CheckPurge, name, begin, "%d samples lie between the last label of it and the next part: embargo_bars is %d", between, want)
	}
}

// fitted changes all samples that are not trained on and looks at the constants.
func (e *examination) fitted(all []train.Sample, training []int) error {
	before, err := e.Fit(all, training)
	if err != nil {
		return err
	}
	isTrained := make([]bool, len(all))
	for _, i := range training {
		isTrained[i] = true
	}
	other := slices.Clone(all)
	for i := range other {
		if isTrained[i] {
			continue
		}
		other[i].X = slices.Clone(other[i].X)
		for c := range other[i].X {
			other[i].X[c] = 3*other[i].X[c] + 1
		}
	}
	after, err := e.Fit(other, training)
	if err != nil {
		return err
	}
	e.looked(CheckFit)
	for i := range before {
		if i >= len(after) || !before[i].Equal(after[i]) {
			e.found(CheckFit, before[i].Feature, all[0].Time, "its scale or place changes with samples that are not trained on")
		}
	}
	return nil
}
