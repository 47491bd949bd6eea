package strategy

import (
	"errors"
	"math"

	"github.com/ktrdr/ktrdr/internal/core/label"
)

// labelParameters lists the parameters of each label source.
var labelParameters = map[label.Source][]string{
	label.ZigZag:        {"zigzag_threshold", "label_lookahead"},
	label.ForwardReturn: {"horizon"},
	label.TripleBarrier: {"pt_multiplier", "sl_multiplier", "max_holding_period", "vol_span", "vol_method"},
}

// wrongLabelKeys are names that files use for parameters of another name.
var wrongLabelKeys = map[string]string{
	"profit_target_atr": "pt_multiplier", "stop_loss_atr": "sl_multiplier", "max_holding_bars": "max_holding_period",
	"atr_period": "vol_span", "threshold": "zigzag_threshold", "lookahead": "label_lookahead",
}

var laterLabelKeys = []string{"cusum_threshold", "cusum_multiplier", "compute_weights"}

// labelShape returns the keys of labels of one source. It says of keys of the
// others whose they are.
func labelShape(source label.Source) shape {
	s := shape{keys: append([]string{"source", "entry"}, labelParameters[source]...), later: laterLabelKeys, hints: map[string]string{}}
	for wrong, right := range wrongLabelKeys {
		s.hints[wrong] = "the key is called " + right
	}
	for _, other := range label.Sources() {
		for _, key := range labelParameters[other] {
			if other != source {
				s.hints[key] = "it belongs to " + string(other) + " labels and has no effect with " + string(source) + ": remove it"
			}
		}
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
	if f, ok = n.fields(labelShape(source)); !ok {
		return
	}
	spec := label.Default(source)
	spec.Entry = label.Entry(f.choice("entry", string(spec.Entry), []string{string(label.NextOpen), string(label.AtClose)}, nil))
	spec.Threshold = f.number("zigzag_threshold", spec.Threshold, anyNumber)
	spec.Lookahead = f.anyWhole("label_lookahead", spec.Lookahead)
	spec.Horizon = f.anyWhole("horizon", spec.Horizon)
	spec.PTMultiplier = f.number("pt_multiplier", spec.PTMultiplier, anyNumber)
	spec.SLMultiplier = f.number("sl_multiplier", spec.SLMultiplier, anyNumber)
	spec.MaxHolding = f.anyWhole("max_holding_period", spec.MaxHolding)
	spec.VolSpan = f.anyWhole("vol_span", spec.VolSpan)
	spec.VolMethod = label.VolMethod(f.choice("vol_method", string(spec.VolMethod), []string{string(label.VolATR), string(label.VolClose)}, nil))
	f.reject(spec.Validate(), func(err error) (key, problem string) {
		if wrong, ok := errors.AsType[*label.FieldError](err); ok {
			return wrong.Field, wrong.Problem
		}
		return "", err.Error()
	})
	s.Training.Labels = spec
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
	n, ok := f.need("source", alternatives(sources))
	if !ok {
		return "", false
	}
	v, ok := n.choice(sources, []string{"context", "regime"})
	return label.Source(v), ok
}

// labelFitsOutput reports labels that the output format cannot learn.
func (d *decoder) labelFitsOutput(s *Strategy, f fields, source label.Source) {
	n, _ := f.get("source")
	isReturn := source == label.ForwardReturn
	switch {
	case s.Decisions.OutputFormat == Classification && isReturn:
		n.problem("forward_return labels are numbers and output_format is classification: want zigzag or triple_barrier, or output_format: regression")
	case s.Decisions.OutputFormat == Regression && !isReturn:
		n.problem("%s labels are classes and output_format is regression: want forward_return, or output_format: classification", source)
	}
}

// labelsObject is the label specification in the form of the file.
func labelsObject(spec label.Spec) object {
	o := object{{"source", spec.Source}, {"entry", spec.Entry}}
	values := map[string]any{
		"zigzag_threshold": spec.Threshold, "label_lookahead": spec.Lookahead, "horizon": spec.Horizon,
		"pt_multiplier": spec.PTMultiplier, "sl_multiplier": spec.SLMultiplier, "max_holding_period": spec.MaxHolding,
		"vol_span": spec.VolSpan, "vol_method": spec.VolMethod,
	}
	for _, key := range labelParameters[spec.Source] {
		o = append(o, member{key, values[key]})
	}
	return o
}
