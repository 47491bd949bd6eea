package strategy

import (
	"errors"
	"math"
	"slices"
	"strings"

	"github.com/ktrdr/ktrdr/internal/core/label"
)

// wrongLabelKeys are names that files use for parameters of another name.
var wrongLabelKeys = map[string]string{
	"profit_target_atr": "pt_multiplier", "stop_loss_atr": "sl_multiplier", "max_holding_bars": "max_holding_period",
	"atr_period": "vol_span", "threshold": "zigzag_threshold", "lookahead": "label_lookahead",
	"num_classes": "classes", "n_classes": "classes", "sample_weights": "compute_weights", "cusum": "cusum_threshold",
}

// commonLabelKeys stand in labels of every source.
var commonLabelKeys = []string{"source", "compute_weights", "cusum_threshold"}

// labelShape returns the keys of labels of one source. It says of keys of the
// others whose they are. Without a threshold events take two keys more.
func labelShape(source label.Source, isAutomatic bool) shape {
	s := shape{keys: slices.Concat(commonLabelKeys, source.Parameters()), hints: map[string]string{}}
	owners := make(map[string][]string)
	for _, other := range label.Sources() {
		for _, key := range other.Parameters() {
			owners[key] = append(owners[key], string(other))
		}
	}
	for key, of := range owners {
		s.hints[key] = "it belongs to " + strings.Join(of, ", ") + " labels and has no effect with " + string(source) + ": remove it"
	}
	for wrong, right := range wrongLabelKeys {
		if slices.Contains(s.keys, right) {
			s.hints[wrong] = "the key is called " + right
		}
	}
	const ifAutomatic = "it has no effect unless cusum_threshold is 0, which makes the threshold follow from the volatility: remove it"
	if isAutomatic {
		s.keys = append(s.keys, "cusum_multiplier", "vol_span")
	} else {
		s.hints["cusum_multiplier"] = ifAutomatic
	}
	return s
}

func (d *decoder) labels(s *Strategy, n node) {
	f, ok := n.entries()
	if !ok {
		return
	}
	source, ok := d.labelSource(f)
	if !ok {
		return
	}
	d.labelFitsOutput(s, f, source)
	if source == metaSource {
		d.metaLabels(s, n)
		return
	}
	threshold, hasEvents := f.get("cusum_threshold")
	isAutomatic := hasEvents && threshold.isPlain() && numberPattern.MatchString(threshold.yaml.Value) && f.number("cusum_threshold", 1, anyNumber) == 0
	if f, ok = n.fields(labelShape(source, isAutomatic)); !ok {
		return
	}
	spec := label.Default(source)
	f.trade(&spec)
	f.market(&spec)
	spec.ComputeWeights = f.flag("compute_weights", false)
	if spec.CUSUM = hasEvents; hasEvents {
		spec.CUSUMThreshold = f.number("cusum_threshold", 1e-3, interval{low: 0, high: 1, highOpen: true})
	}
	if isAutomatic {
		spec.CUSUMMultiplier = f.number("cusum_multiplier", label.DefaultCUSUMMultiplier, anyNumber)
		spec.VolSpan = f.anyWhole("vol_span", label.DefaultVolSpan)
	}
	f.reject(spec.Validate(), labelProblem)
	s.Training.Labels = spec
}

// labelProblem says at which key an error of label.Spec.Validate is.
func labelProblem(err error) (key, problem string) {
	if wrong, ok := errors.AsType[*label.FieldError](err); ok {
		return wrong.Field, wrong.Problem
	}
	return "", err.Error()
}

// trade reads the parameters of labels that are trades. Those of another source
// are not among the keys and stay as they are.
func (f fields) trade(spec *label.Spec) {
	entries := []string{string(label.NextOpen), string(label.AtClose)}
	spec.Entry = label.Entry(f.choice("entry", string(spec.Entry), entries))
	spec.Classes = f.whole("classes", spec.Classes, 2, 3)
	spec.Threshold = f.number("zigzag_threshold", spec.Threshold, anyNumber)
	spec.Lookahead = f.anyWhole("label_lookahead", spec.Lookahead)
	spec.Horizon = f.anyWhole("horizon", spec.Horizon)
	spec.PTMultiplier = f.number("pt_multiplier", spec.PTMultiplier, anyNumber)
	spec.SLMultiplier = f.number("sl_multiplier", spec.SLMultiplier, anyNumber)
	spec.MaxHolding = f.anyWhole("max_holding_period", spec.MaxHolding)
	if spec.Classes == 2 {
		spec.HoldThreshold = 0
	}
	spec.HoldThreshold = f.number("hold_threshold", spec.HoldThreshold, interval{low: 0, lowOpen: true, high: 100})
	spec.VolSpan = f.anyWhole("vol_span", spec.VolSpan)
	spec.VolMethod = label.VolMethod(f.choice("vol_method", string(spec.VolMethod), []string{string(label.VolATR), string(label.VolClose)}))
}

// market reads the parameters of labels that describe the market.
func (f fields) market(spec *label.Spec) {
	for _, p := range [...]struct {
		key   string
		value *float64
	}{
		{"macro_atr_mult", &spec.MacroATRMult}, {"micro_atr_mult", &spec.MicroATRMult},
		{"progression_tolerance", &spec.ProgressionTolerance}, {"vol_crisis_threshold", &spec.VolCrisisThreshold},
		{"trending_threshold", &spec.TrendingThreshold},
		{"bullish_threshold", &spec.BullishThreshold}, {"bearish_threshold", &spec.BearishThreshold},
	} {
		*p.value = f.number(p.key, *p.value, anyNumber)
	}
	spec.ATRPeriod = f.anyWhole("atr_period", spec.ATRPeriod)
	spec.VolLookback = f.anyWhole("vol_lookback", spec.VolLookback)
}

// anyNumber and anyWhole leave the range to label.Spec.Validate.
var anyNumber = interval{low: -math.MaxFloat64, high: math.MaxFloat64}

func (f fields) anyWhole(name string, def int) int {
	return f.whole(name, def, math.MinInt32, math.MaxInt32)
}

func (d *decoder) labelSource(f fields) (label.Source, bool) {
	var sources []string
	for _, source := range label.Sources() {
		sources = append(sources, string(source))
	}
	sources = append(sources, string(metaSource))
	n, ok := f.need("source", alternatives(sources))
	if !ok {
		return "", false
	}
	v, ok := n.choice(sources)
	return label.Source(v), ok
}

// labelFitsOutput reports labels that the output format cannot learn.
func (d *decoder) labelFitsOutput(s *Strategy, f fields, source label.Source) {
	want := Classification
	switch source {
	case label.ForwardReturn:
		want = Regression
	case label.Regime, label.SingleScaleRegime:
		want = RegimeClassification
	case label.Context:
		want = ContextClassification
	case metaSource:
		want = MetaClassification
	}
	if have := s.Decisions.OutputFormat; have != "" && have != want {
		n, _ := f.get("source")
		n.problem("%s labels are for output_format %s, not for %s: change one of the two", source, want, have)
	}
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
