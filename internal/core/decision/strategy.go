package decision

import (
	"fmt"

	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// RulesOf returns the rules that s asks for. A regression strategy may always go
// short. So may one without position awareness, which trades every signal from
// flat; with it, shorts are opened only where allow_short_from_flat says so. A
// separation in time, MinSeparationSeconds, is no part of them: whoever has the
// bars knows how many it takes.
func RulesOf(s *strategy.Strategy) Rules {
	d := s.Decisions
	regression := d.OutputFormat == strategy.Regression
	return Rules{
		Regression:          regression,
		ConfidenceThreshold: d.ConfidenceThreshold,
		MinSignalSeparation: d.MinSignalSeparation,
		AllowShort:          regression || d.AllowShortFromFlat || !d.PositionAwareness,
	}
}

// HeadOf returns the head for a model of s whose outputs are classes, as its
// manifest lists them; none for regression.
func HeadOf(s *strategy.Strategy, classes []string) (Head, error) {
	switch d := s.Decisions; d.OutputFormat {
	case strategy.Classification:
		return Classifier(classes)
	case strategy.Regression:
		if len(classes) > 0 {
			return Head{}, fmt.Errorf("strategy %s predicts a return, but the model has the classes %v: train it again", s.Name, classes)
		}
		return Regressor(d.CostModel.RoundTripCost, d.CostModel.MinEdgeMultiplier)
	case strategy.RegimeClassification, strategy.ContextClassification, strategy.MetaClassification:
		return Head{}, fmt.Errorf("strategy %s has the output_format %s and makes no trades by itself, so there is nothing to backtest: "+
			"backtest an ensemble that its model is part of", s.Name, d.OutputFormat)
	default:
		return Head{}, fmt.Errorf("strategy %s: unknown output format %q: want %s or %s", s.Name, d.OutputFormat, strategy.Classification, strategy.Regression)
	}
}
