package feature

import (
	"context"
	"math"

	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// blockRows is how many rows are filled at a time: what belongs to a block stays in
// the first two caches until its rows are whole, or nearly.
const blockRows = 256

// batchColumns is how many outputs of indicators are held at a time. The more,
// the fewer times the rows go through the memory.
const batchColumns = 8

// A filling writes rows. What it reads begins before rows ahead of the first of
// them.
type filling struct {
	Matrix
	before int
}

// group writes the columns that come from the bars of one timeframe.
func (m filling) group(ctx context.Context, group group, series market.Series, j join) error {
	// Indicators do not look ahead, so bars after the last one read change nothing.
	series = series.Slice(0, j.bars())
	var columns [][]float64 // of one batch after the other
	for first := 0; first < len(group.sources); {
		var batch []source
		held := 0
		for _, source := range group.sources[first:] {
			n := len(source.indicator.Outputs())
			if held > 0 && held+n > batchColumns {
				break
			}
			for len(columns) < held+n {
				columns = append(columns, make([]float64, series.Len()))
			}
			source.outputs = columns[held:][:n]
			source.indicator.Fill(source.outputs, series)
			batch, held = append(batch, source), held+n
		}
		first += len(batch)
		if err := m.batch(ctx, batch, series, j); err != nil {
			return err
		}
	}
	return nil
}

// batch writes the columns of sources whose outputs are there.
func (m filling) batch(ctx context.Context, batch []source, series market.Series, j join) error {
	var x, y, degrees [blockRows]float64
	for start := 0; start < m.before+m.Len(); start += blockRows {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		end := min(start+blockRows, m.before+m.Len())
		for _, source := range batch {
			for _, c := range source.columns {
				values := j.values(x[:], source.outputs[c.output], start, end)
				if c.of.Reference != "" {
					values = ratios(y[:len(values)], j.values(y[:], c.of.Column(series), start, end), values)
				}
				if c.isValue {
					copy(degrees[:], values)
				} else {
					c.of.Set.Degrees(degrees[:len(values)], values)
				}
				for _, to := range c.targets {
					j.spread(m.Data[to.column:], m.Width, degrees[:], start, end, to.lag-m.before, m.Len())
				}
			}
		}
	}
	return nil
}

// ratios writes each price, divided by the value of its bar, into dst: NaN where
// that is 0.
func ratios(dst, prices, values []float64) []float64 {
	for i, v := range values {
		if dst[i] = prices[i] / v; v == 0 {
			dst[i] = math.NaN()
		}
	}
	return dst
}

// longestLag returns how many bars before the decision bar a row shows at most.
func longestLag(features []strategy.Feature) int {
	longest := 0
	for _, f := range features {
		longest = max(longest, f.Lag)
	}
	return longest
}

// unknownLags writes NaN where a row shows bars before the first one held.
func (m Matrix) unknownLags(features []strategy.Feature, before int) {
	for column, f := range features {
		for row := range min(m.Len(), max(0, f.Lag-before)) {
			m.Data[row*m.Width+column] = float32(math.NaN())
		}
	}
}

// A group is what must be computed on the bars of one timeframe, or of one source
// of the context, each thing once.
type group struct {
	timeframe market.Timeframe
	source    string // "" for the bars of the symbol
	sources   []source
}

// plan sorts features by where they come from.
func plan(s *strategy.Strategy, features []strategy.Feature) []group {
	var groups []group
	for i, f := range features {
		g := find(&groups, func(g group) bool { return g.timeframe == f.Timeframe && g.source == f.Source },
			group{timeframe: f.Timeframe, source: f.Source})
		in := s.Indicators[f.Indicator].Indicator
		key := in.Key()
		src := find(&g.sources, func(s source) bool { return s.key == key }, source{key: key, indicator: in})
		isValue := f.IsRaw() || f.IsScaled()
		c := find(&src.columns, func(c column) bool {
			return c.output == f.Output && c.of.Set == f.Set && c.of.Reference == f.Reference && c.isValue == isValue
		}, column{output: f.Output, of: f, isValue: isValue})
		c.targets = append(c.targets, target{i, f.Lag})
	}
	return groups
}

// find returns the element of list that matches, appending fresh if there is
// none.
func find[T any](list *[]T, match func(T) bool, fresh T) *T {
	for i := range *list {
		if match((*list)[i]) {
			return &(*list)[i]
		}
	}
	*list = append(*list, fresh)
	return &(*list)[len(*list)-1]
}
