package train

import (
	"fmt"

	"github.com/ktrdr/ktrdr/internal/core/nn"
	"github.com/ktrdr/ktrdr/internal/core/rate"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// options translates what the strategy says about training.
func options(in Input, loss nn.Loss) (nn.Options, error) {
	t := in.Strategy.Training
	optimizer, err := nn.ParseOptimizer(t.Optimizer)
	if err != nil {
		return nn.Options{}, err
	}
	schedule := rate.Schedule{Every: t.Schedule.Every, Factor: t.Schedule.Factor, Floor: t.Schedule.Floor, WarmUp: t.Schedule.WarmUp}
	if t.Schedule.Type != "" {
		if schedule.Kind, err = rate.ParseKind(t.Schedule.Type); err != nil {
			return nn.Options{}, err
		}
	}
	return nn.Options{
		Epochs: t.Epochs, BatchSize: t.BatchSize, LearningRate: t.LearningRate, Loss: loss,
		Optimizer: optimizer, Momentum: t.Momentum, Schedule: schedule, WeightDecay: t.WeightDecay, GradientClip: t.GradientClip,
		Patience: t.EarlyStopping.Patience, MinDelta: t.EarlyStopping.MinDelta,
		Seed: t.Seed, Threads: in.Threads, ReportEvery: reportBatches,
	}, nil
}

// lossOf returns the loss of the strategy with class weights from the rows per
// class that are trained on.
func lossOf(s *strategy.Strategy, t *table, found []int) (nn.Loss, error) {
	kind, err := nn.ParseLoss(s.Training.Loss)
	if err != nil {
		return nn.Loss{}, err
	}
	loss := nn.Loss{Kind: kind, Delta: s.Training.HuberDelta, Gamma: s.Training.FocalGamma,
		Smoothing: s.Training.LabelSmoothing, Quantile: s.Training.Quantile}
	if kind.Classes() != (t.classes != nil) {
		return nn.Loss{}, fmt.Errorf("loss %s does not fit labels from %s", kind, s.Training.Labels.Source)
	}
	switch s.Training.ClassWeights {
	case strategy.ClassWeightsNone:
	case strategy.ClassWeightsBalanced:
		loss.ClassWeights = balanced(found)
	default:
		return nn.Loss{}, fmt.Errorf("class weights %q: want %s or %s", s.Training.ClassWeights, strategy.ClassWeightsBalanced, strategy.ClassWeightsNone)
	}
	return loss, nil
}
