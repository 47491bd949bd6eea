package train

import (
	"context"
	"fmt"
	"math"

	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/nn"
)

// An Evaluation is what a training measured. All losses and rates are of the
// weights in the model, without dropout; only History describes weights on the
// way. What is undefined is null.
type Evaluation struct {
	TrainingMetrics TrainingMetrics `json:"training_metrics"`
	TestMetrics     TestMetrics     `json:"test_metrics"`
	ModelInfo       ModelInfo       `json:"model_info"`
	DataSummary     DataSummary     `json:"data_summary"`
	Quality         PartQuality     `json:"quality"`
	Calibration     *Calibration    `json:"calibration"`        // null where the strategy asks for none, and for an ensemble
	Members         []MemberQuality `json:"members,omitempty"`  // of an ensemble, whose mean all else is about
	Importance      []Importance    `json:"feature_importance"` // on the validation rows, in the order of the features
	Warnings        []string        `json:"warnings"`
}

// TrainingMetrics is the course of the training. Losses are those trained on,
// class weights included.
type TrainingMetrics struct {
	FinalTrainLoss     float64  `json:"final_train_loss"`
	FinalValLoss       float64  `json:"final_val_loss"`
	FinalTrainAccuracy *float64 `json:"final_train_accuracy"` // null for a regression
	FinalValAccuracy   *float64 `json:"final_val_accuracy"`
	EpochsCompleted    int      `json:"epochs_completed"`
	EpochsPlanned      int      `json:"epochs_planned"`
	BestEpoch          int      `json:"best_epoch"` // whose weights were kept, from 1
	EarlyStopped       bool     `json:"early_stopped"`
	History            History  `json:"history"`
}

// History has one element per epoch. The training columns are measured while the
// weights change and with dropout.
type History struct {
	TrainLoss     []float64  `json:"train_loss"`
	TrainAccuracy []*float64 `json:"train_accuracy"`
	ValLoss       []float64  `json:"val_loss"`
	ValAccuracy   []*float64 `json:"val_accuracy"`
	GradientNorm  []float64  `json:"gradient_norm"` // mean over the batches, before clipping
}

// TestMetrics is the quality on the test part under the names of the REST API.
// For a classifier precision, recall and f1_score are means over the classes
// that occur, and test_accuracy is the share of right classes; for a regression
// it is the share of right signs and the rest is null.
type TestMetrics struct {
	TestLoss           float64  `json:"test_loss"` // the loss trained on
	TestLossUnweighted float64  `json:"test_loss_unweighted"`
	TestAccuracy       float64  `json:"test_accuracy"`
	Precision          *float64 `json:"precision"`
	Recall             *float64 `json:"recall"`
	F1Score            *float64 `json:"f1_score"`
}

// ModelInfo describes the network.
type ModelInfo struct {
	ParametersCount     int       `json:"parameters_count"`
	TrainableParameters int       `json:"trainable_parameters"`
	Architecture        string    `json:"architecture"` // for example mlp 50-64-32-3 relu
	Config              nn.Config `json:"config"`
}

// DataSummary tells what was trained on and what was left out.
type DataSummary struct {
	Symbols       []market.Symbol    `json:"symbols"`
	Timeframes    []market.Timeframe `json:"timeframes"`
	StartDate     string             `json:"start_date"` // when the first decision bar used opens
	EndDate       string             `json:"end_date"`   // when the last label used is known
	TotalSamples  int                `json:"total_samples"`
	FeatureCount  int                `json:"feature_count"`
	Bars          int                `json:"bars"`               // in the span asked for
	Incomplete    int                `json:"incomplete_rows"`    // left out: a feature is not known
	Unlabelled    int                `json:"unlabelled_rows"`    // left out: no label yet
	Eventless     int                `json:"eventless_rows"`     // left out: the event filter of the labels
	Purged        int                `json:"purged_rows"`        // left out: the label reaches into the next part
	Embargoed     int                `json:"embargoed_rows"`     // left out: too close after a border
	Cut           int                `json:"cut_rows"`           // left out: the window reaches into the part before
	LabelHorizon  int                `json:"label_horizon_bars"` // most bars that a label looks ahead
	ClassWeights  []float32          `json:"class_weights"`      // in the order of the classes; null where none
	TrainSplit    SplitSummary       `json:"train"`
	ValidateSplit SplitSummary       `json:"validation"`
	TestSplit     SplitSummary       `json:"test"`
}

// PartQuality is the quality on each part.
type PartQuality struct {
	Train      Quality `json:"train"`
	Validation Quality `json:"validation"`
	Test       Quality `json:"test"`
}

// chunkRows is how many rows are evaluated between two looks at the context.
const chunkRows = 256

