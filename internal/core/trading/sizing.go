package trading

import (
	"regexp"
	"strconv"

	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/label"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

func readSizing(d *strategy.Decisions, f document.Mapping) {
	n, ok := f.Get("sizing")
	if !ok {
		return
	}
	method := ""
	if f, ok := n.Entries(); ok {
		if n, ok := f.Need("method", document.Alternatives(strategy.SizingMethods())); ok {
			method, _ = n.Choice(strategy.SizingMethods())
		}
	}
	if method == "" {
		return
	}
	f, ok = n.Mapping(sizingShape(method))
	if !ok || method == "fraction" {
		return
	}
	z := &d.Sizing
	z.Method = method
	positive := document.Interval{Low: 0, LowOpen: true, High: 1e12}
	switch method {
	case strategy.SizeUnits:
		if n, ok := f.Need("units", "how many units an entry takes"); ok {
			z.Units, _ = n.NumberIn(positive)
		}
	case strategy.SizeVolatility:
		if n, ok := f.Need("bar_volatility", "by which share of the equity a position may vary per bar, for example 0.001"); ok {
			positive.High = 1
			z.BarVolatility, _ = n.NumberIn(positive)
		}
		z.VolSpan = f.Whole("vol_span", 50, 2, 100_000)
		z.VolMethod = label.VolMethod(f.Choice("vol_method", string(label.VolClose), []string{string(label.VolATR), string(label.VolClose)}))
	case strategy.SizeKelly:
		positive.High = 1
		z.KellyFraction = f.Number("kelly_fraction", 0.5, positive)
	}
}

// sizingShape returns the keys of one method. It says of keys of the others whose
// they are.
func sizingShape(method string) document.Keys {
	s := document.Keys{Names: append([]string{"method"}, strategy.SizingKeys(method)...), Hints: map[string]string{
		"fraction": "it belongs to the request of a backtest, as sizing_fraction: remove it",
	}}
	for _, other := range strategy.SizingMethods() {
		for _, key := range strategy.SizingKeys(other) {
			if other != method {
				s.Hints[key] = "it belongs to method " + other + " and has no effect with " + method + ": remove it"
			}
		}
	}
	return s
}

// fitSizing reports sizing of the decisions n that lacks what it goes by. There are
// labels to take exits from unless several models share the decisions.
func fitSizing(d strategy.Decisions, n document.Node, labels label.Source, isShared bool) {
	if d.Sizing.Method != strategy.SizeKelly {
		return
	}
	at := n
	if x, ok := n.Peek("sizing"); ok {
		at = x
	}
	x := d.Exits
	hasBoth := x.StopLoss > 0 && x.TakeProfit > 0 || x.FromLabel && labels == label.TripleBarrier
	switch {
	case d.OutputFormat == strategy.Regression:
		at.Problem("kelly needs the probability of a class, and output_format regression has none: want another method")
	case !hasBoth && isShared:
		at.Problem("kelly needs to know what a win and a loss are: want exits with a stop_loss and a take_profit")
	case !hasBoth:
		at.Problem("kelly needs to know what a win and a loss are: want exits with a stop_loss and a take_profit, or from_label with triple_barrier labels")
	}
}

var durationPattern = regexp.MustCompile(`^([1-9][0-9]{0,5})(m|h|d)$`)

// readSeparation reads min_signal_separation: a number of bars, or a duration.
func readSeparation(d *strategy.Decisions, f document.Mapping) {
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
		d.MinSignalSeparation = f.Whole("min_signal_separation", d.MinSignalSeparation, 0, maxBars)
		return
	}
	count, err := strconv.Atoi(match[1])
	if err != nil {
		panic("trading: the pattern of durations lets " + match[1] + " pass")
	}
	seconds := map[string]int{"m": 60, "h": 3600, "d": 86_400}[match[2]]
	d.MinSignalSeparation, d.MinSeparationSeconds = 0, int64(count)*int64(seconds)
}
