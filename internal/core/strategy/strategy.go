package strategy

import (
	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/fuzzy"
	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/label"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// A Strategy is one checked strategy file: every reference in it resolves,
// every number is in range, and every default is written out. Parse makes one;
// the zero value is not a strategy. Nobody writes to a Strategy after that; With
// returns a changed copy.
type Strategy struct {
	// What people read. None of it is part of the meaning (see Hash).
	Name        string
	Description string
	Version     string
	Hypothesis  string

	Symbols    []market.Symbol    // in the order written
	Timeframes []market.Timeframe // in the order written, which is the order of the features of "all"
	Base       market.Timeframe   // one row, one label, one decision per bar of this timeframe

	// Period is the range of the bars that are trained on where a request names none,
	// and in which the dates of a request lie. The zero Span is all that are held.
	Period market.Span

	// BacktestPeriod is Period of a backtest; the zero Span says nothing.
	BacktestPeriod market.Span

	Context    []Source // bars beside those of the symbols
	Indicators []Indicator
	FuzzySets  []FuzzySet
	Inputs     []Input

	Model     Model
	Training  Training
	Decisions Decisions

	Deployment Deployment

	Warnings document.Problems // what is allowed but is probably not meant
	Source   []byte            // the file as read
}

// An Indicator is an indicator with all its parameters, and the id by which
// fuzzy sets name it.
type Indicator struct {
	ID        string
	Indicator indicator.Indicator
	Source    string // id of the source whose bars it reads; "" for those of the symbol
}

// A FuzzySet groups the memberships of one output of one indicator. Output is
// "" where the indicator has one output only. Where a training places the sets,
// their functions are zero and Shapes says what each becomes.
type FuzzySet struct {
	ID          string
	IndicatorID string
	Output      string
	Sets        []fuzzy.Set   // in the order written, which is the order of the features
	Reference   string        // the price that is divided by each value first: open, high, low, close; "" for none
	Place       string        // quantile or c-means; "" where the file has the parameters
	Shapes      []fuzzy.Shape // one per set; nil where Place is ""
}

// An Input feeds the network, on each of Timeframes, the memberships of one fuzzy
// set or the values of one output of an indicator, of the decision bar and of each
// of the Lags base bars before it. All tells that the file says
// "all"; Timeframes is resolved either way.
type Input struct {
	FuzzySet   string   // "" for raw values
	Raw        RawInput // zero for a fuzzy set
	Timeframes []market.Timeframe
	All        bool
	Lags       int
}

// A RawInput is one output of an indicator that the network reads as it is, or
// on the scale that Normalization gives it.
type RawInput struct {
	Reference     string // as written, which is part of the feature's name: rsi_14 or macd.histogram
	IndicatorID   string
	Output        string
	Normalization string
}

// How the values of a raw input are scaled. All but NormalizeNone need constants
// that are fitted to the rows of a training, and to no others.
const (
	NormalizeNone   = "none"
	NormalizeMinMax = "minmax" // 0 is the least value and 1 the largest
	NormalizeZScore = "zscore" // 0 is the mean and 1 the standard deviation
)

// The values that the text fields of Model, Training and Decisions can have.
const (
	TypeMLP, TypeLSTM, TypeGRU = "mlp", "lstm", "gru"

	ActivationReLU      = "relu"
	ActivationTanh      = "tanh"
	ActivationSigmoid   = "sigmoid"
	ActivationLeakyReLU = "leaky_relu"

	OptimizerAdam, OptimizerAdamW, OptimizerSGD, OptimizerRMSProp = "adam", "adamw", "sgd", "rmsprop"

	ScheduleStep, ScheduleExponential, ScheduleCosine = "step", "exponential", "cosine"
	SchedulePlateau, ScheduleOneCycle                 = "reduce_on_plateau", "one_cycle"

	LossCrossEntropy = "cross_entropy"
	LossFocal        = "focal"
	LossHuber        = "huber"
	LossMSE          = "mse"
	LossQuantile     = "quantile"

	ClassWeightsBalanced = "balanced" // a class counts in inverse proportion to its rows
	ClassWeightsNone     = "none"

	CalibrationNone        = "none"
	CalibrationTemperature = "temperature" // confidences are made to fit the validation rows

	Classification = "classification"
	Regression     = "regression"

	RegimeClassification  = "regime_classification"  // of labels regime and single_scale_regime; makes no trades
	ContextClassification = "context_classification" // of labels context; makes no trades
	MetaClassification    = "meta_classification"    // of labels meta; makes no trades by itself
)

// A Model is the shape of the network; its input width follows from Features and
// its output width from the labels.
type Model struct {
	Type       string
	Hidden     []int   // width of each hidden layer, first to last
	Sequence   int     // bars that an lstm or gru reads at a time; 0 for mlp
	Activation string  // of mlp only
	LayerNorm  bool    // what goes into an activation is normalized over the layer
	Dropout    float64 // share of hidden units left out of each training step, in [0, 1)
}

// Training says how the network is fitted and to what.
type Training struct {
	Labels         label.Spec
	Primary        string // name or id of the model whose decisions are labelled; "" where the labels are of bars
	Epochs         int
	BatchSize      int
	LearningRate   float64
	Schedule       Schedule
	Optimizer      string
	Momentum       float64 // 0 for other optimizers than sgd
	Loss           string
	HuberDelta     float64 // residual at which huber turns from square to linear; like the next three 0 for other losses
	FocalGamma     float64 // power of 1-p by which focal plays down what is learned already
	LabelSmoothing float64 // share of a row that cross_entropy deals out to all classes alike
	Quantile       float64 // of the targets that the loss quantile fits
	WeightDecay    float64
	GradientClip   float64 // largest global norm of a gradient; 0 means no limit
	Split          Split
	EmbargoBars    int // bars left out after each split border, on top of the purge by label horizon
	EarlyStopping  EarlyStopping
	ClassWeights   string
	Calibration    string
	Seed           uint64
	Ensemble       Ensemble
}

// A Schedule says how the learning rate changes; Type "" leaves it alone. The
// fields that a type does not name are 0.
type Schedule struct {
	Type   string
	Every  int     // step: epochs between two falls; reduce_on_plateau: epochs of patience
	Factor float64 // step, exponential, reduce_on_plateau: what the rate is multiplied by
	Floor  float64 // cosine: the last rate as a share of the first
	WarmUp float64 // one_cycle: share of the steps during which the rate rises
}

// A Split shares the rows out in time order. The three sum to 1.
type Split struct{ Train, Validation, Test float64 }

// EarlyStopping ends training when the validation loss has not improved by more
// than MinDelta for Patience epochs. Patience 0 means never.
type EarlyStopping struct {
	Patience int
	MinDelta float64
}

// Decisions says how network outputs become trades.
type Decisions struct {
	OutputFormat         string
	ConfidenceThreshold  float64 // least probability to act on; 0 for regression
	PositionAwareness    bool
	MinSignalSeparation  int   // base bars between two entries
	MinSeparationSeconds int64 // or time between them; 0 where it is given in bars
	AllowShortFromFlat   bool
	CostModel            CostModel // zero for classification
	Exits                Exits
	Sizing               Sizing
	Costs                Costs
	Account              Account
	Fills                Fills
}

// A CostModel turns a predicted return into a decision: act when it exceeds
// RoundTripCost times MinEdgeMultiplier.
type CostModel struct{ RoundTripCost, MinEdgeMultiplier float64 }

// A Feature is one column of the network's input: the degree to which one output
// of one indicator, computed on the bars of one timeframe, belongs to one set, or
// the value of that output itself.
type Feature struct {
	Name          string // <timeframe>_<fuzzy set id>_<set>, or <timeframe>_<reference>_raw, and _lag_<bars>
	Timeframe     market.Timeframe
	Source        string         // id of the source whose bars are read; "" for those of the symbol
	Indicator     int            // index in Strategy.Indicators
	Output        int            // index in the indicator's outputs
	Set           fuzzy.Function // zero for a raw value, and for a set that a training places
	Normalization string         // of a raw value; "" for a degree
	Place         string         // of a set that a training places, else ""
	FuzzySet      int            // index in Strategy.FuzzySets; 0 for a raw value
	Member        int            // index in the sets of that; 0 for a raw value
	Reference     string         // the price that is divided by each value first, else ""
	Lag           int            // how many base bars before the decision bar
}

// IsRaw tells that the feature is a value and not a degree.
func (f Feature) IsRaw() bool { return f.Normalization != "" }

// IsScaled tells that the value becomes what the network reads by constants that
// a training fits: those of a scale, or those of a set.
func (f Feature) IsScaled() bool {
	return f.Place != "" || f.IsRaw() && f.Normalization != NormalizeNone
}

// Trades tells that the outputs become trades. Those of a model of regimes or of
// context describe the market, and those of meta-labels the decisions of another
// model, for others to act on.
func (r Decisions) Trades() bool {
	return r.OutputFormat == Classification || r.OutputFormat == Regression
}

// Ensemble says of how many networks a model is made, whose calibrated
// probabilities, or predicted numbers, are averaged. The zero value is one network.
type Ensemble struct {
	Seeds int // networks that begin with other weights, on each fold
	Folds int // parts of the rows before the test part, each of which validates in turn; 1 validates by data_split
}

// Networks returns how many networks there are.
func (e Ensemble) Networks() int { return max(1, e.Seeds) * max(1, e.Folds) }

// ensembleObject is the ensemble in the form of the file.
func ensembleObject(e Ensemble) object { return object{{"seeds", e.Seeds}, {"folds", e.Folds}} }
