package grammar

import (
	"errors"
	"math"
	"slices"
	"strings"

	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/label"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
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
func labelShape(source label.Source, isAutomatic bool) document.Keys {
	s := document.Keys{Names: slices.Concat(commonLabelKeys, source.Parameters()), Hints: map[string]string{}}
	owners := make(map[string][]string)
	for _, other := range label.Sources() {
		for _, key := range other.Parameters() {
			owners[key] = append(owners[key], string(other))
		}
	}
	for key, of := range owners {
		s.Hints[key] = "it belongs to " + strings.Join(of, ", ") + " labels and has no effect with " + string(source) + ": remove it"
	}
	for wrong, right := range wrongLabelKeys {
		if slices.Contains(s.Names, right) {
			s.Hints[wrong] = "the key is called " + right
		}
	}
	const ifAutomatic = "it has no effect unless cusum_threshold is 0, which makes the threshold follow from the volatility: remove it"
	if isAutomatic {
		s.Names = append(s.Names, "cusum_multiplier", "vol_span")
	} else {
		s.Hints["cusum_multiplier"] = ifAutomatic
	}
	return s
}

func (d *decoder) labels(s *strategy.Strategy, n document.Node) {
	f, ok := n.Entries()
	if !ok {
		return
	}
	source, ok := d.labelSource(f)
	if !ok {
		return
	}
	d.labelFitsOutput(s, f, source)
	if source == strategy.MetaSource {
		d.metaLabels(s, n)
		return
	}
	threshold, hasEvents := f.Get("cusum_threshold")
	isAutomatic := hasEvents && threshold.IsNumber() && f.Number("cusum_threshold", 1, anyNumber) == 0
	if f, ok = n.Mapping(labelShape(source, isAutomatic)); !ok {
		return
	}
	spec := label.Default(source)
	trade(f, &spec)
	regimes(f, &spec)
	spec.ComputeWeights = f.Flag("compute_weights", false)
	if spec.CUSUM = hasEvents; hasEvents {
		spec.CUSUMThreshold = f.Number("cusum_threshold", 1e-3, document.Interval{Low: 0, High: 1, HighOpen: true})
	}
	if isAutomatic {
		spec.CUSUMMultiplier = f.Number("cusum_multiplier", label.DefaultCUSUMMultiplier, anyNumber)
		spec.VolSpan = anyWhole(f, "vol_span", label.DefaultVolSpan)
	}
	f.Reject(spec.Validate(), labelProblem)
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
func trade(f document.Mapping, spec *label.Spec) {
	entries := []string{string(label.NextOpen), string(label.AtClose)}
	spec.Entry = label.Entry(f.Choice("entry", string(spec.Entry), entries))
	spec.Classes = f.Whole("classes", spec.Classes, 2, 3)
	spec.Threshold = f.Number("zigzag_threshold", spec.Threshold, anyNumber)
	spec.Lookahead = anyWhole(f, "label_lookahead", spec.Lookahead)
	spec.Horizon = anyWhole(f, "horizon", spec.Horizon)
	spec.PTMultiplier = f.Number("pt_multiplier", spec.PTMultiplier, anyNumber)
	spec.SLMultiplier = f.Number("sl_multiplier", spec.SLMultiplier, anyNumber)
	spec.MaxHolding = anyWhole(f, "max_holding_period", spec.MaxHolding)
	if spec.Classes == 2 {
		spec.HoldThreshold = 0
	}
	spec.HoldThreshold = f.Number("hold_threshold", spec.HoldThreshold, document.Interval{Low: 0, LowOpen: true, High: 100})
	spec.VolSpan = anyWhole(f, "vol_span", spec.VolSpan)
	spec.VolMethod = label.VolMethod(f.Choice("vol_method", string(spec.VolMethod), []string{string(label.VolATR), string(label.VolClose)}))
}

// market reads the parameters of labels that describe the market.
func regimes(f document.Mapping, spec *label.Spec) {
	for _, p := range [...]struct {
		key   string
		value *float64
	}{
		{"macro_atr_mult", &spec.MacroATRMult}, {"micro_atr_mult", &spec.MicroATRMult},
		{"progression_tolerance", &spec.ProgressionTolerance}, {"vol_crisis_threshold", &spec.VolCrisisThreshold},
		{"trending_threshold", &spec.TrendingThreshold},
		{"bullish_threshold", &spec.BullishThreshold}, {"bearish_threshold", &spec.BearishThreshold},
	} {
		*p.value = f.Number(p.key, *p.value, anyNumber)
	}
	spec.ATRPeriod = anyWhole(f, "atr_period", spec.ATRPeriod)
	spec.VolLookback = anyWhole(f, "vol_lookback", spec.VolLookback)
}

// anyNumber and anyWhole leave the range to label.Spec.Validate.
var anyNumber = document.Interval{Low: -math.MaxFloat64, High: math.MaxFloat64}

func anyWhole(f document.Mapping, name string, def int) int {
	return f.Whole(name, def, math.MinInt32, math.MaxInt32)
}

func (d *decoder) labelSource(f document.Mapping) (label.Source, bool) {
	var sources []string
	for _, source := range label.Sources() {
		sources = append(sources, string(source))
	}
	sources = append(sources, string(strategy.MetaSource))
	n, ok := f.Need("source", document.Alternatives(sources))
	if !ok {
		return "", false
	}
	v, ok := n.Choice(sources)
	return label.Source(v), ok
}

// labelFitsOutput reports labels that the output format cannot learn.
func (d *decoder) labelFitsOutput(s *strategy.Strategy, f document.Mapping, source label.Source) {
	want := strategy.Classification
	switch source {
	case label.ForwardReturn:
		want = strategy.Regression
	case label.Regime, label.SingleScaleRegime:
		want = strategy.RegimeClassification
	case label.Context:
		want = strategy.ContextClassification
	case strategy.MetaSource:
		want = strategy.MetaClassification
	}
	if have := s.Decisions.OutputFormat; have != "" && have != want {
		n, _ := f.Get("source")
		n.Problem("%s labels are for output_format %s, not for %s: change one of the two", source, want, have)
	}
}
