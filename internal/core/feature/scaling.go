package feature

import (
	"fmt"
	"math"

	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// A Scaling holds the constants that bring the scaled features of a strategy onto
// their scale, in the order of the features. A training fits it, a model keeps
// it; without it the strategy makes no rows that a network could read.
type Scaling []Scaler

// A Scaler makes x into (x-Offset)/Scale.
type Scaler struct {
	Feature string  `json:"feature"`
	Method  string  `json:"method"` // minmax or zscore of package strategy
	Offset  float64 `json:"offset"` // the least value, or the mean, of the training rows
	Scale   float64 `json:"scale"`  // the largest less the least value, or the standard deviation
}

// Fit returns the scaling of the features of s that rows ask for. The rows are
// complete rows that BuildUnscaled made, one after the other, of the training
// part and of nothing else.
//
//	minmax  Offset = min x                Scale = max x - min x
//	zscore  Offset = m = (sum x)/n        Scale = sqrt((sum (x-m)^2)/n)
//
// Shape:   rows is row-major, one column per feature of s.
// Range:   Scale is above 0.
// Warm-up: rows that are not complete have no place here.
// NaN:     a value that is no finite number is refused.
// Panics:  when rows are not whole rows.
// Error:   sums are float64 in the order of the rows.
// Source:  the strategy grammar.
// Differs: the original never fitted the constants that it asked for.
func Fit(s *strategy.Strategy, rows []float32) (Scaling, error) {
	features := s.Features()
	if len(rows)%len(features) != 0 {
		panic("feature: Fit wants whole rows")
	}
	var all Scaling
	for column, f := range features {
		if !f.IsScaled() {
			continue
		}
		one := Scaler{Feature: f.Name, Method: f.Normalization}
		one.fit(rows, column, len(features))
		if err := one.check(); err != nil {
			return nil, fmt.Errorf("scale input %s over %d training rows: %w", f.Name, len(rows)/len(features), err)
		}
		all = append(all, one)
	}
	return all, nil
}

// fit computes the constants from every width-th value from column on.
func (r *Scaler) fit(rows []float32, column, width int) {
	low, high, sum := math.Inf(1), math.Inf(-1), 0.0
	for i := column; i < len(rows); i += width {
		x := float64(rows[i])
		low, high, sum = min(low, x), max(high, x), sum+x
	}
	if r.Method == strategy.NormalizeMinMax {
		r.Offset, r.Scale = low, high-low
		return
	}
	n := float64(len(rows) / width)
	r.Offset = sum / n
	squares := 0.0
	for i := column; i < len(rows); i += width {
		d := float64(rows[i]) - r.Offset
		squares += float64(d * d)
	}
	r.Scale = math.Sqrt(squares / n)
	if low == high {
		r.Scale = 0 // and not what rounding left of it
	}
}

// check refuses constants that no training fits.
func (r Scaler) check() error {
	isFinite := func(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
	switch {
	case !isFinite(r.Offset) || !isFinite(r.Scale):
		return fmt.Errorf("a value is no finite number (offset %v, scale %v)", r.Offset, r.Scale)
	case r.Scale == 0:
		return fmt.Errorf("every value is %v, which cannot be scaled and teaches nothing: remove the input or choose a longer date range", r.Offset)
	case r.Scale < 0:
		return fmt.Errorf("the scale %v is below 0", r.Scale)
	}
	return nil
}

// Check returns an error unless x is a scaling of exactly the scaled features of
// s.
func (x Scaling) Check(s *strategy.Strategy) error {
	at := 0
	for _, f := range s.Features() {
		if !f.IsScaled() {
			continue
		}
		if at == len(x) {
			return fmt.Errorf("input %s is scaled by %s with constants that a training fits, and there are none: use the model that was trained with the strategy", f.Name, f.Normalization)
		}
		if r := x[at]; r.Feature != f.Name || r.Method != f.Normalization {
			return fmt.Errorf("scaling %d is %s of %s, the strategy asks for %s of %s", at+1, r.Method, r.Feature, f.Normalization, f.Name)
		}
		if err := x[at].check(); err != nil {
			return fmt.Errorf("scaling of %s: %w", f.Name, err)
		}
		at++
	}
	if at < len(x) {
		return fmt.Errorf("%s is scaled but is no scaled input of the strategy", x[at].Feature)
	}
	return nil
}

// Apply scales rows of the features of s in place. It is the only place that
// does, in training and after it.
//
//	y = (x - Offset) / Scale
//
// Shape:   rows is row-major, one column per feature of s.
// Range:   of minmax [0, 1] on the rows fitted to; values beyond those are
// beyond it too, and are not cut off.
// Warm-up: none of its own.
// NaN:     stays NaN.
// Panics:  when x is no scaling of s; see Check.
// Error:   computed in float64 from the float32 of the row, and rounded once.
// Source:  the strategy grammar.
// Differs: the original trained on values that it did not scale.
func (x Scaling) Apply(s *strategy.Strategy, rows []float32) {
	if err := x.Check(s); err != nil {
		panic("feature: Apply: " + err.Error())
	}
	features, at := s.Features(), 0
	for column, f := range features {
		if !f.IsScaled() {
			continue
		}
		r := x[at]
		at++
		for i := column; i < len(rows); i += len(features) {
			rows[i] = float32((float64(rows[i]) - r.Offset) / r.Scale)
		}
	}
}
