package feature

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// Blind is the degree up to which a value belongs to a set hardly at all.
const Blind = 0.05

// A Coverage says what the inputs of one entry of nn_inputs look like over the
// rows of a frame, on one timeframe.
type Coverage struct {
	Input     string           `json:"input"` // id of the fuzzy set, or reference of the raw value
	Timeframe market.Timeframe `json:"timeframe"`
	Known     int              `json:"known"`           // rows in which all of them are known
	Blind     *float64         `json:"blind,omitempty"` // share of those in which no degree is above Blind; nil for a raw value
	Features  []Spread         `json:"features"`
}

// A Spread describes one feature over the known rows, before scaling; it is nil
// where there are none.
type Spread struct {
	Name string   `json:"name"`
	Mean *float64 `json:"mean"`
	Min  *float64 `json:"min"`
	Max  *float64 `json:"max"`
}

// Cover measures the inputs of s at the decision bars of f in span, in the order of
// the features. Raw values are measured before they are scaled; sets that a training places are those of
// scaling, which is not looked at where there are none.
func Cover(ctx context.Context, s *strategy.Strategy, f Frame, span market.Span, scaling Scaling) ([]Coverage, error) {
	m, err := BuildUnscaled(ctx, s, f, span)
	if err != nil {
		return nil, err
	}
	if isPlaced := func(f strategy.Feature) bool { return f.Place != "" }; slices.ContainsFunc(s.Features(), isPlaced) {
		if err := scaling.Check(s); err != nil {
			return nil, fmt.Errorf("cover %s: %w", f.Symbol, err)
		}
		scaling.apply(s, m.Data, isPlaced)
	}
	first := 0
	var all []Coverage
	for _, in := range s.Inputs {
		for _, tf := range in.Timeframes {
			end := first + perTimeframe(s, in)
			c := m.cover(first, end)
			c.Timeframe, c.Input = tf, in.FuzzySet
			if in.FuzzySet == "" {
				c.Input, c.Blind = in.Raw.Reference, nil
			}
			all = append(all, c)
			first = end
		}
		first += in.Lags * len(in.Timeframes) * perTimeframe(s, in) // the same again, of earlier bars
	}
	return all, nil
}

// perTimeframe returns how many features an input makes on each timeframe.
func perTimeframe(s *strategy.Strategy, in strategy.Input) int {
	for _, set := range s.FuzzySets {
		if set.ID == in.FuzzySet {
			return len(set.Sets)
		}
	}
	return 1 // a raw value
}

// cover measures columns from to end-1.
func (m Matrix) cover(from, end int) Coverage {
	c := Coverage{Features: make([]Spread, end-from)}
	sums, low, high := make([]float64, end-from), make([]float64, end-from), make([]float64, end-from)
	blind := 0
	for i := range m.Len() {
		row, largest, isKnown := m.Row(i)[from:end], float32(math.Inf(-1)), true
		for _, v := range row {
			largest, isKnown = max(largest, v), isKnown && v == v
		}
		if !isKnown {
			continue
		}
		if largest <= Blind {
			blind++
		}
		for k, v := range row {
			x := float64(v)
			if c.Known == 0 {
				low[k], high[k] = x, x
			}
			sums[k], low[k], high[k] = sums[k]+x, min(low[k], x), max(high[k], x)
		}
		c.Known++
	}
	for k := range c.Features {
		c.Features[k].Name = m.Names[from+k]
		if c.Known > 0 {
			mean := sums[k] / float64(c.Known)
			c.Features[k].Mean, c.Features[k].Min, c.Features[k].Max = &mean, &low[k], &high[k]
		}
	}
	if c.Known > 0 {
		share := float64(blind) / float64(c.Known)
		c.Blind = &share
	}
	return c
}
