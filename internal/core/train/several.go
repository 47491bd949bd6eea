package train

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/label"
	"github.com/ktrdr/ktrdr/internal/core/model"
	"github.com/ktrdr/ktrdr/internal/core/nn"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// An answerer is a network, or several that answer together.
type answerer interface {
	Config() nn.Config
	Infer(dst, x []float32, rows int) []float32
	InferAt(dst, x []float32, ends []int32) []float32
}

// A MemberQuality is about one network of an ensemble.
type MemberQuality struct {
	Fold            int          `json:"fold"` // from 1
	Seed            uint64       `json:"seed"`
	TrainRows       int          `json:"train_rows"`
	ValidationRows  int          `json:"validation_rows"`
	Purged          int          `json:"purged_rows"` // of the fold: kept from training next to its validation rows
	EpochsCompleted int          `json:"epochs_completed"`
	BestEpoch       int          `json:"best_epoch"`
	Calibration     *Calibration `json:"calibration"`
	Validation      Quality      `json:"validation"` // on the rows of its fold
	Test            Quality      `json:"test"`
}

// A fold is the rows that networks train on and those that validate them, as
// numbers of rows of the table, in order.
type fold struct {
	train, validation []int32
	purged            int
}

// runSeveral is run for several networks. The rows before the test part are those
// of both parts before it where there are folds; each fold validates the networks
// that were trained on the others.
func runSeveral(ctx context.Context, in Input, t *table, report func(Progress)) (model.Model, Evaluation, error) {
	fail := func(err error) (model.Model, Evaluation, error) { return model.Model{}, Evaluation{}, err }
	s := in.Strategy
	parts, folds := foldsOf(t, s.Training)
	if err := errors.Join(parts.check(t, s), checkFolds(t, folds, s.Training.Labels)); err != nil {
		return fail(err)
	}
	if err := t.scale(s, parts.train); err != nil {
		return fail(err)
	}
	c := newCrew(in, t, parts, folds, report)
	if err := c.resume(); err != nil {
		return fail(err)
	}
	if err := c.fitAll(ctx); err != nil {
		return fail(err)
	}
	epochs := s.Training.Epochs * len(c.committee.Networks)
	report(Progress{Phase: PhaseEvaluation, Epoch: epochs, Epochs: epochs, Percent: trainingPercent})
	loss, err := lossOf(s, t, t.rowsPerClass(parts.train))
	if err != nil {
		return fail(err)
	}
	e, err := evaluate(ctx, in, t, parts, c.committee, loss, nn.Fitting{})
	if err != nil {
		return fail(err)
	}
	if err := c.judge(ctx, &e); err != nil {
		return fail(err)
	}
	e.ModelInfo.ParametersCount *= len(c.members)
	e.ModelInfo.TrainableParameters = e.ModelInfo.ParametersCount
	m, err := assemble(in, t, parts, e)
	if err != nil {
		return fail(err)
	}
	m.Network, m.Others = c.committee.Networks[0], c.committee.Networks[1:]
	for _, q := range e.Members {
		m.Manifest.Members = append(m.Manifest.Members, model.NetworkRef{Fold: q.Fold, Seed: q.Seed, Temperature: q.Calibration.temperature()})
	}
	report(Progress{Phase: PhaseEvaluation, Epoch: epochs, Epochs: epochs, Percent: 100})
	return m, e, nil
}

// foldsOf divides t as the strategy says. Without folds the parts are those of a
// single network. With K folds the part for training and the part for validation
// are one, of which fold k holds the rows from k/K to (k+1)/K in the order of time;
// see cutFold.
func foldsOf(t *table, o strategy.Training) (division, []fold) {
	k := max(1, o.Ensemble.Folds)
	if k == 1 {
		d := divide(t, o.Split, o.EmbargoBars)
		return d, []fold{{train: d.train.rows(), validation: d.validation.rows()}}
	}
	d := divide(t, strategy.Split{Train: o.Split.Train + o.Split.Validation, Test: o.Split.Test}, o.EmbargoBars)
	d.validation = d.train
	folds := make([]fold, k)
	at := func(i int) int {
		return t.startOfTime(int(math.Round(float64(d.train.len()) * float64(i) / float64(k))))
	}
	for i := range folds {
		to := d.train.to
		if i < k-1 {
			to = at(i + 1)
		}
		folds[i] = cutFold(t, d.train, part{at(i), to}, o.EmbargoBars)
	}
	return d, folds
}

func (p part) rows() []int32 {
	rows := make([]int32, 0, p.len())
	for i := p.from; i < p.to; i++ {
		rows = append(rows, int32(i))
	}
	return rows
}