// evaluate measures the network on all parts.
func evaluate(ctx context.Context, in Input, t *table, parts division, network answerer, loss nn.Loss, f nn.Fitting) (Evaluation, error) {
	splits := parts.splits(t)
	e := Evaluation{
		TrainingMetrics: course(in, f), ModelInfo: describeModel(network),
		DataSummary: DataSummary{
			Symbols: in.Strategy.Symbols, Timeframes: in.Strategy.Timeframes,
			StartDate: market.Stamp(splits.Train.From), EndDate: market.Stamp(max(splits.Train.To, splits.Validation.To, splits.Test.To)),
			TotalSamples: t.len(), FeatureCount: t.width, Bars: t.counts.bars, Incomplete: t.counts.incomplete,
			Unlabelled: t.counts.unlabelled, Eventless: t.counts.eventless, Purged: parts.purged, Embargoed: parts.embargoed, Cut: parts.cut, LabelHorizon: t.counts.horizon,
			ClassWeights: loss.ClassWeights, TrainSplit: t.summarise(parts.train, splits.Train),
			ValidateSplit: t.summarise(parts.validation, splits.Validation), TestSplit: t.summarise(parts.test, splits.Test),
		},
		Warnings: warnings(t, parts.train),
	}
	if err := e.examine(ctx, in, t.data(parts.validation), network, loss); err != nil {
		return Evaluation{}, err
	}
	var base baseline
	for _, p := range [...]struct {
		name    string
		part    part
		quality *Quality
	}{{"training", parts.train, &e.Quality.Train}, {"validation", parts.validation, &e.Quality.Validation}, {"test", parts.test, &e.Quality.Test}} {
		data := t.data(p.part)
		outputs, err := infer(ctx, network, data)
		if err != nil {
			return Evaluation{}, err
		}
		if p.part == parts.train {
			base = baselineOf(t.classes, data)
		}
		*p.quality = measure(t.classes, outputs, data, loss, base, e.Calibration.temperature())
		if err := bounded(p.quality.Loss, p.name, feature.SchemaOf(in.Strategy).Names, t, p.part); err != nil {
			return Evaluation{}, err
		}
	}
	q := e.Quality
	e.TrainingMetrics.FinalTrainLoss, e.TrainingMetrics.FinalTrainAccuracy = q.Train.Loss, q.Train.Accuracy
	e.TrainingMetrics.FinalValLoss, e.TrainingMetrics.FinalValAccuracy = q.Validation.Loss, q.Validation.Accuracy
	e.TestMetrics = TestMetrics{TestLoss: q.Test.Loss, TestLossUnweighted: q.Test.UnweightedLoss}
	if q.Test.Regression != nil {
		e.TestMetrics.TestAccuracy = q.Test.SignAccuracy
	} else {
		e.TestMetrics.TestAccuracy = *q.Test.Accuracy
		e.TestMetrics.Precision, e.TestMetrics.Recall, e.TestMetrics.F1Score = &q.Test.Precision, &q.Test.Recall, &q.Test.F1
	}
	return e, nil
}

// examine fills in what the validation rows say beyond their loss.
func (e *Evaluation) examine(ctx context.Context, in Input, d nn.Data, network answerer, loss nn.Loss) (err error) {
	outputs, err := infer(ctx, network, d)
	if err != nil {
		return err
	}
	if in.Strategy.Training.Ensemble.Networks() == 1 { // the networks of an ensemble have one each
		e.Calibration = calibrate(in.Strategy, outputs, network.Config().Outputs, d.Class)
	}
	e.Importance, err = importance(ctx, feature.SchemaOf(in.Strategy).Names, network, d, loss, in.Strategy.Training.Seed)
	return err
}

// infer returns the outputs for all rows.
func infer(ctx context.Context, n answerer, d nn.Data) ([]float32, error) {
	width, rows, in := n.Config().Outputs, d.Len(), n.Config().Inputs
	outputs := make([]float32, rows*width)
	for from := 0; from < rows; from += chunkRows {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		to := min(from+chunkRows, rows)
		if d.At != nil {
			n.InferAt(outputs[from*width:to*width], d.X, d.At[from:to])
		} else {
			n.Infer(outputs[from*width:to*width], d.X[from*in:to*in], to-from)
		}
	}
	return outputs, nil
}

// course copies the history.
func course(in Input, f nn.Fitting) TrainingMetrics {
	m := TrainingMetrics{
		EpochsCompleted: len(f.History), EpochsPlanned: in.Strategy.Training.Epochs, BestEpoch: f.Best, EarlyStopped: f.Stopped,
	}
	for _, e := range f.History {
		m.History.TrainLoss = append(m.History.TrainLoss, e.Train.Loss)
		m.History.TrainAccuracy = append(m.History.TrainAccuracy, known(e.Train.Accuracy))
		m.History.ValLoss = append(m.History.ValLoss, e.Validation.Loss)
		m.History.ValAccuracy = append(m.History.ValAccuracy, known(e.Validation.Accuracy))
		m.History.GradientNorm = append(m.History.GradientNorm, e.GradientNorm)
	}
	return m
}

// known returns a pointer to v, nil where v is NaN.
func known(v float64) *float64 {
	if math.IsNaN(v) {
		return nil
	}
	return &v
}

func describeModel(n answerer) ModelInfo {
	c := n.Config()
	text := fmt.Sprintf("%v %d", c.Cell, c.Inputs)
	for _, width := range append(c.Hidden, c.Outputs) {
		text += fmt.Sprintf("-%d", width)
	}
	if c.Cell == nn.Perceptron {
		text += " " + c.Activation.String()
	} else {
		text += fmt.Sprintf(" window %d", c.Window)
	}
	return ModelInfo{
		ParametersCount: c.Parameters(), TrainableParameters: c.Parameters(),
		Architecture: text, Config: n.Config(),
	}
}
