package leak

import (
	"context"
	"math"
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// features looks at the rows: whose they are, and whether they change with what
// comes later.
func (e *examination) features(ctx context.Context) (err error) {
	if e.matrix, err = e.Features(ctx, e.frame); err != nil {
		return err
	}
	e.looked(CheckKeys)
	if !slices.Equal(e.matrix.Time, e.base.Time) {
		e.found(CheckKeys, "rows", e.base.Time[0], "the %d rows do not open with the %d base bars", e.matrix.Len(), e.base.Len())
		return nil
	}
	e.warmUp()
	for range e.moments {
		row := e.base.Len()/4 + e.random.IntN(e.base.Len()*3/4-1)
		closed := e.base.Available(row)
		if cut, ok := known(e.frame, closed); ok {
			if err := e.compare(ctx, CheckCut, cut, row, "it changes when the bars that close later are taken away"); err != nil {
				return err
			}
		}
		if err := e.compare(ctx, CheckChange, changed(e.frame, closed), row, "it changes when the bars that close later change"); err != nil {
			return err
		}
	}
	return nil
}

// compare builds the rows of other and holds those up to row to the whole.
func (e *examination) compare(ctx context.Context, check string, other feature.Frame, row int, what string) error {
	m, err := e.Features(ctx, other)
	if err != nil {
		return err
	}
	e.looked(check)
	if m.Len() <= row {
		e.found(check, "rows", e.base.Time[row], "the row is missing when the bars that close later are")
		return nil
	}
	for i := row; i >= 0; i-- {
		for c, v := range m.Row(i) {
			if !same(float64(v), float64(e.matrix.Row(i)[c])) {
				e.found(check, m.Names[c], e.base.Time[i], "%s", what)
			}
		}
	}
	return nil
}

// same tells that two values have the same bits, or are both not known.
func same(a, b float64) bool {
	return math.Float64bits(a) == math.Float64bits(b) || math.IsNaN(a) && math.IsNaN(b)
}

// warmUp looks for values before the indicator has its first.
func (e *examination) warmUp() {
	for c, f := range e.Strategy.Features() {
		s := e.frame.Series[f.Timeframe]
		in := e.Strategy.Indicators[f.Indicator].Indicator
		first := slices.IndexFunc(in.Compute(s)[f.Output], func(x float64) bool { return x == x })
		from := int64(math.MaxInt64)
		if first >= 0 {
			from = s.Available(first)
		}
		for i := 0; i < e.matrix.Len() && e.base.Available(i) < from; i++ {
			e.looked(CheckUnknown)
			if v := e.matrix.Row(i)[c]; v == v {
				e.found(CheckUnknown, f.Name, e.base.Time[i], "it is %v before %s has a value on %s: something filled it in", v, in.Spec().Name, f.Timeframe)
			}
		}
	}
}

// holeBars is how many bars of the longer timeframe a hole has that is cut into
// the bars; a value may stand for two of them.
const holeBars = 12

// holes takes bars of one timeframe away in the middle and looks for values that
// should have become unknown.
func (e *examination) holes(ctx context.Context) error {
	for _, tf := range e.Strategy.Timeframes {
		if tf == e.Strategy.Base || !slices.Equal(e.matrix.Time, e.base.Time) {
			continue
		}
		long := max(tf.Seconds(), e.Strategy.Base.Seconds())
		perLong := int(long / e.Strategy.Base.Seconds())
		first := e.base.Len() / 2
		last := first + holeBars*perLong
		if last >= e.base.Len() {
			continue
		}
		holed := feature.Frame{Symbol: e.frame.Symbol, Series: map[market.Timeframe]market.Series{}}
		for other, s := range e.frame.Series {
			holed.Series[other] = s
		}
		s := e.frame.Series[tf]
		holed.Series[tf] = without(s, e.base.Available(first), e.base.Available(last))
		if holed.Series[tf].Len() == s.Len() || holed.Series[tf].Len() == 0 {
			continue
		}
		m, err := e.Features(ctx, holed)
		if err != nil {
			return err
		}
		e.stale(m, tf, last)
	}
	return nil
}

// stale looks at row, the last before a hole of tf ends.
func (e *examination) stale(m feature.Matrix, tf market.Timeframe, row int) {
	for c, f := range e.Strategy.Features() {
		if f.Timeframe != tf || m.Len() <= row {
			continue
		}
		e.looked(CheckUnknown)
		if v := m.Row(row)[c]; v == v {
			e.found(CheckUnknown, f.Name, m.Time[row], "it is %v when the last bar of %s is %d bars old: a gap was filled", v, tf, holeBars)
		}
	}
}

// without returns s less the bars that become available after from and not after
// to.
func without(s market.Series, from, to int64) market.Series {
	rest := market.NewSeries(s.Symbol, s.Timeframe, s.Len())
	for i := range s.Len() {
		if at := s.Available(i); at <= from || at > to {
			rest.Append(s.Bar(i))
		}
	}
	return rest
}
