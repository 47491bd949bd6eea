package feature

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ktrdr/ktrdr/internal/core/fuzzy"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// A Frame holds the bars of one symbol, as far as they are known, and those of the
// sources of a strategy's context, which are the same for every symbol. Each
// series begins with the first bar held, never later: recursive indicators start
// there, and a row must not depend on the window that somebody asked for.
type Frame struct {
	Symbol  market.Symbol
	Series  map[market.Timeframe]market.Series
	Context map[string]market.Series // by the id of the source

	// Kept, where it is not nil, gives back columns of earlier builds, of bars that
	// Hashes names: the content hash of every series above.
	Kept   Kept
	Hashes map[strategy.Bars]string
}

// Of returns the bars that feature x is computed from; an empty series where the
// frame does not hold them.
func (f Frame) Of(x strategy.Feature) market.Series {
	if x.Source != "" {
		return f.Context[x.Source]
	}
	return f.Series[x.Timeframe]
}

// bars returns what a group is computed from.
func (f Frame) bars(s *strategy.Strategy, g group) (market.Series, error) {
	if g.source == "" {
		return f.series(g.timeframe)
	}
	return f.context(s, g.source)
}

// context returns the bars of one of the sources of s.
func (f Frame) context(s *strategy.Strategy, source string) (market.Series, error) {
	want := s.Context[slices.IndexFunc(s.Context, func(c strategy.Source) bool { return c.ID == source })]
	have := f.Context[source]
	switch {
	case have.Len() == 0:
		return have, fmt.Errorf("features of %s: there are no bars of the data source %s: load those of %s %s", f.Symbol, source, want.Symbol, want.Timeframe)
	case have.Symbol != want.Symbol || have.Timeframe != want.Timeframe:
		return have, fmt.Errorf("features of %s: the bars of the data source %s are those of %s %s, want %s %s", f.Symbol, source,
			have.Symbol, have.Timeframe, want.Symbol, want.Timeframe)
	}
	return have, nil
}

// series returns the bars of timeframe tf.
func (f Frame) series(tf market.Timeframe) (market.Series, error) {
	s, ok := f.Series[tf]
	switch {
	case !ok || s.Len() == 0:
		return s, fmt.Errorf("features of %s: there are no %s bars: load them (the strategy reads %s)", f.Symbol, tf, tf)
	case s.Symbol != f.Symbol || s.Timeframe != tf:
		return s, fmt.Errorf("features of %s: the %s bars are those of %s %s", f.Symbol, tf, s.Symbol, s.Timeframe)
	}
	return s, nil
}

// A Schema says what the columns of a matrix are. Two schemas with one hash have
// the same names in the same order, made in the same way from the same
// timeframes.
type Schema struct {
	Names []string `json:"names"`
	Hash  string   `json:"hash"` // SHA-256, 64 hexadecimal digits
}

// SchemaOf returns the schema of the features of s.
func SchemaOf(s *strategy.Strategy) Schema {
	var schema Schema
	var meaning strings.Builder
	fmt.Fprintf(&meaning, "ktrdr features 1\nbase %s\n", s.Base)
	for _, f := range s.Features() {
		in := s.Indicators[f.Indicator].Indicator
		fmt.Fprintf(&meaning, "%s\t%s\t%s\t%q\t%s\n", f.Name, f.Timeframe, in.Key(), in.Outputs()[f.Output], referred(f)+lastStep(s, f)+sourceOf(s, f))
		schema.Names = append(schema.Names, f.Name)
	}
	sum := sha256.Sum256([]byte(meaning.String()))
	schema.Hash = hex.EncodeToString(sum[:])
	return schema
}

// sourceOf says whose bars are read, where they are not those of the symbol.
func sourceOf(s *strategy.Strategy, f strategy.Feature) string {
	if f.Source == "" {
		return ""
	}
	i := slices.IndexFunc(s.Context, func(c strategy.Source) bool { return c.ID == f.Source })
	return "\tof " + string(s.Context[i].Symbol)
}

// referred says what price is divided by the indicator first, and how far back.
func referred(f strategy.Feature) string {
	text := ""
	if f.Reference != "" {
		text = f.Reference + "/ "
	}
	if f.Lag > 0 {
		text += fmt.Sprintf("lag %d ", f.Lag)
	}
	return text
}

