package grammar

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

var (
	trainingShape = document.Keys{
		Names: []string{"method", "labels", "epochs", "learning_rate", "lr_scheduler", "batch_size", "optimizer", "momentum", "loss",
			"focal_gamma", "label_smoothing", "huber_delta", "quantile", "weight_decay",
			"gradient_clip", "early_stopping", "data_split", "embargo_bars", "class_weights", "calibration", "seed", "ensemble"},
		Hints: map[string]string{
			"lr": "the key is called learning_rate", "scheduler": "the key is called lr_scheduler", "gamma": "the key is called focal_gamma",
			"tau": "the key is called quantile", "batch": "the key is called batch_size", "random_state": "the key is called seed",
			"patience": "it stands under training.early_stopping", "seeds": "it stands under training.ensemble", "folds": "it stands under training.ensemble", "min_delta": "it stands under training.early_stopping",
			"embargo": "the key is called embargo_bars", "validation_split": "write data_split: {train: 0.7, validation: 0.15, test: 0.15}",
		},
	}
	earlyStoppingShape = document.Keys{
		Names: []string{"patience", "min_delta"},
		Hints: map[string]string{
			"enabled": "remove it: the block itself turns early stopping on, early_stopping: false turns it off",
			"monitor": "remove it: what is watched is the validation loss",
		},
	}
	splitShape = document.Keys{
		Names: []string{"train", "validation", "test"},
		Hints: map[string]string{
			"val": "the key is called validation", "validation_size": "the key is called validation", "test_size": "the key is called test",
		},
	}
)

// maxBars bounds counts of bars.
const maxBars = 1_000_000

// maxSeed keeps a seed exact where JSON readers hold numbers as float64.
const maxSeed = 1 << 53

func (d *decoder) training(s *strategy.Strategy, n document.Node) {
	f, ok := n.Mapping(trainingShape)
	if !ok {
		return
	}
	t := &s.Training
	f.Choice("method", "supervised", []string{"supervised"})
	t.Epochs = f.Whole("epochs", 100, 1, 100_000)
	t.BatchSize = f.Whole("batch_size", 32, 1, 1<<20)
	t.LearningRate = f.Number("learning_rate", 0.001, document.Interval{Low: 0, LowOpen: true, High: 1})
	t.Optimizer = f.Choice("optimizer", strategy.OptimizerAdam, []string{strategy.OptimizerAdam, strategy.OptimizerAdamW, strategy.OptimizerSGD, strategy.OptimizerRMSProp})
	if t.Optimizer == strategy.OptimizerSGD {
		t.Momentum = f.Number("momentum", 0.9, document.Interval{Low: 0, High: 1, HighOpen: true})
	} else {
		f.Useless("momentum", "the optimizer is "+t.Optimizer)
	}
	t.GradientClip = f.Number("gradient_clip", 1, document.Interval{Low: 0, High: 1e6})
	t.EmbargoBars = f.Whole("embargo_bars", 0, 0, maxBars)
	t.Seed = uint64(f.Whole("seed", 1, 0, maxSeed))
	d.ensemble(s, f)
	d.split(s, f)
	d.earlyStopping(s, f)
	d.schedule(s, f)
	if n, ok := f.Need("labels", "what the network learns, for example {source: zigzag}"); ok {
		d.labels(s, n)
	}
	d.fit(s, f)
}

// fit reads what depends on whether classes or numbers are learned.
func (d *decoder) fit(s *strategy.Strategy, f document.Mapping) {
	t := &s.Training
	decay := document.Interval{Low: 0, High: 1}
	switch s.Decisions.OutputFormat {
	case strategy.Classification, strategy.RegimeClassification, strategy.ContextClassification, strategy.MetaClassification:
		t.Loss = f.Choice("loss", strategy.LossCrossEntropy, []string{strategy.LossCrossEntropy, strategy.LossFocal})
		t.ClassWeights = f.Choice("class_weights", strategy.ClassWeightsBalanced, []string{strategy.ClassWeightsBalanced, strategy.ClassWeightsNone})
		t.Calibration = f.Choice("calibration", strategy.CalibrationNone, []string{strategy.CalibrationNone, strategy.CalibrationTemperature})
		t.WeightDecay = f.Number("weight_decay", 1e-4, decay)
	case strategy.Regression:
		t.Loss = f.Choice("loss", strategy.LossHuber, []string{strategy.LossHuber, strategy.LossMSE, strategy.LossQuantile})
		t.ClassWeights, t.Calibration = strategy.ClassWeightsNone, strategy.CalibrationNone
		f.Useless("calibration", "output_format regression has no probabilities")
		t.WeightDecay = f.Number("weight_decay", 0, decay)
		f.Useless("class_weights", "output_format regression has no classes")
	default:
		return // reported already; what the rest should be is not known
	}
	for _, p := range [...]struct {
		key, loss string
		value     *float64
		def       float64
		in        document.Interval
	}{
		{"huber_delta", strategy.LossHuber, &t.HuberDelta, 0.01, document.Interval{Low: 0, LowOpen: true, High: 1e6}},
		{"focal_gamma", strategy.LossFocal, &t.FocalGamma, 2, document.Interval{Low: 0, High: 16}},
		{"label_smoothing", strategy.LossCrossEntropy, &t.LabelSmoothing, 0, document.Interval{Low: 0, High: 1, HighOpen: true}},
		{"quantile", strategy.LossQuantile, &t.Quantile, 0.5, document.Interval{Low: 0, LowOpen: true, High: 1, HighOpen: true}},
	} {
		if t.Loss == p.loss {
			*p.value = f.Number(p.key, p.def, p.in)
		} else {
			f.Useless(p.key, "the loss is "+t.Loss)
		}
	}
}

func (d *decoder) split(s *strategy.Strategy, f document.Mapping) {
	s.Training.Split = strategy.Split{Train: 0.7, Validation: 0.15, Test: 0.15}
	n, ok := f.Get("data_split")
	if !ok {
		return
	}
	if f, ok = n.Mapping(splitShape); !ok {
		return
	}
	sum, all := 0.0, true
	for i, share := range []*float64{&s.Training.Split.Train, &s.Training.Split.Validation, &s.Training.Split.Test} {
		n, ok := f.Need(splitShape.Names[i], "a share of the rows, for example 0.15")
		if ok {
			*share, ok = n.NumberIn(document.Interval{Low: 0.01, High: 0.98})
		}
		all = all && ok
		sum += *share
	}
	if all && math.Abs(sum-1) > 1e-9 {
		f.Problem("train, validation and test add up to %.6g: want 1", sum)
	}
}

func (d *decoder) earlyStopping(s *strategy.Strategy, f document.Mapping) {
	n, ok := f.Get("early_stopping")
	if !ok {
		return
	}
	if n.IsWord("false") {
		return
	}
	if n.IsWord("true") {
		n.Problem("say when to stop: write {patience: 10, min_delta: 0.001}")
		return
	}
	if f, ok = n.Mapping(earlyStoppingShape); !ok {
		return
	}
	stop := &s.Training.EarlyStopping
	stop.Patience = f.Whole("patience", 10, 1, 100_000)
	stop.MinDelta = f.Number("min_delta", 0.001, document.Interval{Low: 0, High: 1e6})
	if stop.Patience >= s.Training.Epochs {
		n.Warn("patience %d is not below epochs %d: training never stops early", stop.Patience, s.Training.Epochs)
	}
}
