package strategy

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/fuzzy"
	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/label"
)

// Hash returns the SHA-256 of what the strategy means, as 64 hexadecimal digits.
// Layout, comments, the order of keys that has no effect, and defaults written
// out or left out do not change it, nor do name, description and hypothesis;
// everything that can change a trained model or a trade does.
func (s *Strategy) Hash() string {
	sum := sha256.Sum256(s.meaning(allParameters).encode())
	return hex.EncodeToString(sum[:])
}

// MarshalCanonical returns the strategy as one line of JSON, which is also a
// strategy file: Parse reads it back. Every default is written out, except of
// keys that turn something on, and keys whose order has no effect are sorted.
func (s *Strategy) MarshalCanonical() []byte {
	about := object{{"name", s.Name}, {"description", s.Description}, {"version", s.Version}, {"hypothesis", s.Hypothesis}}
	return append(about, s.meaning(written)...).encode()
}

// An object is a JSON object that keeps the order of its keys.
type object []member

type member struct {
	key   string
	value any
}

func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		key, err := json.Marshal(m.key)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func (o object) encode() []byte {
	b, err := json.Marshal(o)
	if err != nil {
		panic("strategy: a checked strategy does not encode: " + err.Error())
	}
	return b
}

// meaning is the strategy without what only describes it, with those parameters of
// its indicators that parameters tells.
func (s *Strategy) meaning(parameters func(indicator.Indicator) []string) object {
	o := object{{"training_data", s.trainingDataObject()}}
	if s.Context != nil {
		o = append(o, member{"context_data", s.contextList()})
	}
	if x := s.Deployment.object(); x != nil {
		o = append(o, member{"deployment", x})
	}
	if period := periodObject(s.BacktestPeriod); period != nil {
		o = append(o, member{"backtest", object{{"date_range", period}}})
	}
	return append(o, object{
		{"indicators", s.indicatorsObject(parameters)},
		{"fuzzy_sets", s.fuzzySetsObject()},
		{"nn_inputs", s.inputsList()},
		{"model", object{{"type", s.Model.Type}, {"architecture", s.architectureObject()}}},
		{"training", s.trainingObject()},
		{"decisions", s.decisionsObject()},
	}...)
}

func (s *Strategy) trainingDataObject() object {
	mode := func(n int, many string) string {
		if n > 1 {
			return many
		}
		return "single"
	}
	o := object{
		{"symbols", object{{"mode", mode(len(s.Symbols), "multi_symbol")}, {"list", s.Symbols}}},
		{"timeframes", object{{"mode", mode(len(s.Timeframes), "multi_timeframe")}, {"list", s.Timeframes}, {"base_timeframe", s.Base}}},
	}
	if period := periodObject(s.Period); period != nil {
		o = append(o, member{"date_range", period})
	}
	return o
}

// allParameters returns the parameters of an indicator.
func allParameters(in indicator.Indicator) []string {
	var names []string
	for _, p := range in.Spec().Params {
		names = append(names, p.Name)
	}
	return names
}

// written returns the parameters that a file can give: those that have an effect
// beside the others.
func written(in indicator.Indicator) []string {
	names := allParameters(in)
	for {
		given := map[string]indicator.Value{}
		for _, name := range names {
			given[name] = in.Value(name)
		}
		_, err := in.Spec().New(given)
		wrong, ok := errors.AsType[*indicator.ParamError](err)
		if !ok {
			return names
		}
		names = slices.DeleteFunc(names, func(name string) bool { return name == wrong.Param })
	}
}

func (s *Strategy) indicatorsObject(parameters func(indicator.Indicator) []string) object {
	var o object
	for _, x := range s.Indicators {
		spec := x.Indicator.Spec()
		entry := object{{"type", spec.Name}}
		for _, name := range parameters(x.Indicator) {
			entry = append(entry, member{name, x.Indicator.Value(name).Any()})
		}
		if x.Source != "" {
			entry = append(entry, member{"data_source", x.Source})
		}
		o = append(o, member{x.ID, entry})
	}
	return o.sorted()
}

func (s *Strategy) fuzzySetsObject() object {
	var o object
	for _, set := range s.FuzzySets {
		entry := set.fuzzySetObject()
		for i, m := range set.Sets {
			entry = append(entry, member{m.Name, set.setObject(i)})
		}
		o = append(o, member{set.ID, entry})
	}
	return o.sorted()
}

