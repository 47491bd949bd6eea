package strategy

import (
	"fmt"

	"github.com/ktrdr/ktrdr/internal/core/label"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// The ways to size an entry.
const (
	SizeUnits      = "units"             // the same number of units every time
	SizeConfidence = "confidence"        // in proportion to the confidence of the signal
	SizeVolatility = "volatility_target" // so that the position varies by the same share of equity per bar
	SizeKelly      = "kelly"             // by the chance and the size of the win and of the loss
)

// Sizing says how large an entry is. The zero value is the whole of the fraction
// of equity that a backtest allows; no method takes more than that.
type Sizing struct {
	Method        string
	Units         float64         // of SizeUnits
	BarVolatility float64         // of SizeVolatility: share of equity
	VolSpan       int             // of SizeVolatility: bars
	VolMethod     label.VolMethod // of SizeVolatility
	KellyFraction float64         // of SizeKelly: share of the Kelly size, at most 1
}

// SizingMethods returns the values of method; the first stands for no other method.
func SizingMethods() []string {
	return []string{"fraction", SizeUnits, SizeConfidence, SizeVolatility, SizeKelly}
}

// SizingKeys returns the keys of a method, beside method itself.
func SizingKeys(method string) []string {
	return map[string][]string{
		SizeUnits:      {"units"},
		SizeVolatility: {"bar_volatility", "vol_span", "vol_method"},
		SizeKelly:      {"kelly_fraction"},
	}[method]
}

// sizingObject is the sizing in the form of the file.
func sizingObject(z Sizing) object {
	o := object{{"method", z.Method}}
	values := map[string]any{"units": z.Units, "bar_volatility": z.BarVolatility, "vol_span": z.VolSpan, "vol_method": z.VolMethod, "kelly_fraction": z.KellyFraction}
	for _, key := range SizingKeys(z.Method) {
		o = append(o, member{key, values[key]})
	}
	return o
}

// separationValue is the separation in the form of the file.
func separationValue(r Decisions) any {
	switch v := r.MinSeparationSeconds; {
	case v == 0:
		return r.MinSignalSeparation
	case v%86_400 == 0:
		return fmt.Sprintf("%dd", v/86_400)
	case v%3600 == 0:
		return fmt.Sprintf("%dh", v/3600)
	default:
		return fmt.Sprintf("%dm", v/60)
	}
}

// Volatility returns the volatility at each bar of series, from the first held,
// by which z sizes entries; nil where it does not.
func (z Sizing) Volatility(series market.Series) []float64 {
	if z.Method != SizeVolatility {
		return nil
	}
	return label.Spec{Source: label.TripleBarrier, VolSpan: z.VolSpan, VolMethod: z.VolMethod}.Volatility(series)
}
