package strategy

import (
	"fmt"
	"regexp"
	"strconv"

	"github.com/ktrdr/ktrdr/internal/core/document"
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

// sizingParameters lists the keys of each method, beside method itself.
var sizingParameters = map[string][]string{
	"fraction": nil, SizeConfidence: nil,
	SizeUnits:      {"units"},
	SizeVolatility: {"bar_volatility", "vol_span", "vol_method"},
	SizeKelly:      {"kelly_fraction"},
}

var sizingMethods = []string{"fraction", SizeUnits, SizeConfidence, SizeVolatility, SizeKelly}

func (d *decoder) sizing(s *Strategy, f document.Mapping) {
	n, ok := f.Get("sizing")
	if !ok {
		return
	}
	method := ""
	if f, ok := n.Entries(); ok {
		if n, ok := f.Need("method", document.Alternatives(sizingMethods)); ok {
			method, _ = n.Choice(sizingMethods)
		}
	}
	if method == "" {
		return
	}
	f, ok = n.Mapping(sizingShape(method))
	if !ok || method == "fraction" {
		return
	}
	z := &s.Decisions.Sizing
	z.Method = method
	positive := document.Interval{Low: 0, LowOpen: true, High: 1e12}
	switch method {
	case SizeUnits:
		if n, ok := f.Need("units", "how many units an entry takes"); ok {
			z.Units, _ = n.NumberIn(positive)
		}
	case SizeVolatility:
		if n, ok := f.Need("bar_volatility", "by which share of the equity a position may vary per bar, for example 0.001"); ok {
			positive.High = 1
			z.BarVolatility, _ = n.NumberIn(positive)
		}
		z.VolSpan = f.Whole("vol_span", 50, 2, 100_000)
		z.VolMethod = label.VolMethod(f.Choice("vol_method", string(label.VolClose), []string{string(label.VolATR), string(label.VolClose)}))
	case SizeKelly:
		positive.High = 1
		z.KellyFraction = f.Number("kelly_fraction", 0.5, positive)
	}
}

// sizingShape returns the keys of one method. It says of keys of the others whose
// they are.
func sizingShape(method string) document.Keys {
	s := document.Keys{Names: append([]string{"method"}, sizingParameters[method]...), Hints: map[string]string{
		"fraction": "it belongs to the request of a backtest, as sizing_fraction: remove it",
	}}
	for _, other := range sizingMethods {
		for _, key := range sizingParameters[other] {
			if other != method {
				s.Hints[key] = "it belongs to method " + other + " and has no effect with " + method + ": remove it"
			}
		}
	}
	return s
}

// sizingFits reports sizing of the decisions n that lacks what it goes by.
func (d *decoder) sizingFits(s *Strategy, n document.Node) {
	if s.Decisions.Sizing.Method != SizeKelly {
		return
	}
	at := n
	if x, ok := n.Peek("sizing"); ok {
		at = x
	}
	x := s.Decisions.Exits
	hasBoth := x.StopLoss > 0 && x.TakeProfit > 0 || x.FromLabel && s.Training.Labels.Source == label.TripleBarrier
	switch {
	case s.Decisions.OutputFormat == Regression:
		at.Problem("kelly needs the probability of a class, and output_format regression has none: want another method")
	case !hasBoth:
		at.Problem("kelly needs to know what a win and a loss are: want exits with a stop_loss and a take_profit, or from_label with triple_barrier labels")
	}
}

// sizingObject is the sizing in the form of the file.
func sizingObject(z Sizing) object {
	o := object{{"method", z.Method}}
	values := map[string]any{"units": z.Units, "bar_volatility": z.BarVolatility, "vol_span": z.VolSpan, "vol_method": z.VolMethod, "kelly_fraction": z.KellyFraction}
	for _, key := range sizingParameters[z.Method] {
		o = append(o, member{key, values[key]})
	}
	return o
}

var durationPattern = regexp.MustCompile(`^([1-9][0-9]{0,5})(m|h|d)$`)

// separation reads min_signal_separation: a number of bars, or a duration.
func (d *decoder) separation(s *Strategy, f document.Mapping) {
	r := &s.Decisions
	n, ok := f.Get("min_signal_separation")
	if !ok {
		return
	}
	match := durationPattern.FindStringSubmatch(n.Raw())
	switch {
	case n.IsScalar() && match != nil:
	case !n.IsWhole():
		n.Problem("want a whole number of bars, or a duration such as 90m, 4h or 2d, have %s", n.Describe())
		return
	default:
		r.MinSignalSeparation = f.Whole("min_signal_separation", r.MinSignalSeparation, 0, maxBars)
		return
	}
	count, err := strconv.Atoi(match[1])
	if err != nil {
		panic("strategy: the pattern of durations lets " + match[1] + " pass")
	}
	seconds := map[string]int{"m": 60, "h": 3600, "d": 86_400}[match[2]]
	r.MinSignalSeparation, r.MinSeparationSeconds = 0, int64(count)*int64(seconds)
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
