package train

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/model"
	"github.com/ktrdr/ktrdr/internal/core/nn"
)

// The percentages at which the phases end.
const (
	featurePercent  = 10.0
	trainingPercent = 97.0
)

// reportBatches is how many batches pass between two reports.
const reportBatches = 10

// MaxClassWeight bounds the weight of a rare class under balanced class weights;
// an evenly shared class has 1.
const MaxClassWeight = 10.0

// Run trains the network of a strategy and evaluates the weights that it
// returns. It calls report, if that is not nil, at each phase, each epoch and
// every ten batches, from the calling goroutine.
//
// It looks at ctx at least every few milliseconds of computation, features and
// labels of one symbol excepted, and returns its cause. The model and its
// evaluation depend on the input alone, Threads excepted, to the last bit.
func Run(ctx context.Context, in Input, report func(Progress)) (model.Model, Evaluation, error) {
	if report == nil {
		report = func(Progress) {}
	}
	m, e, err := run(ctx, in, report)
	if err != nil {
		return model.Model{}, Evaluation{}, fmt.Errorf("train %s: %w", in.Strategy.Name, err)
	}
	return m, e, nil
}

func run(ctx context.Context, in Input, report func(Progress)) (model.Model, Evaluation, error) {
	t, err := collect(ctx, in, report)
	if err != nil {
		return model.Model{}, Evaluation{}, err
	}
	s := in.Strategy
	if s.Training.Ensemble.Networks() > 1 {
		return runSeveral(ctx, in, t, report)
	}
	parts := divide(t, s.Training.Split, s.Training.EmbargoBars)
	if err := errors.Join(parts.check(t, s), t.checkTargets(t.rowsPerClass(parts.train), t.targets(parts.train), s.Training.Labels)); err != nil {
		return model.Model{}, Evaluation{}, err
	}
	if err := t.scale(s, parts.train); err != nil {
		return model.Model{}, Evaluation{}, err
	}
	loss, err := lossOf(s, t, t.rowsPerClass(parts.train))
	if err != nil {
		return model.Model{}, Evaluation{}, err
	}
	config, err := model.Config(s, t.classes)
	if err != nil {
		return model.Model{}, Evaluation{}, err
	}
	network, err := nn.New(config, nn.InitStream(s.Training.Seed))
	if err != nil {
		return model.Model{}, Evaluation{}, err
	}
	o, err := options(in, loss)
	if err != nil {
		return model.Model{}, Evaluation{}, err
	}
	if o, err = resumable(in, t, parts, config, o); err != nil {
		return model.Model{}, Evaluation{}, err
	}
	fitting, err := network.Fit(ctx, t.data(parts.train), t.data(parts.validation), o, func(p nn.Progress) { report(fitProgress(p)) })
	if err != nil {
		return model.Model{}, Evaluation{}, explain(err, feature.SchemaOf(s).Names, t, parts)
	}
	report(Progress{Phase: PhaseEvaluation, Epoch: len(fitting.History), Epochs: s.Training.Epochs, Percent: trainingPercent})
	e, err := evaluate(ctx, in, t, parts, network, loss, fitting)
	if err != nil {
		return model.Model{}, Evaluation{}, err
	}
	m, err := assemble(in, t, parts, e)
	if err != nil {
		return model.Model{}, Evaluation{}, err
	}
	m.Network = network
	report(Progress{Phase: PhaseEvaluation, Epoch: len(fitting.History), Epochs: s.Training.Epochs, Percent: 100})
	return m, e, nil
}

// resumable returns o with the checkpoint of in to go on from and the function
// that receives new ones.
func resumable(in Input, t *table, parts division, c nn.Config, o nn.Options) (nn.Options, error) {
	if in.Resume == nil && in.Checkpoint == nil {
		return o, nil
	}
	work := workOf(in, t, parts, c)
	if in.Resume != nil {
		checkpoint, err := ParseCheckpoint(in.Resume)
		if err != nil {
			return o, err
		}
		if err := checkpoint.Work.check(work); err != nil {
			return o, fmt.Errorf("resume: %w", err)
		}
		o.Resume = &checkpoint.State
	}
	if in.Checkpoint != nil {
		o.Checkpoint = func(p nn.Progress, state func() nn.State) {
			in.Checkpoint(fitProgress(p), func() ([]byte, error) { return Checkpoint{work, state()}.AppendBinary(nil) })
		}
	}
	return o, nil
}

// fitProgress translates the progress of Fit.
func fitProgress(p nn.Progress) Progress {
	done := (float64(p.Epoch-1) + float64(p.Batch)/float64(p.Batches)) / float64(p.Epochs)
	out := Progress{
		Phase: PhaseTraining, Epoch: p.Epoch, Epochs: p.Epochs, Batch: p.Batch, Batches: p.Batches, TrainLoss: p.TrainLoss,
		Percent: featurePercent + float64((trainingPercent-featurePercent)*done),
	}
	if !math.IsNaN(p.ValidationLoss) {
		out.ValidationLoss = &p.ValidationLoss
	}
	return out
}

// balanced returns the weights that give every class that occurs the same say,
// as far as MaxClassWeight allows.
//
//	w[c] = min(N / (K n[c]), MaxClassWeight)    1 where n[c] = 0
//
// with N rows, of which n[c] are of class c, and K classes that occur. An absent
// class has no row to weigh in training; its weight matters only where it occurs
// in validation or test.
func balanced(found []int) []float32 {
	rows, occur := 0, 0
	for _, n := range found {
		rows += n
		occur += min(n, 1)
	}
	weights := make([]float32, len(found))
	for c, n := range found {
		weights[c] = 1
		if n > 0 {
			weights[c] = float32(min(float64(rows)/(float64(occur)*float64(n)), MaxClassWeight))
		}
	}
	return weights
}

// assemble puts the model together, but for its networks.
func assemble(in Input, t *table, parts division, e Evaluation) (model.Model, error) {
	s, splits := in.Strategy, parts.splits(t)
	metrics, err := json.Marshal(e)
	if err != nil {
		return model.Model{}, fmt.Errorf("metrics: %w", err)
	}
	known := max(splits.Train.To, splits.Validation.To)
	return model.Model{
		Manifest: model.Manifest{
			Format: model.Format, Name: s.Name + "_" + s.Base.String(), StrategyName: s.Name, StrategyHash: s.Hash(),
			EngineVersion: in.EngineVersion, Symbols: s.Symbols, Timeframes: s.Timeframes, Base: s.Base,
			OutputFormat: s.Decisions.OutputFormat, Classes: t.classes, Features: feature.SchemaOf(s), Scaling: t.scaling, Network: e.ModelInfo.Config, Temperature: e.Calibration.temperature(),
			Seed: s.Training.Seed, Training: model.Span{From: splits.Train.From, To: known}, Splits: splits,
			KnownUntil: parts.judged, Data: in.Data, Primary: in.Primary,
		},
		StrategySource: s.Source, Metrics: metrics,
	}, nil
}
