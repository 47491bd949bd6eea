package nn

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/ktrdr/ktrdr/internal/core/rate"
)

// Options say how Fit trains. Epochs, BatchSize, LearningRate and Loss must be
// set; the zero value of the rest is what its comment says.
type Options struct {
	Epochs       int
	BatchSize    int
	LearningRate float64
	Loss         Loss
	Optimizer    Optimizer
	Momentum     float64 // of SGD only, at least 0 and below 1
	Schedule     rate.Schedule
	WeightDecay  float64 // see Optimizer; zero is none
	GradientClip float64 // largest Euclidean norm of the whole gradient; zero is no limit
	Patience     int     // epochs without improvement after which training stops; zero is never
	MinDelta     float64 // what the validation loss must fall by to count as improvement for Patience
	Seed         uint64  // of the order of the rows and of dropout
	Threads      int     // most goroutines at work; zero is 1. It does not change the result
	ReportEvery  int     // batches between two reports within an epoch; zero is none within

	// Resume is where to go on; nil begins with the network's weights. The result
	// is then that of a Fit that never stopped, to the last bit, if the network's
	// shape, the data and the other options (but Threads and ReportEvery) are the
	// same, which is for the caller to see to.
	Resume *State
	// Checkpoint, if not nil, is called after every report and, when ctx ends the
	// training, once more before Fit returns, but not while a weight is no finite
	// number. During the call state returns where the training stands.
	Checkpoint func(p Progress, state func() State)
}

// batches returns how many batches an epoch of rows rows has.
func (o Options) batches(rows int) int { return (rows + o.BatchSize - 1) / o.BatchSize }

func (o Options) validate() error {
	for _, v := range [...]struct {
		name      string
		value     float64
		low, high float64
	}{
		{"epochs", float64(o.Epochs), 1, 1e6}, {"batch size", float64(o.BatchSize), 1, 1 << 24},
		{"learning rate", o.LearningRate, math.SmallestNonzeroFloat32, 1e3}, {"weight decay", o.WeightDecay, 0, 1e3},
		{"gradient clip", o.GradientClip, 0, math.MaxFloat32}, {"patience", float64(o.Patience), 0, 1e6},
		{"minimum delta", o.MinDelta, 0, math.MaxFloat32}, {"threads", float64(o.Threads), 0, 4096},
		{"batches between reports", float64(o.ReportEvery), 0, math.MaxInt32},
	} {
		if !(v.value >= v.low && v.value <= v.high) {
			return fmt.Errorf("%s is %v: want %v to %v", v.name, v.value, v.low, v.high)
		}
	}
	switch {
	case int(o.Optimizer) >= len(optimizerNames):
		return fmt.Errorf("optimizer %d is not one", o.Optimizer)
	case o.Optimizer == SGD && !(o.Momentum >= 0 && o.Momentum < 1):
		return fmt.Errorf("momentum is %v: want at least 0 and below 1", o.Momentum)
	case o.Optimizer != SGD && o.Momentum != 0:
		return fmt.Errorf("momentum belongs to sgd, not to %s", optimizerNames[o.Optimizer])
	}
	return o.Schedule.Validate()
}

// An Epoch is what one pass over the training rows gave. Train is measured
// while the weights change and with dropout, so it describes no single set of
// weights; Validation is measured on the weights after the epoch.
type Epoch struct {
	Number       int // from 1
	Train        Score
	Validation   Score
	GradientNorm float64 // mean over the steps, before clipping
}

// A Progress tells how far Fit is. Epoch and Batch count finished ones within
// what is under way; TrainLoss is the mean so far in this epoch; ValidationLoss
// is that of the last finished epoch, NaN before the first; LearningRate is that
// of the last step.
type Progress struct {
	Epoch, Epochs             int // from 1
	Batch, Batches            int
	TrainLoss, ValidationLoss float64
	LearningRate              float64
}

// A Fitting is the course of a Fit.
type Fitting struct {
	History []Epoch
	Best    int  // number of the epoch whose weights were kept
	Stopped bool // by Patience, before all epochs were done
}

// A DivergedError says where a loss or gradient was no longer a finite number.
type DivergedError struct {
	What  string // training loss, gradient norm or validation loss
	Value float64
	Epoch int // from 1
	Batch int // from 1; 0 for the validation loss
}

func (e *DivergedError) Error() string {
	where, why := fmt.Sprintf("epoch %d", e.Epoch), "the validation rows may lie far outside of those trained on; else "
	if e.Batch > 0 {
		where, why = where+fmt.Sprintf(" batch %d", e.Batch), ""
	}
	return fmt.Sprintf("training diverged in %s: the %s is %v: %slower the learning rate or set a gradient clip", where, e.What, e.Value, why)
}

// Fit trains the network on train and leaves in it the weights of the epoch
// with the lowest loss on validation; of equal epochs the earliest. It calls
// report, if that is not nil, after every epoch and every Options.ReportEvery
// batches, from the calling goroutine.
//
// Fit looks at ctx after every group of rows (see doc.go) and returns its cause. When
// it returns an error, the weights are those of the best epoch so far, or those
// it began with.
func (n *Network) Fit(ctx context.Context, train, validation Data, o Options, report func(Progress)) (Fitting, error) {
	if err := errors.Join(o.validate(), o.Loss.validate(n.config)); err != nil {
		return Fitting{}, err
	}
	for _, part := range [...]struct {
		name string
		data Data
	}{{"training", train}, {"validation", validation}} {
		if part.data.Len() == 0 {
			return Fitting{}, fmt.Errorf("no %s rows", part.name)
		}
		if err := part.data.validate(n.config, o.Loss); err != nil {
			return Fitting{}, fmt.Errorf("%s data: %w", part.name, err)
		}
	}
	if o.Resume != nil {
		if err := o.Resume.validate(n, o, train.Len()); err != nil {
			return Fitting{}, fmt.Errorf("resume: %w", err)
		}
	}
	var f Fitting
	err := withTeam(o.Threads, func(t *team) error {
		r := newTrainer(n, &train, &validation, o, t)
		if report != nil {
			r.report = report
		}
		if o.Resume != nil {
			r.resume(*o.Resume)
		}
		err := r.fit(ctx)
		copy(n.weight, r.best)
		f = Fitting{History: r.course.history, Best: r.course.best, Stopped: err == nil && len(r.course.history) < r.Epochs}
		return err
	})
	return f, err
}