// setObject is set i.
func (set FuzzySet) setObject(i int) object {
	if set.Place != "" {
		return hedged(object{{"type", set.Shapes[i].Kind.String()}}, set.Shapes[i].Hedge)
	}
	f := set.Sets[i].Function
	return hedged(object{{"type", f.Kind().String()}, {"parameters", f.Params()}}, f.Hedge())
}

func hedged(o object, h fuzzy.Hedge) object {
	if h == fuzzy.Plain {
		return o
	}
	return append(o, member{"hedge", h.String()})
}

// sorted returns o in the order of its keys, which its own has no effect.
func (o object) sorted() object {
	slices.SortFunc(o, func(a, b member) int { return cmp.Compare(a.key, b.key) })
	return o
}

func (s *Strategy) inputsList() []object {
	var list []object
	for _, in := range s.Inputs {
		var timeframes any = in.Timeframes
		if slices.Equal(in.Timeframes, s.Timeframes) {
			timeframes = "all"
		}
		entry := object{{"fuzzy_set", in.FuzzySet}, {"timeframes", timeframes}}
		if in.FuzzySet == "" {
			entry = object{{"raw_indicator", in.Raw.Reference}, {"timeframes", timeframes}, {"normalization", in.Raw.Normalization}}
		}
		if in.Lags > 0 {
			entry = append(entry, member{"lags", in.Lags})
		}
		list = append(list, entry)
	}
	return list
}

// architectureObject leaves out what is off, and so does trainingObject: a hash
// outlives the keys that later versions add.
func (s *Strategy) architectureObject() object {
	if s.Model.Type != TypeMLP {
		return object{{"hidden_size", s.Model.Hidden[0]}, {"num_layers", len(s.Model.Hidden)},
			{"sequence_length", s.Model.Sequence}, {"dropout", s.Model.Dropout}}
	}
	o := object{{"hidden_layers", s.Model.Hidden}, {"activation", s.Model.Activation}, {"dropout", s.Model.Dropout}}
	if s.Model.LayerNorm {
		o = append(o, member{"layer_norm", true})
	}
	return o
}

func (s *Strategy) trainingObject() object {
	t := s.Training
	o := object{{"labels", labelObject(t)}, {"epochs", t.Epochs}, {"batch_size", t.BatchSize}, {"learning_rate", t.LearningRate},
		{"optimizer", t.Optimizer}, {"loss", t.Loss}, {"weight_decay", t.WeightDecay}, {"gradient_clip", t.GradientClip},
		{"data_split", object{{"train", t.Split.Train}, {"validation", t.Split.Validation}, {"test", t.Split.Test}}},
		{"embargo_bars", t.EmbargoBars}, {"seed", t.Seed}}
	switch {
	case t.Loss == LossHuber:
		o = append(o, member{"huber_delta", t.HuberDelta})
	case t.Loss == LossFocal:
		o = append(o, member{"focal_gamma", t.FocalGamma})
	case t.Loss == LossQuantile:
		o = append(o, member{"quantile", t.Quantile})
	case t.LabelSmoothing > 0:
		o = append(o, member{"label_smoothing", t.LabelSmoothing})
	}
	if t.Optimizer == OptimizerSGD {
		o = append(o, member{"momentum", t.Momentum})
	}
	if t.Calibration == CalibrationTemperature {
		o = append(o, member{"calibration", t.Calibration})
	}
	if t.Ensemble.Networks() > 1 {
		o = append(o, member{"ensemble", ensembleObject(t.Ensemble)})
	}
	if t.Schedule.Type != "" {
		o = append(o, member{"lr_scheduler", scheduleObject(t.Schedule)})
	}
	if s.Decisions.OutputFormat != Regression {
		o = append(o, member{"class_weights", t.ClassWeights})
	}
	if t.EarlyStopping.Patience == 0 {
		return append(o, member{"early_stopping", false})
	}
	return append(o, member{"early_stopping", object{{"patience", t.EarlyStopping.Patience}, {"min_delta", t.EarlyStopping.MinDelta}}})
}

