package indicator

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

// An Indicator is an entry of the catalogue with its parameters set. It never
// changes and may be shared. The zero value is no indicator; Spec.New makes one
// that cannot be wrong.
type Indicator struct {
	spec   Spec
	values []Value // as spec.Params
}

// Spec returns the entry of the catalogue.
func (in Indicator) Spec() Spec { return in.spec }

// Outputs returns the names of the columns that Compute returns: one "" where
// there is a single one. The caller must not change the slice.
func (in Indicator) Outputs() []string { return in.spec.Outputs }

// Value returns what the parameter is set to. It panics if the indicator has no
// such parameter.
func (in Indicator) Value(param string) Value {
	for i, p := range in.spec.Params {
		if p.Name == param {
			return in.values[i]
		}
	}
	panic(fmt.Sprintf("indicator: %s has no parameter %q", in.spec.Name, param))
}

// Key returns the canonical text of the indicator and all its parameters in the
// order of their names, for example rsi(period=14,source=close). Two indicators
// with equal keys compute the same values.
func (in Indicator) Key() string {
	settings := make([]string, len(in.values))
	for i, p := range in.spec.Params {
		settings[i] = p.Name + "=" + in.values[i].String()
	}
	slices.Sort(settings)
	return in.spec.Name + "(" + strings.Join(settings, ",") + ")"
}

// Lookbacks returns, for each output, the index of its first known value in a
// series that is long enough. Values before it are NaN.
func (in Indicator) Lookbacks() []int { return in.spec.Lookback(in) }

// Lookback returns the index of the first bar at which every output is known.
func (in Indicator) Lookback() int { return slices.Max(in.Lookbacks()) }

// WarmUp returns the number of bars after which a value no longer depends on
// where the series began: Lookback, plus what the recursive filters need to
// forget their seed to 0.1 %. For a filter that keeps the share r of its old
// value per bar that is the smallest k with r^k <= 0.001 (about 3.45·(n+1) bars
// for an EMA of n bars and 6.9·n for a Wilder average); filters in cascade add
// up. Without recursion WarmUp is Lookback.
func (in Indicator) WarmUp() int {
	if in.spec.Memory == nil {
		return in.Lookback()
	}
	return in.Lookback() + in.spec.Memory(in)
}

// Anchored reports whether values depend on where the series begins for longer
// than WarmUp says: running totals for ever, and trend followers until their
// next reversal.
func (in Indicator) Anchored() bool { return in.spec.Anchored != nil && in.spec.Anchored(in) }

// Compute returns one new column per output, each as long as s. Recursions
// start at the first bar of s. The bars must be valid (market.Series.Validate);
// a series that is too short gives columns of NaN. A price that is not a number
// makes its bar NaN, and all later ones too unless the indicator says that it
// recovers.
func (in Indicator) Compute(s market.Series) [][]float64 {
	out := make([][]float64, len(in.spec.Outputs))
	for i := range out {
		out[i] = make([]float64, s.Len())
	}
	in.Fill(out, s)
	return out
}

// Fill is Compute into columns that the caller has: one per output, each as long
// as s, whatever they hold. It panics where they are not.
func (in Indicator) Fill(out [][]float64, s market.Series) {
	if len(out) != len(in.spec.Outputs) {
		panic(fmt.Sprintf("indicator: %d columns for %d outputs of %s", len(out), len(in.spec.Outputs), in.spec.Name))
	}
	rolling.MustAlign(in.spec.Name, 1, s.Len(), out...)
	if in.spec.Compute != nil {
		in.spec.Compute(in, s, out)
		return
	}
	in.Stream().run(s, out)
}

// Source returns the column of s that the source parameter names.
func (in Indicator) Source(s market.Series) []float64 { return in.columnSource()(s) }

// columnSource returns the function that picks that column.
func (in Indicator) columnSource() func(s market.Series) []float64 {
	i := slices.Index(prices, in.Value("source").Text())
	return func(s market.Series) []float64 { return [...][]float64{s.Open, s.High, s.Low, s.Close}[i] }
}

// BarSource is columnSource for a bar.
func (in Indicator) BarSource() func(b market.Bar) float64 {
	i := slices.Index(prices, in.Value("source").Text())
	return func(b market.Bar) float64 { return [...]float64{b.Open, b.High, b.Low, b.Close}[i] }
}

// Number returns the value of a parameter of KindNumber.
func (in Indicator) Number(param string) float64 { return in.Value(param).Number() }

// Always is the anchored of indicators that are so whatever the parameters.
func Always(Indicator) bool { return true }

// Whole returns the value of a parameter of KindInt.
func (in Indicator) Whole(param string) int { return in.Value(param).Int() }

// IsKTRDR reports whether the original's definition was asked for.
func (in Indicator) IsKTRDR() bool { return in.Value("definition").Text() == KTRDR }

// Forget returns the smallest k with keep^k <= 0.001: after so many bars a filter
// that keeps the share keep of its value per bar has forgotten its seed.
func Forget(keep float64) int {
	k := 0
	for weight := 1.0; weight > 0.001; weight *= keep {
		k++
	}
	return k
}
