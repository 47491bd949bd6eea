package train

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ktrdr/ktrdr/internal/core/label"
)

// checkTargets returns an error where the rows, of which found are of each class,
// leave a network nothing to learn: where all are of one class, or have one target, or
// where none is of a class that the model is to tell.
func (t *table) checkTargets(found []int, targets []float32, labels label.Spec) error {
	rows := len(targets)
	for _, n := range found {
		rows += n
	}
	if rows == 0 {
		return nil // without a row there is nothing to say of targets
	}
	mend := fmt.Sprintf("Choose a longer date range or other bars, or change what %s labels go by under training.labels: %s",
		labels.Source, strings.Join(labels.Source.Parameters(), ", "))
	if t.classes == nil {
		if slices.Min(targets) == slices.Max(targets) {
			return fmt.Errorf("the target of all %d training rows is %v, so there is nothing to learn. %s", rows, targets[0], mend)
		}
		return nil
	}
	if c := slices.Index(found, rows); c >= 0 {
		return fmt.Errorf("all %d training rows are of the one class %s %s, so there is nothing to learn. %s", rows, t.classes[c], describe(t.classes, found), mend)
	}
	for c, class := range t.classes {
		if found[c] == 0 && class != labels.Spare() {
			return fmt.Errorf("none of the %d training rows is of class %s %s, so the model could never tell it. %s", rows, class, describe(t.classes, found), mend)
		}
	}
	return nil
}

// warnings tells what is allowed but weakens the model.
func warnings(t *table, training part) []string {
	list := []string{}
	for c, rows := range t.rowsPerClass(training) {
		if rows == 0 {
			list = append(list, fmt.Sprintf("class %s does not occur in the training rows, so the model cannot learn it", t.classes[c]))
		}
	}
	return list
}

// targets returns what a regression learns of the rows of p; nil of classes.
func (t *table) targets(p part) []float32 {
	if t.classes != nil {
		return nil
	}
	return t.target[p.from:p.to]
}

// rowsPerClass counts the rows of p of each class; nothing for a regression.
func (t *table) rowsPerClass(p part) []int {
	if t.classes == nil {
		return nil
	}
	found := make([]int, len(t.classes))
	for _, c := range t.class[p.from:p.to] {
		found[c]++
	}
	return found
}

func describe(classes []string, found []int) string {
	text := "("
	for c, rows := range found {
		if c > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%s %d", classes[c], rows)
	}
	return text + ")"
}