func (s *Strategy) decisionsObject() object {
	r := s.Decisions
	if !r.Trades() {
		return object{{"output_format", r.OutputFormat}}
	}
	o := object{{"output_format", r.OutputFormat}, {"position_awareness", r.PositionAwareness},
		{"filters", object{{"min_signal_separation", separationValue(r)}}}, {"allow_short_from_flat", r.AllowShortFromFlat}}
	if r.Exits != (Exits{}) {
		o = append(o, member{"exits", exitsValue(r.Exits)})
	}
	if r.Costs != (Costs{}) {
		o = append(o, member{"costs", costsObject(r.Costs)})
	}
	if r.Account != (Account{}) {
		o = append(o, member{"account", accountObject(r.Account)})
	}
	if r.Fills != (Fills{}) {
		o = append(o, member{"fills", fillsObject(r.Fills)})
	}
	if r.Sizing != (Sizing{}) {
		o = append(o, member{"sizing", sizingObject(r.Sizing)})
	}
	if r.OutputFormat == Regression {
		return append(o, member{"cost_model", object{
			{"round_trip_cost", r.CostModel.RoundTripCost}, {"min_edge_multiplier", r.CostModel.MinEdgeMultiplier}}})
	}
	return append(o, member{"confidence_threshold", r.ConfidenceThreshold})
}

// labelsObject is the label specification in the form of the file. It leaves out
// what is off: a hash outlives the keys that later versions add.
func labelsObject(spec label.Spec) object {
	o := object{{"source", spec.Source}}
	values := map[string]any{
		"entry": spec.Entry, "zigzag_threshold": spec.Threshold, "label_lookahead": spec.Lookahead, "horizon": spec.Horizon,
		"pt_multiplier": spec.PTMultiplier, "sl_multiplier": spec.SLMultiplier, "max_holding_period": spec.MaxHolding,
		"vol_span": spec.VolSpan, "vol_method": spec.VolMethod,
		"macro_atr_mult": spec.MacroATRMult, "micro_atr_mult": spec.MicroATRMult, "atr_period": spec.ATRPeriod,
		"progression_tolerance": spec.ProgressionTolerance, "vol_lookback": spec.VolLookback,
		"vol_crisis_threshold": spec.VolCrisisThreshold, "trending_threshold": spec.TrendingThreshold,
		"bullish_threshold": spec.BullishThreshold, "bearish_threshold": spec.BearishThreshold,
	}
	if spec.Classes == 2 {
		values["classes"] = spec.Classes
	} else if spec.HoldThreshold != label.DefaultHoldThreshold {
		values["hold_threshold"] = spec.HoldThreshold
	}
	for _, key := range spec.Source.Parameters() {
		if v, ok := values[key]; ok {
			o = append(o, member{key, v})
		}
	}
	if spec.ComputeWeights {
		o = append(o, member{"compute_weights", true})
	}
	if spec.CUSUM {
		o = append(o, member{"cusum_threshold", spec.CUSUMThreshold})
	}
	if spec.CUSUM && spec.CUSUMThreshold == 0 {
		o = append(o, member{"cusum_multiplier", spec.CUSUMMultiplier})
		if spec.Source != label.TripleBarrier {
			o = append(o, member{"vol_span", spec.VolSpan})
		}
	}
	return o
}

// MetaSource is the source of labels on the decisions of another model. The labels
// themselves are those of triple_barrier, seen from the side of each decision.
const MetaSource label.Source = "meta"

// labelObject is the labels of t in the form of the file.
func labelObject(t Training) object {
	o := labelsObject(t.Labels)
	if t.Primary == "" {
		return o
	}
	o[0].value = MetaSource
	return append(slices.DeleteFunc(o, func(m member) bool { return m.key == "classes" }), member{"primary", t.Primary})
}

// scheduleObject is the canonical form of a schedule.
func scheduleObject(x Schedule) object {
	return map[string]object{
		ScheduleStep:        {{"type", x.Type}, {"step_size", x.Every}, {"gamma", x.Factor}},
		ScheduleExponential: {{"type", x.Type}, {"gamma", x.Factor}},
		ScheduleCosine:      {{"type", x.Type}, {"min_factor", x.Floor}},
		SchedulePlateau:     {{"type", x.Type}, {"factor", x.Factor}, {"patience", x.Every}},
		ScheduleOneCycle:    {{"type", x.Type}, {"warmup", x.WarmUp}},
	}[x.Type]
}
