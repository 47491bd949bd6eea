package nn

import (
	"context"
	"math"

	"github.com/ktrdr/ktrdr/internal/core/kernel"
	"github.com/ktrdr/ktrdr/internal/core/rate"
)

// What the tests see of the inside: parameters in the
// order of the state dictionary, one gradient, and one step of the optimizer.

// Get returns all parameters in the order of the state dictionary.
func Get(n *Network) []float32 { return n.flatten(n.weight) }

// Set replaces all parameters, given in the order of the state dictionary.
func Set(n *Network, parameters []float32) {
	for _, t := range n.tensors() {
		for k := range t.len() {
			*t.at(n, k), parameters = parameters[0], parameters[1:]
		}
	}
}

// Use makes the network compute with a set of kernels.
func Use(n *Network, s *kernel.Set) { n.kernels = s }

// Gradient returns the mean loss and its gradient over all rows as one batch.
func Gradient(n *Network, d Data, o Options) (float64, []float32) {
	var loss float64
	var grad []float32
	o.BatchSize = d.Len()
	_ = withTeam(o.Threads, func(t *team) error {
		r := newTrainer(n, &d, &d, o, t)
		for i := range r.order {
			r.order[i] = int32(i)
		}
		r.to = len(r.order)
		s, g, err := r.gradient(context.Background())
		loss, grad = s.loss/r.divisor, n.flatten(g)
		return err
	})
	return loss, grad
}

// Stepper calls run with a function that does one training step on all rows.
func Stepper(n *Network, d Data, o Options, run func(step func())) {
	o.BatchSize = d.Len()
	_ = withTeam(o.Threads, func(t *team) error {
		r := newTrainer(n, &d, &d, o, t)
		shuffle(r.order, o.Seed, 1)
		r.to = len(r.order)
		run(func() {
			if _, err := r.step(context.Background()); err != nil {
				panic(err)
			}
		})
		return nil
	})
}

// DropoutFactors returns what dropout multiplies the units of one row by.
func DropoutFactors(p float64, seed, place uint64, layer, width int) []float32 {
	value := make([]float32, kernel.Width(width))
	for i := range value {
		value[i] = 1
	}
	drop := newDropout(p, seed)
	kernel.Best().Drop(value, nil, 1, len(value), drop.draw(place, 1, layer))
	return value[:width]
}

// OptimizerSteps applies the optimizer to one weight for a sequence of gradients.
func OptimizerSteps(o Options, weight float32, gradients ...float32) []float32 {
	a := newOptimizer(32, o)
	w := make([]float32, 32)
	w[0] = weight
	var path []float32
	for _, g := range gradients {
		grad := make([]float32, 32)
		grad[0] = g
		a.step(kernel.Best(), w, grad, math.Sqrt(kernel.Best().Squares(grad)), o.LearningRate)
		path = append(path, w[0])
	}
	return path
}

// PlateauFactors returns what Plateau multiplies the rate by after each loss.
func PlateauFactors(s rate.Schedule, losses ...float64) []float64 {
	c := newCourse()
	var list []float64
	for i, loss := range losses {
		c.add(Epoch{Number: i + 1, Validation: Score{Loss: loss}}, Options{Schedule: s})
		list = append(list, s.At(0, 1, 0, 1, c.plateaus))
	}
	return list
}

// Shuffled returns the order of n rows in an epoch.
func Shuffled(n int, seed uint64, epoch int) []int32 {
	order := make([]int32, n)
	shuffle(order, seed, epoch)
	return order
}

// GroupRows returns how many rows make a group.
func GroupRows(c Config) int { return c.groupRows() }
