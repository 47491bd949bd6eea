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
	for k := range e.moments {
		row := e.moment(k)
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

// moment draws the row of moment k: one of each of as many equal stretches of the
// rows behind the first quarter. Of every second one it is the last row before the
// next bar of the longest timeframe is available, where alone a row can know of that
// bar early by less than its length.
func (e *examination) moment(k int) int {
	first, rows := e.base.Len()/4, e.base.Len()*3/4-1
	from, to := first+k*rows/e.moments, first+(k+1)*rows/e.moments
	row := from + e.random.IntN(max(1, to-from))
	long := e.longest()
	if k%2 == 0 || long.Len() == 0 {
		return row
	}
	next := available(long, e.base.Available(row))
	if next == long.Len() {
		return row
	}
	return max(row, min(available(e.base, long.Available(next)-1), e.base.Len()-1)-1)
}

// longest returns the bars of the longest timeframe that features read, empty where
// that is the base.
func (e *examination) longest() market.Series {
	long := market.Series{Timeframe: e.base.Timeframe}
	for _, f := range e.Strategy.Features() {
		if s := e.frame.Of(f); s.Timeframe > long.Timeframe {
			long = s
		}
	}
	return long
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
		s := e.frame.Of(f)
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

// holes takes bars of one timeframe or source away in the middle and looks for
// values that should have become unknown.
func (e *examination) holes(ctx context.Context) error {
	if !slices.Equal(e.matrix.Time, e.base.Time) {
		return nil
	}
	done := map[string]bool{}
	for _, x := range e.Strategy.Features() {
		s := e.frame.Of(x)
		name := string(s.Symbol) + " " + s.Timeframe.String()
		if done[name] || s.Symbol == e.base.Symbol && s.Timeframe == e.base.Timeframe {
			continue
		}
		done[name] = true
		long := max(s.Timeframe.Seconds(), e.base.Timeframe.Seconds())
		first := e.base.Len() / 2
		last := first + holeBars*int(long/e.base.Timeframe.Seconds())
		if last >= e.base.Len() {
			continue
		}
		if err := e.hole(ctx, s, without(s, e.base.Available(first), e.base.Available(last)), last); err != nil {
			return err
		}
	}
	return nil
}

// hole looks at row, the last before a hole in s ends; holed is s with the hole.
func (e *examination) hole(ctx context.Context, s, holed market.Series, row int) error {
	if holed.Len() == s.Len() || holed.Len() == 0 {
		return nil
	}
	isOf := func(other market.Series) bool { return other.Symbol == s.Symbol && other.Timeframe == s.Timeframe }
	m, err := e.Features(ctx, each(e.frame, func(other market.Series) market.Series {
		if isOf(other) {
			return holed
		}
		return other
	}))
	if err != nil {
		return err
	}
	for c, f := range e.Strategy.Features() {
		if !isOf(e.frame.Of(f)) || m.Len() <= row || f.Lag > 0 {
			continue // what it shows may be from before the hole
		}
		e.looked(CheckUnknown)
		if v := m.Row(row)[c]; v == v {
			e.found(CheckUnknown, f.Name, m.Time[row], "it is %v when the last bar of %s %s is %d bars old: a gap was filled", v, s.Symbol, s.Timeframe, holeBars)
		}
	}
	return nil
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
