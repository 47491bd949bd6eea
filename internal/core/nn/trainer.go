package nn

import (
	"context"
	"errors"
	"math"
	"slices"
)

// A trainer is a Fit under way.
type trainer struct {
	Options
	net               *Network
	train, validation *Data
	team              *team
	judge             *judge
	desk              []*desk // one per job of the team
	drop              *dropout
	order             []int32
	turned            turned
	grad              []quad
	optimizer         *optimizer
	report            func(Progress)
	checkpoint        func(Progress, func() State)
	progress          Progress

	course  course
	partial Partial // of the epoch under way
	best    []quad  // the weights of the best epoch so far

	batch   []int32 // the batch under way, for shardJob
	first   int     // its first shard of this round
	place   uint64  // of its first row
	divisor float64
	job     func(int)
}

func newTrainer(n *Network, train, validation *Data, o Options, t *team) *trainer {
	r := &trainer{
		Options: o, net: n, train: train, validation: validation, team: t, judge: newJudge(n, o.Loss, t),
		order: make([]int32, train.Len()), grad: make([]quad, len(n.weight)),
		optimizer: newOptimizer(len(n.weight), o),
		report:    func(Progress) {}, checkpoint: o.Checkpoint, course: newCourse(), best: slices.Clone(n.weight),
		progress: Progress{Epochs: o.Epochs, Batches: o.batches(train.Len()), ValidationLoss: math.NaN()},
	}
	if r.checkpoint == nil {
		r.checkpoint = func(Progress, func() State) {}
	}
	for range t.size {
		r.desk = append(r.desk, newDesk(n))
	}
	if n.config.Dropout > 0 {
		drop := newDropout(n.config.Dropout, o.Seed)
		r.drop = &drop
	}
	r.turned = newTurned(n)
	r.job = r.shardJob // bound once, so that a step allocates nothing
	return r
}

// fit runs the epochs that are left and keeps the best weights in r.best.
func (r *trainer) fit(ctx context.Context) error {
	for !r.over() {
		e, err := r.epoch(ctx)
		if err != nil {
			if errors.Is(err, context.Cause(ctx)) {
				r.checkpoint(r.progress, r.state)
			}
			return err
		}
		if r.course.add(e, r.Options) {
			copy(r.best, r.net.weight)
		}
		r.partial = Partial{}
		r.progress.ValidationLoss = e.Validation.Loss
		r.report(r.progress)
		r.checkpoint(r.progress, r.state)
	}
	return nil
}

// over tells whether all epochs are done or patience has run out.
func (r *trainer) over() bool {
	return len(r.course.history) == r.Epochs || r.Patience > 0 && r.course.since >= r.Patience
}

// epoch passes over the training rows, from the batch at which r.partial stands,
// and judges the result.
func (r *trainer) epoch(ctx context.Context) (Epoch, error) {
	number, sum, p := len(r.course.history)+1, &r.partial, &r.progress
	shuffle(r.order, r.Seed, number)
	p.Epoch, p.Batch = number, sum.Batches
	for from := sum.Batches * r.BatchSize; from < len(r.order); from += r.BatchSize {
		r.batch = r.order[from:min(from+r.BatchSize, len(r.order))]
		r.place = uint64(number)*uint64(len(r.order)) + uint64(from)
		s, err := r.step(ctx)
		if err != nil {
			return Epoch{}, err
		}
		*sum = Partial{Batches: sum.Batches + 1, Loss: sum.Loss + s.loss, Weight: sum.Weight + r.divisor, Norms: sum.Norms + s.norm, Right: sum.Right + s.right}
		p.Batch, p.TrainLoss = sum.Batches, sum.Loss/sum.Weight
		if r.ReportEvery > 0 && p.Batch%r.ReportEvery == 0 && p.Batch < p.Batches {
			r.report(*p)
			r.checkpoint(*p, r.state)
		}
	}
	e := Epoch{Number: number, Train: Score{Loss: sum.Loss / sum.Weight, Accuracy: math.NaN()}, GradientNorm: sum.Norms / float64(p.Batches)}
	if r.Loss.Kind.Classes() {
		e.Train.Accuracy = float64(sum.Right) / float64(len(r.order))
	}
	var err error
	if e.Validation, err = r.judge.score(ctx, r.validation); err != nil {
		return Epoch{}, err
	}
	if v := e.Validation.Loss; math.IsNaN(v) || math.IsInf(v, 0) {
		return Epoch{}, &DivergedError{What: "validation loss", Value: v, Epoch: number}
	}
	return e, nil
}

type stepResult struct {
	loss, norm float64
	right      int
}

// step trains on r.batch.
func (r *trainer) step(ctx context.Context) (stepResult, error) {
	s, err := r.gradient(ctx)
	if err != nil {
		return s, err
	}
	for _, v := range [...]struct {
		what  string
		value float64
	}{{"training loss", s.loss}, {"gradient norm", s.norm}} {
		if math.IsNaN(v.value) || math.IsInf(v.value, 0) {
			return s, &DivergedError{What: v.what, Value: v.value, Epoch: r.progress.Epoch, Batch: r.progress.Batch + 1}
		}
	}
	p := &r.progress
	p.LearningRate = r.LearningRate * r.Schedule.At(p.Epoch-1, p.Epochs, (p.Epoch-1)*p.Batches+p.Batch, p.Epochs*p.Batches, r.course.plateaus)
	r.optimizer.step(r.net.weight, r.grad, s.norm, p.LearningRate)
	return s, nil
}

// gradient computes the gradient of the mean loss of r.batch into r.grad. The
// batch is cut into shards, whose gradients are added in their order.
func (r *trainer) gradient(ctx context.Context) (stepResult, error) {
	var s stepResult
	r.divisor = 0
	for _, i := range r.batch {
		r.divisor += float64(r.Loss.weight(r.train, i))
	}
	r.turned.update(r.net)
	shards := (len(r.batch) + shardRows - 1) / shardRows
	for r.first = 0; r.first < shards; r.first += r.team.size {
		if ctx.Err() != nil {
			return s, context.Cause(ctx)
		}
		jobs := min(r.team.size, shards-r.first)
		r.team.run(jobs, r.job)
		for k, d := range r.desk[:jobs] {
			if r.first+k == 0 {
				copy(r.grad, d.grad)
			} else {
				add(r.grad, d.grad)
			}
			s.loss += d.loss
			s.right += d.right
		}
	}
	s.norm = norm(r.grad)
	return s, nil
}

// shardJob is job k of a round: shard r.first+k of the batch.
func (r *trainer) shardJob(k int) {
	from := (r.first + k) * shardRows
	rows := r.batch[from:min(from+shardRows, len(r.batch))]
	r.desk[k].backprop(r.net, r.Loss, r.drop, r.train, shard{rows: rows, place: r.place + uint64(from), divisor: r.divisor}, r.turned)
}

func add(sum, g []quad) {
	g = g[:len(sum)]
	for i := range sum {
		s, q := &sum[i], &g[i]
		s[0] += q[0]
		s[1] += q[1]
		s[2] += q[2]
		s[3] += q[3]
	}
}
