package feature

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// Kept keeps columns from one build to the next. What it gives back is what it was
// given, and nobody writes to it.
type Kept interface {
	Get(key string, rows int) (column []float32, ok bool)
	Put(key string, column []float32)
}

// keptShare is the least share of the bars held, one in so many, of which the rows
// are taken out of kept columns: these have a row for every bar held, which for a
// few rows is not worth computing.
const keptShare = 4

// fromKept is BuildUnscaled with f.Kept: only the columns that it does not hold are
// computed, for all bars held. A column is known by the hashes of the bars that it
// is made of and by what the schema says about it.
func (f Frame) fromKept(ctx context.Context, s *strategy.Strategy, span market.Span) (Matrix, error) {
	kept := f.Kept
	f.Kept = nil
	base, err := f.series(s.Base)
	if err != nil {
		return Matrix{}, err
	}
	rows := base.Within(span)
	if keptShare*rows.Len() < base.Len() || rows.Len() == 0 || !f.isNamed(s) {
		return BuildUnscaled(ctx, s, f, span)
	}
	m := Matrix{Symbol: f.Symbol, Timeframe: s.Base, Time: rows.Time}
	missing := *s
	missing.Inputs = nil
	var columns [][]float32
	var keys []string
	for _, one := range inputs(s) {
		for _, x := range one.Features() {
			key := f.columnKey(one, x)
			column, ok := kept.Get(key, base.Len())
			if !ok {
				column = nil
			}
			m.Names, columns, keys = append(m.Names, x.Name), append(columns, column), append(keys, key)
		}
		if hasNil(columns[len(columns)-len(one.Features()):]) {
			missing.Inputs = append(missing.Inputs, one.Inputs...)
		}
	}
	if len(missing.Inputs) > 0 {
		fresh, err := BuildUnscaled(ctx, &missing, f, market.Span{})
		if err != nil {
			return Matrix{}, err
		}
		take(fresh, m.Names, columns, func(i int) { kept.Put(keys[i], columns[i]) })
	}
	m.Names, columns = inOrder(s, m.Names, columns)
	m.Width = len(columns)
	m.Data = make([]float32, rows.Len()*m.Width)
	weave(m.Data, columns, base.Search(rows.Time[0]), rows.Len())
	return m, nil
}

// inOrder returns columns in the order of the features of s.
func inOrder(s *strategy.Strategy, names []string, columns [][]float32) (sortedNames []string, sorted [][]float32) {
	at := make(map[string]int, len(names))
	for i, name := range names {
		at[name] = i
	}
	for _, x := range s.Features() {
		sortedNames, sorted = append(sortedNames, x.Name), append(sorted, columns[at[x.Name]])
	}
	return sortedNames, sorted
}

// inputs returns s once for each timeframe of each of its inputs, with that alone.
func inputs(s *strategy.Strategy) []*strategy.Strategy {
	var all []*strategy.Strategy
	for _, in := range s.Inputs {
		for _, tf := range in.Timeframes {
			one, single := *s, in
			single.Timeframes = []market.Timeframe{tf}
			one.Inputs = []strategy.Input{single}
			all = append(all, &one)
		}
	}
	return all
}

// isNamed tells that f has the hashes of all bars that s reads. Columns of bars
// without a name could be those of any.
func (f Frame) isNamed(s *strategy.Strategy) bool {
	isNamed := f.Hashes[strategy.Bars{Symbol: f.Symbol, Timeframe: s.Base}] != ""
	for _, x := range s.Features() {
		from := f.Of(x)
		isNamed = isNamed && f.Hashes[strategy.Bars{Symbol: from.Symbol, Timeframe: from.Timeframe}] != ""
	}
	return isNamed
}

// columnKey names the column of feature x, which is one of those of the strategy
// one, as 64 hexadecimal digits.
func (f Frame) columnKey(one *strategy.Strategy, x strategy.Feature) string {
	from := f.Of(x)
	sum := sha256.Sum256(fmt.Appendf(nil, "ktrdr column 1\n%s\n%s\n%s\n%s\n",
		f.Hashes[strategy.Bars{Symbol: f.Symbol, Timeframe: one.Base}],
		f.Hashes[strategy.Bars{Symbol: from.Symbol, Timeframe: from.Timeframe}], SchemaOf(one).Hash, x.Name))
	return hex.EncodeToString(sum[:])
}

func hasNil(columns [][]float32) bool {
	for _, c := range columns {
		if c == nil {
			return true
		}
	}
	return false
}

// take takes the columns that are nil out of m, by their names, and tells which.
func take(m Matrix, names []string, columns [][]float32, taken func(i int)) {
	at := make(map[string]int, m.Width)
	for c, name := range m.Names {
		at[name] = c
	}
	for i, name := range names {
		if columns[i] != nil {
			continue
		}
		column := make([]float32, m.Len())
		for row, c := 0, at[name]; row < len(column); row++ {
			column[row] = m.Data[row*m.Width+c]
		}
		columns[i] = column
		taken(i)
	}
}

// weave writes rows rows of columns, from row first on, into data row by row. It
// goes through all columns for some rows at a time, which then are whole before they
// leave the cache.
func weave(data []float32, columns [][]float32, first, rows int) {
	const some = 256
	width := len(columns)
	for start := 0; start < rows; start += some {
		n := min(some, rows-start)
		for c, column := range columns {
			at := start*width + c
			for _, v := range column[first+start:][:n] {
				data[at] = v
				at += width
			}
		}
	}
}