// lastStep says what becomes of the indicator's value, to the last bit.
func lastStep(s *strategy.Strategy, f strategy.Feature) string {
	switch {
	case f.IsRaw():
		return "raw " + f.Normalization
	case f.Place != "":
		all := s.FuzzySets[f.FuzzySet].Shapes
		return fmt.Sprintf("%s %d of %d %v %v", f.Place, f.Member+1, len(all), all[f.Member].Kind, all[f.Member].Hedge)
	}
	text := f.Set.Kind().String()
	for _, p := range f.Set.Params() {
		text += " " + strconv.FormatFloat(p, 'x', -1, 64)
	}
	if h := f.Set.Hedge(); h != fuzzy.Plain {
		text += " " + h.String()
	}
	return text
}

// A Matrix holds one row of features per base bar. Rows are keyed by symbol and
// Time and meet labels and orders by that key, never by position.
type Matrix struct {
	Symbol    market.Symbol
	Timeframe market.Timeframe
	Time      []int64  // when the bar of each row opens; shared with the series, not to be written to
	Names     []string // one per column
	Width     int
	Data      []float32 // row-major; NaN where not known
}

// Len returns the number of rows.
func (m Matrix) Len() int { return len(m.Time) }

// Row returns row i, sharing memory with m.
func (m Matrix) Row(i int) []float32 {
	return m.Data[i*m.Width : (i+1)*m.Width : (i+1)*m.Width]
}

// Complete reports whether every feature of row i is known.
func (m Matrix) Complete(i int) bool {
	for _, v := range m.Row(i) {
		if v != v {
			return false
		}
	}
	return true
}

// Build returns the features of the base bars of f that open in span. It refuses a
// strategy with scaled inputs, whose constants only a model has: see BuildScaled.
//
//	x[j]   = indicator at bar j of the feature's timeframe, from the first bar held
//	j(t)   = the last j with available(j) <= available(t), if it is not too old
//	y[t]   = degree to which x[j(t)] belongs to the feature's set, or x[j(t)] itself, as float32
//	row[t] = y[t-lag]
//
// Shape:   one row per base bar in span, one column per feature of s.
// Range:   degrees [0, 1].
// Warm-up: NaN before the lookback of the indicator on its own timeframe.
// NaN:     what is not known; see the package comment on holes.
// Panics:  never.
// Error:   none beyond rounding to float32.
// Source:  the strategy grammar; degrees are those of package fuzzy.
// Differs: the original joined by opening time, and so saw a day's close at
// midnight; filled gaps with zeros in training and from both sides in backtests.
func Build(ctx context.Context, s *strategy.Strategy, f Frame, span market.Span) (Matrix, error) {
	return BuildScaled(ctx, s, f, span, nil)
}

// BuildScaled is Build with the constants of the scaled inputs of s, as a model
// keeps them. It refuses constants that are not those of the inputs of s.
func BuildScaled(ctx context.Context, s *strategy.Strategy, f Frame, span market.Span, scaling Scaling) (Matrix, error) {
	if err := scaling.Check(s); err != nil {
		return Matrix{}, fmt.Errorf("features of %s: %w", f.Symbol, err)
	}
	m, err := BuildUnscaled(ctx, s, f, span)
	if err == nil && len(scaling) > 0 {
		scaling.Apply(s, m.Data)
	}
	return m, err
}

// BuildUnscaled is Build before the scaled inputs are scaled. Its rows are for a
// training, which fits the constants to some of them and applies them to all,
// and for looking at; no network reads them as they are.
func BuildUnscaled(ctx context.Context, s *strategy.Strategy, f Frame, span market.Span) (Matrix, error) {
	if f.Kept != nil {
		return f.fromKept(ctx, s, span)
	}
	base, err := f.series(s.Base)
	if err != nil {
		return Matrix{}, err
	}
	features := s.Features()
	rows := base.Within(span)
	first := 0
	if rows.Len() > 0 {
		first = base.Search(rows.Time[0])
	}
	m := Matrix{Symbol: f.Symbol, Timeframe: s.Base, Time: rows.Time, Width: len(features),
		Data: make([]float32, rows.Len()*len(features))}
	for _, feature := range features {
		m.Names = append(m.Names, feature.Name)
	}
	// Rows before the first are for what shows earlier bars.
	before := min(first, longestLag(features))
	m.unknownLags(features, before)
	for _, group := range plan(s, features) {
		series, err := f.bars(s, group)
		if err != nil {
			return Matrix{}, err
		}
		j := identity(first-before, before+rows.Len())
		if group.timeframe != s.Base || group.source != "" {
			j = joinAsOf(base, first-before, before+rows.Len(), series)
		}
		if err := (filling{m, before}).group(ctx, group, series, j); err != nil {
			return Matrix{}, fmt.Errorf("features of %s: %w", f.Symbol, err)
		}
	}
	return m, nil
}
