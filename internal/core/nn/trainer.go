package nn

import (
	"context"
	"math"
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
	wt                [][]quad
	grad              []quad
	adam              *adam
	report            func(Progress)
	progress          Progress

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
		adam: newAdam(len(n.weight), o.LearningRate, o.WeightDecay, o.GradientClip),
	}
	for range t.size {
		r.desk = append(r.desk, newDesk(n))
	}
	if n.config.Dropout > 0 {
		drop := newDropout(n.config.Dropout, o.Seed)
		r.drop = &drop
	}
	for _, l := range n.layers {
		r.wt = append(r.wt, make([]quad, quads(l.in)*4*quads(l.out)))
	}
	r.job = r.shardJob // bound once, so that a step allocates nothing
	return r
}

// fit runs the epochs and keeps the best weights in best.
func (r *trainer) fit(ctx context.Context, f *Fitting, best []quad) error {
	lowest, reference, since := math.Inf(1), math.Inf(1), 0
	r.progress = Progress{Epochs: r.Epochs, Batches: (len(r.order) + r.BatchSize - 1) / r.BatchSize, ValidationLoss: math.NaN()}
	for number := 1; number <= r.Epochs; number++ {
		e, err := r.epoch(ctx, number)
		if err != nil {
			return err
		}
		f.History = append(f.History, e)
		loss := e.Validation.Loss
		if loss < lowest {
			lowest, f.Best = loss, number
			copy(best, r.net.weight)
		}
		if since++; loss < reference-r.MinDelta {
			reference, since = loss, 0
		}
		r.progress.ValidationLoss = loss
		r.report(r.progress)
		if r.Patience > 0 && since >= r.Patience {
			f.Stopped = number < r.Epochs
			return nil
		}
	}
	return nil
}

// epoch passes once over the training rows and judges the result.
func (r *trainer) epoch(ctx context.Context, number int) (Epoch, error) {
	shuffle(r.order, r.Seed, number)
	var loss, weight, norms float64
	right := 0
	p := &r.progress
	p.Epoch, p.Batch = number, 0
	for from := 0; from < len(r.order); from += r.BatchSize {
		r.batch = r.order[from:min(from+r.BatchSize, len(r.order))]
		r.place = uint64(number)*uint64(len(r.order)) + uint64(from)
		s, err := r.step(ctx)
		if err != nil {
			return Epoch{}, err
		}
		loss, weight, right, norms = loss+s.loss, weight+r.divisor, right+s.right, norms+s.norm
		p.Batch++
		p.TrainLoss = loss / weight
		if r.ReportEvery > 0 && p.Batch%r.ReportEvery == 0 && p.Batch < p.Batches {
			r.report(*p)
		}
	}
	e := Epoch{Number: number, Train: Score{Loss: p.TrainLoss, Accuracy: math.NaN()}, GradientNorm: norms / float64(p.Batches)}
	if r.Loss.Kind == CrossEntropy {
		e.Train.Accuracy = float64(right) / float64(len(r.order))
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
	r.adam.step(r.net.weight, r.grad, s.norm)
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
	for i, l := range r.net.layers[1:] {
		l.transposeWeights(r.wt[i+1], r.net.weight)
	}
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
	r.desk[k].backprop(r.net, r.Loss, r.drop, r.train, shard{rows: rows, place: r.place + uint64(from), divisor: r.divisor}, r.wt)
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
