package strategy

import (
	"github.com/ktrdr/ktrdr/internal/core/label"
)

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
