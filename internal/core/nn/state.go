package nn

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/kernel"
	"github.com/ktrdr/ktrdr/internal/core/rate"
)

// A State is where a Fit stands between two batches: what Fit needs, beside the
// network's shape, the data and the options, to go on as if it had never
// stopped. It shares no memory with the Fit that gave it. The zero value is not
// a state.
//
// There is nothing random in it, because randomness has no state (see doc.go),
// and nothing that follows from History: the best epoch, the patience left and
// the place in the schedule are worked out anew.
type State struct {
	History []Epoch // the finished epochs; the one under way is the next
	Partial Partial // what is done of the epoch under way
	Weights []float32
	Best    []float32   // the weights of the best epoch so far, or those that Fit began with
	Moments [][]float32 // what the optimizer remembers of the gradients; like Weights in the order of the state dictionary
}

// A Partial is what the finished batches of an epoch under way add up to.
type Partial struct {
	Batches int
	Loss    float64 // weighted sum over the rows
	Weight  float64 // sum of the rows' weights
	Norms   float64 // sum of the gradient norms
	Right   int     // rows with the right class
}

// validate returns the first thing that keeps s from being the state of a Fit
// of n with options o on so many training rows.
func (s State) validate(n *Network, o Options, rows int) error {
	batches := o.batches(rows)
	switch {
	case len(s.History) > o.Epochs:
		return fmt.Errorf("%d epochs are finished of %d", len(s.History), o.Epochs)
	case s.Partial.Batches < 0 || s.Partial.Batches > batches:
		return fmt.Errorf("%d batches are finished of %d", s.Partial.Batches, batches)
	case s.Partial.Batches > 0 && !(s.Partial.Weight > 0):
		return fmt.Errorf("the rows of %d batches weigh %v", s.Partial.Batches, s.Partial.Weight)
	case s.Partial.Right < 0 || s.Partial.Right > rows:
		return fmt.Errorf("%d of %d rows are right", s.Partial.Right, rows)
	case len(s.Moments) != o.Optimizer.moments():
		return fmt.Errorf("%d moments: want %d", len(s.Moments), o.Optimizer.moments())
	}
	for i, e := range s.History {
		if e.Number != i+1 {
			return fmt.Errorf("epoch %d stands at place %d", e.Number, i+1)
		}
		if !isFinite(e.Validation.Loss) {
			return fmt.Errorf("validation loss of epoch %d is %v", e.Number, e.Validation.Loss)
		}
	}
	for _, v := range [...]float64{s.Partial.Loss, s.Partial.Weight, s.Partial.Norms} {
		if !isFinite(v) {
			return fmt.Errorf("a sum of the epoch under way is %v", v)
		}
	}
	for _, v := range append([][]float32{s.Weights, s.Best}, s.Moments...) {
		if len(v) != n.config.Parameters() {
			return fmt.Errorf("%d numbers for %d parameters", len(v), n.config.Parameters())
		}
	}
	if !allFinite(s.Weights) || !allFinite(s.Best) {
		return errors.New("a weight is not finite")
	}
	for _, m := range s.Moments {
		if slices.ContainsFunc(m, func(v float32) bool { return v != v }) {
			return errors.New("a moment is NaN")
		}
	}
	return nil
}

func isFinite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// allFinite sums up squares, which is quicker than to look at every number, and
// cannot overflow in float64.
func allFinite(v []float32) bool {
	whole := len(v) &^ 31
	return isFinite(kernel.Best().Squares(v[:whole])) && !slices.ContainsFunc(v[whole:], func(x float32) bool { return !finite(x) })
}

// state returns where the trainer stands.
func (r *trainer) state() State {
	s := State{
		History: slices.Clone(r.course.history), Partial: r.partial,
		Weights: r.net.flatten(r.net.weight), Best: r.net.flatten(r.best),
	}
	for _, m := range r.optimizer.moments() {
		s.Moments = append(s.Moments, r.net.flatten(m))
	}
	return s
}

// resume puts the trainer where s stands, which validate has approved.
func (r *trainer) resume(s State) {
	r.net.unflatten(r.net.weight, s.Weights)
	r.net.unflatten(r.best, s.Best)
	for i, m := range r.optimizer.moments() {
		r.net.unflatten(m, s.Moments[i])
	}
	for _, e := range s.History {
		r.course.add(e, r.Options)
	}
	r.partial = s.Partial
	r.optimizer.skip(len(s.History)*r.progress.Batches + s.Partial.Batches)
	if s.Partial.Batches > 0 {
		r.progress.TrainLoss = s.Partial.Loss / s.Partial.Weight
	}
	if len(s.History) > 0 {
		r.progress.ValidationLoss = s.History[len(s.History)-1].Validation.Loss
	}
}

// flatten returns v, which is laid out like the weights, in the order of the
// state dictionary.
func (n *Network) flatten(v []float32) []float32 {
	m := &Network{config: n.config, cells: n.cells, layers: n.layers, weight: v}
	flat := make([]float32, 0, n.config.Parameters())
	for _, t := range n.tensors() {
		for k := range t.len() {
			flat = append(flat, *t.at(m, k))
		}
	}
	return flat
}

// unflatten is the reverse of flatten.
func (n *Network) unflatten(v []float32, flat []float32) {
	m := &Network{config: n.config, cells: n.cells, layers: n.layers, weight: v}
	for _, t := range n.tensors() {
		for k := range t.len() {
			*t.at(m, k), flat = flat[0], flat[1:]
		}
	}
}

// A course is what the finished epochs decide: which was the best, for how long
// there has been no improvement, and how often the learning rate has fallen.
type course struct {
	history   []Epoch
	best      int     // number of the epoch with the lowest validation loss, 0 before the first
	lowest    float64 // its loss
	reference float64 // the loss that an improvement is measured from
	since     int     // epochs since the last improvement
	level     float64 // the loss that a fall is measured from on Plateau
	flat      int     // epochs since the last fall or plateau
	plateaus  int
}

func newCourse() course {
	return course{lowest: math.Inf(1), reference: math.Inf(1), level: math.Inf(1)}
}

// add notes a finished epoch and returns whether it is the best so far.
func (c *course) add(e Epoch, o Options) bool {
	c.history = append(c.history, e)
	loss := e.Validation.Loss
	if c.since++; loss < c.reference-o.MinDelta {
		c.reference, c.since = loss, 0
	}
	if c.flat++; loss < float64(c.level*(1-rate.PlateauThreshold)) {
		c.level, c.flat = loss, 0
	}
	if c.flat > o.Schedule.Every {
		c.flat = 0
		c.plateaus++
	}
	if loss >= c.lowest {
		return false
	}
	c.lowest, c.best = loss, e.Number
	return true
}