// cutFold returns the fold that validates by the rows of block. Of the other rows
// of learn it leaves out those that know of the block:
//
//   - before it, those whose label is known only after the block has begun;
//   - behind it, those that are decided before the last label of the block is
//     known, those of the first embargoBars times from then on, and those whose
//     window begins before.
//
// Of the block it leaves out rows whose window begins before it.
func cutFold(t *table, learn, block part, embargoBars int) fold {
	var f fold
	known := int64(math.MinInt64) // when the last label of the block is
	for i := block.from; i < block.to; i++ {
		if block.from == learn.from || t.begin[i] >= t.time[block.from] {
			f.validation = append(f.validation, int32(i))
			known = max(known, t.end[i])
		}
	}
	behind := block.to
	for behind < learn.to && t.time[behind] < known {
		behind++
	}
	behind = t.skipTimes(behind, learn.to, embargoBars)
	for i := learn.from; i < learn.to; i++ {
		switch {
		case i >= block.from && i < block.to:
		case i < block.from && t.end[i] <= t.time[block.from],
			i >= behind && t.begin[i] >= t.time[behind]:
			f.train = append(f.train, int32(i))
		default:
			f.purged++
		}
	}
	return f
}

// checkFolds returns an error where a fold leaves too little.
func checkFolds(t *table, folds []fold, labels label.Spec) error {
	for i, f := range folds {
		if len(f.train) < MinTrainRows || len(f.validation) < MinJudgeRows {
			return fmt.Errorf("fold %d has %d rows to train and %d to validate, and %d that know of both: want at least %d and %d: choose fewer folds or a longer date range",
				i+1, len(f.train), len(f.validation), f.purged, MinTrainRows, MinJudgeRows)
		}
		if err := t.checkTargets(t.classesOf(f.train), t.targetsOf(f.train), labels); err != nil {
			return fmt.Errorf("fold %d: %w", i+1, err)
		}
	}
	return nil
}

// targetsOf is targets for numbers of rows.
func (t *table) targetsOf(rows []int32) (targets []float32) {
	if t.classes == nil {
		for _, i := range rows {
			targets = append(targets, t.target[i])
		}
	}
	return targets
}

// classesOf is rowsPerClass for numbers of rows.
func (t *table) classesOf(rows []int32) []int {
	if t.classes == nil {
		return nil
	}
	found := make([]int, len(t.classes))
	for _, i := range rows {
		found[t.class[i]]++
	}
	return found
}

// pick is data for numbers of rows.
func (t *table) pick(rows []int32) nn.Data {
	d := nn.Data{X: t.x, At: rows}
	if t.at != nil {
		d.At = make([]int32, len(rows))
	}
	for k, i := range rows {
		if t.at != nil {
			d.At[k] = t.at[i]
		}
		d.Weight = append(d.Weight, t.weight[i])
		if t.classes != nil {
			d.Class = append(d.Class, t.class[i])
		} else {
			d.Target = append(d.Target, t.target[i])
		}
	}
	return d
}

// A crew trains the networks of an ensemble side by side, as many at a time as there
// are threads: all seeds of the first fold, then those of the next. What comes out of
// one does not depend on the others.
type crew struct {
	in     Input
	t      *table
	parts  division
	folds  []fold
	report func(Progress)

	committee model.Committee
	members   []MemberQuality

	turn     turns     // of a network that changes what follows, or reports
	saved    [][]byte  // the last checkpoint of each network; nil before its first
	finished []int     // epochs of each network
	share    []float64 // of each network, how much is done
}

func newCrew(in Input, t *table, parts division, folds []fold, report func(Progress)) *crew {
	n := in.Strategy.Training.Ensemble.Networks()
	return &crew{in: in, t: t, parts: parts, folds: folds, report: report, turn: make(turns, 1),
		committee: model.Committee{Networks: make([]*nn.Network, n), Temperatures: make([]float64, n), Classes: t.classes != nil},
		members:   make([]MemberQuality, n), saved: make([][]byte, n), finished: make([]int, n), share: make([]float64, n)}
}

// fitAll trains all networks. Of several that fail the first is named; none begins
// after a failure.
func (c *crew) fitAll(ctx context.Context) error {
	failures, hasFailed := make([]error, len(c.members)), false
	lanes := max(1, min(c.in.Threads, len(c.members)))
	nn.Lanes(lanes, len(c.members), func(k int) {
		skip := false
		if c.turn.take(func() { skip = hasFailed }); skip {
			return
		}
		failures[k] = c.fit(ctx, k, max(1, c.in.Threads/lanes))
		c.turn.take(func() {
			c.finished[k], c.share[k] = c.in.Strategy.Training.Epochs, 1
			hasFailed = hasFailed || failures[k] != nil
		})
	})
	return cmp.Or(failures...)
}

