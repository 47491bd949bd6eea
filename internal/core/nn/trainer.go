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
	desk              []*desk // one per goroutine of the team
	drop              *dropout
	order             []int32
	turned            turned
	groups            []group   // of a round
	groupRows         int       // rows of a group; see Config.groupRows
	sum               []float32 // the gradient of a batch of several groups
	optimizer         *optimizer
	report            func(Progress)
	checkpoint        func(Progress, func() State)
	progress          Progress

	course  course
	partial Partial   // of the epoch under way
	best    []float32 // the weights of the best epoch so far

	from    int // the batch under way is order[from:to], for groupJob
	to      int
	first   int    // its first group of this round
	place   uint64 // of its first row
	divisor float64
	job     func(desk, i int)
}

// A group is what consecutive shards of a batch give: the unit of work of a
// goroutine.
type group struct {
	grad  []float32
	loss  float64
	right int
}

func newTrainer(n *Network, train, validation *Data, o Options, t *team) *trainer {
	r := &trainer{
		Options: o, net: n, train: train, validation: validation, team: t, judge: newJudge(n, o.Loss, t),
		order: make([]int32, train.Len()), groups: make([]group, min(t.jobs(), n.config.groups(min(o.BatchSize, train.Len())))), sum: make([]float32, len(n.weight)),
		optimizer: newOptimizer(len(n.weight), o),
		report:    func(Progress) {}, checkpoint: o.Checkpoint, course: newCourse(), best: slices.Clone(n.weight),
		progress: Progress{Epochs: o.Epochs, Batches: o.batches(train.Len()), ValidationLoss: math.NaN()},
	}
	if r.checkpoint == nil {
		r.checkpoint = func(Progress, func() State) {}
	}
	r.groupRows = n.config.groupRows()
	for range t.size {
		r.desk = append(r.desk, newDesk(n))
	}
	for i := range r.groups {
		r.groups[i].grad = make([]float32, len(n.weight))
	}
	if n.config.Dropout > 0 {
		drop := newDropout(n.config.Dropout, o.Seed)
		r.drop = &drop
	}
	r.turned = newTurned(n)
	r.job = r.groupJob // bound once, so that a step allocates nothing
	return r
}

// fit runs the epochs that are left and keeps the best weights in r.best.
func (r *trainer) fit(ctx context.Context) error {
	for !r.over() {
		e, err := r.epoch(ctx)
		if err != nil {
			if errors.Is(err, context.Cause(ctx)) {
				r.save()
			}
			return err
		}
		if r.course.add(e, r.Options) {
			copy(r.best, r.net.weight)
		}
		r.partial = Partial{}
		r.progress.ValidationLoss = e.Validation.Loss
		r.report(r.progress)
		r.save()
	}
	return nil
}

// save hands out a checkpoint, unless nobody could go on from it: what has run away
// replaces none, and the next step says that it has.
func (r *trainer) save() {
	if allFinite(r.net.weight) {
		r.checkpoint(r.progress, r.state)
	}
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
		r.from, r.to = from, min(from+r.BatchSize, len(r.order))
		r.place = uint64(number)*uint64(len(r.order)) + uint64(from)
		s, err := r.step(ctx)
		if err != nil {
			return Epoch{}, err
		}
		*sum = Partial{Batches: sum.Batches + 1, Loss: sum.Loss + s.loss, Weight: sum.Weight + r.divisor, Norms: sum.Norms + s.norm, Right: sum.Right + s.right}
		p.Batch, p.TrainLoss = sum.Batches, sum.Loss/sum.Weight
		if r.ReportEvery > 0 && p.Batch%r.ReportEvery == 0 && p.Batch < p.Batches {
			r.report(*p)
			r.save()
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

// step trains on the batch under way.
func (r *trainer) step(ctx context.Context) (stepResult, error) {
	s, grad, err := r.gradient(ctx)
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
	r.optimizer.step(r.net.kernels, r.net.weight, grad, s.norm, p.LearningRate)
	return s, nil
}

// gradient computes the gradient of the mean loss of the batch under way. The
// batch is cut into groups of shards, whose gradients are added in their order.
func (r *trainer) gradient(ctx context.Context) (s stepResult, grad []float32, err error) {
	r.divisor = r.Loss.weights(r.train, r.order[r.from:r.to])
	r.turned.update(r.net)
	groups := (r.to - r.from + r.groupRows - 1) / r.groupRows
	grad = r.groups[0].grad
	if groups > 1 {
		grad = r.sum
		clear(grad)
	}
	for r.first = 0; r.first < groups; r.first += len(r.groups) {
		if ctx.Err() != nil {
			return s, nil, context.Cause(ctx)
		}
		jobs := min(len(r.groups), groups-r.first)
		r.team.run(jobs, r.job)
		for _, g := range r.groups[:jobs] {
			if groups > 1 {
				r.net.kernels.Add(grad, g.grad)
			}
			s.loss += g.loss
			s.right += g.right
		}
	}
	s.norm = math.Sqrt(r.net.kernels.Squares(grad))
	return s, grad, nil
}

// groupRows returns how many rows make a group: as many shards as bring its
// training to groupWork multiplications, in a power of two. It depends on the
// shape alone, because it decides the order in which gradients are added.
func (c Config) groupRows() int {
	rows := shardRows
	for ; 3*rows*c.Rows()*c.Parameters() < groupWork; rows *= 2 {
	}
	return rows
}

// groups returns into how many groups a batch of rows rows is cut.
func (c Config) groups(rows int) int { return (rows + c.groupRows() - 1) / c.groupRows() }

// groupWork is about 60 µs of work, several times what it takes to hand a job to
// another goroutine. It is part of the arithmetic contract.
const groupWork = 1 << 22

// groupJob is job i of a round: group r.first+i of the batch.
func (r *trainer) groupJob(desk, i int) {
	d, g, rows := r.desk[desk], &r.groups[i], r.groupRows
	d.start(r.net, g.grad)
	from := r.from + (r.first+i)*rows
	end := min(from+rows, r.to)
	for ; from < end; from += shardRows {
		to := min(from+shardRows, end)
		d.backprop(r.net, r.Loss, r.drop, r.train, shard{rows: r.order[from:to], next: r.order[to:r.shardEnd(to)],
			place: r.place + uint64(from-r.from), divisor: r.divisor}, r.turned)
	}
	g.loss, g.right = d.loss, d.right
}

// shardEnd returns the end of the shard that begins where a shard of the batch under
// way ends.
func (r *trainer) shardEnd(from int) int {
	batch := r.to
	if from == batch {
		batch += r.BatchSize
	}
	return min(from+shardRows, batch, len(r.order))
}
