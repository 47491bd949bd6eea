package feature

import (
	"math"
	"sort"

	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// A source is an indicator on the bars of one timeframe.
type source struct {
	key       string
	indicator indicator.Indicator
	columns   []column
	outputs   [][]float64 // what the indicator computed; nil until then
}

// A column is a set over one output of a source, or the output itself, and the
// features that it is, now or some bars later.
type column struct {
	output  int
	of      strategy.Feature // the first of them
	isValue bool             // a raw value, or one for a set that a training places
	targets []target
}

// A target is a column of the rows and by how many bars it lags behind.
type target struct{ column, lag int }

// A join says which bar of a timeframe each row reads. Rows that read the same
// bar share one entry of distinct, so that its degrees are computed once.
type join struct {
	first, n int     // rows read bars first, first+1, … where distinct is nil: the base itself
	distinct []int32 // bars read, in order; -1 where no bar is known
	of       []int32 // for each row, its index in distinct
}

func identity(first, n int) join { return join{first: first, n: n} }

// holeBars is how many bars of the longer of two timeframes a value stands for
// at most, counted in base bars that have closed since it became available.
const holeBars = 2

// joinAsOf finds, for each of the n base bars from first on, the latest bar of
// series that is available when the base bar closes. It reads no later bar.
func joinAsOf(base market.Series, first, n int, series market.Series) join {
	j := join{of: make([]int32, n)}
	length := max(base.Timeframe.Seconds(), series.Timeframe.Seconds())
	limit := int(holeBars * length / base.Timeframe.Seconds())
	bar, since := -1, 0 // since: the first base bar that closes after bar is available
	if n > 0 {
		closed := base.Available(first)
		bar = sort.Search(series.Len(), func(i int) bool { return series.Available(i) > closed }) - 1
		if bar >= 0 {
			known := series.Available(bar)
			since = sort.Search(base.Len(), func(i int) bool { return base.Available(i) > known })
		}
	}
	for row := range n {
		t := first + row
		closed := base.Available(t)
		for bar+1 < series.Len() && series.Available(bar+1) <= closed {
			bar++
			since = t
			if series.Available(bar) == closed {
				since = t + 1
			}
		}
		read := int32(bar)
		if bar >= 0 && t-since+1 > limit {
			read = -1
		}
		if last := len(j.distinct) - 1; last < 0 || j.distinct[last] != read {
			j.distinct = append(j.distinct, read)
		}
		j.of[row] = int32(len(j.distinct) - 1)
	}
	return j
}

// bars returns how many bars, from the first on, the join reads at most.
func (j join) bars() int {
	if j.of == nil {
		return j.first + j.n
	}
	for i := len(j.distinct) - 1; i >= 0; i-- {
		if j.distinct[i] >= 0 {
			return int(j.distinct[i]) + 1
		}
	}
	return 0
}

// values returns what rows start to end-1 read from column, each bar once, using
// buffer for it.
func (j join) values(buffer, column []float64, start, end int) []float64 {
	if j.of == nil {
		return column[j.first+start : j.first+end]
	}
	from, to := j.of[start], j.of[end-1]+1
	values := buffer[:to-from]
	for i, bar := range j.distinct[from:to] {
		values[i] = math.NaN()
		if bar >= 0 {
			values[i] = column[bar]
		}
	}
	return values
}

// spread writes what values gave for rows start to end-1 into every width-th
// element of data, which begins with the column of row 0, shift rows later. What
// would be before row 0 or after the last of rows is left out.
func (j join) spread(data []float32, width int, degrees []float64, start, end, shift, rows int) {
	from := start
	start, end = max(start, -shift), min(end, rows-shift)
	if start >= end {
		return
	}
	at := (start + shift) * width
	if j.of == nil {
		for _, v := range degrees[start-from : end-from] {
			data[at] = float32(v)
			at += width
		}
		return
	}
	first := j.of[from]
	for _, i := range j.of[start:end] {
		data[at] = float32(degrees[i-first])
		at += width
	}
}