// fit trains network k on so many threads.
func (c *crew) fit(ctx context.Context, k, threads int) error {
	s := c.in.Strategy
	seeds := max(1, s.Training.Ensemble.Seeds)
	f, seed := c.folds[k/seeds], s.Training.Seed+uint64(k%seeds)
	loss, err := lossOf(s, c.t, c.t.classesOf(f.train))
	if err != nil {
		return err
	}
	config, err := model.Config(s, c.t.classes)
	if err != nil {
		return err
	}
	network, err := nn.New(config, nn.InitStream(seed))
	if err != nil {
		return err
	}
	o, err := options(c.in, loss)
	if err != nil {
		return err
	}
	o.Seed, o.Threads = seed, threads
	if err := c.checkpoints(k, config, &o); err != nil {
		return err
	}
	validation := c.t.pick(f.validation)
	fitting, err := network.Fit(ctx, c.t.pick(f.train), validation, o, func(p nn.Progress) {
		c.turn.take(func() { c.report(c.progress(k, p)) })
	})
	if err != nil {
		return fmt.Errorf("network %d of %d: %w", k+1, s.Training.Ensemble.Networks(), explain(err, feature.SchemaOf(s).Names, c.t, c.parts))
	}
	outputs, err := infer(ctx, network, validation)
	if err != nil {
		return err
	}
	q := MemberQuality{Fold: k/seeds + 1, Seed: seed, TrainRows: len(f.train), ValidationRows: len(f.validation), Purged: f.purged,
		EpochsCompleted: len(fitting.History), BestEpoch: fitting.Best, Calibration: calibrate(s, outputs, config.Outputs, validation.Class)}
	q.Validation = measure(c.t.classes, outputs, validation, loss, baselineOf(c.t.classes, c.t.pick(f.train)), q.Calibration.temperature())
	test := c.t.data(c.parts.test)
	if outputs, err = infer(ctx, network, test); err != nil {
		return err
	}
	q.Test = measure(c.t.classes, outputs, test, loss, baselineOf(c.t.classes, c.t.pick(f.train)), q.Calibration.temperature())
	c.members[k], c.committee.Networks[k], c.committee.Temperatures[k] = q, network, q.Calibration.temperature()
	return nil
}

// progress translates that of network k, whose turn it is: its epoch follows all that
// were finished by any network, and the losses are its own.
func (c *crew) progress(k int, p nn.Progress) Progress {
	one, n := fitProgress(p), len(c.members)
	c.finished[k], c.share[k] = p.Epoch-1, (one.Percent-featurePercent)/(trainingPercent-featurePercent)
	epochs, share := 1, 0.0
	for i, finished := range c.finished {
		epochs, share = epochs+finished, share+c.share[i]
	}
	one.Percent = featurePercent + (trainingPercent-featurePercent)*share/float64(n)
	one.Epoch, one.Epochs = epochs, one.Epochs*n
	if p.Batch == p.Batches {
		c.finished[k] = p.Epoch
	}
	return one
}

// judge fills in what the evaluation of several networks has beside that of one.
// The validation rows are judged by the networks that were not trained on them.
func (c *crew) judge(ctx context.Context, e *Evaluation) error {
	s := c.in.Strategy
	e.Members = c.members
	for _, q := range c.members {
		e.TrainingMetrics.EpochsCompleted += q.EpochsCompleted
	}
	e.TrainingMetrics.EpochsPlanned = s.Training.Epochs * len(c.members)
	seeds := max(1, s.Training.Ensemble.Seeds)
	type judged struct {
		row     int32
		outputs []float32
	}
	var all []judged
	width := c.committee.Config().Outputs
	for i, f := range c.folds {
		part := model.Committee{Networks: c.committee.Networks[i*seeds : (i+1)*seeds], Temperatures: c.committee.Temperatures[i*seeds : (i+1)*seeds], Classes: c.committee.Classes}
		outputs, err := infer(ctx, part, c.t.pick(f.validation))
		if err != nil {
			return err
		}
		for k, row := range f.validation {
			all = append(all, judged{row, outputs[k*width : (k+1)*width]})
		}
	}
	slices.SortFunc(all, func(a, b judged) int { return cmp.Compare(a.row, b.row) })
	var rows []int32
	var outputs []float32
	for _, j := range all {
		rows, outputs = append(rows, j.row), append(outputs, j.outputs...)
	}
	loss, err := lossOf(s, c.t, c.t.rowsPerClass(c.parts.train))
	if err != nil {
		return err
	}
	q := measure(c.t.classes, outputs, c.t.pick(rows), loss, baselineOf(c.t.classes, c.t.data(c.parts.train)), 0)
	e.Quality.Validation = q
	e.TrainingMetrics.FinalValLoss, e.TrainingMetrics.FinalValAccuracy = q.Loss, q.Accuracy
	return nil
}
