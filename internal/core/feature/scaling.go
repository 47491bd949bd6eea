package feature

import (
	"fmt"
	"math"
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/fuzzy"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// A Scaling holds the constants that make the scaled features of a strategy what
// its network reads, in the order of the features: values on a scale, and degrees
// of sets that were placed. A training fits it, a model keeps it; without it the
// strategy makes no rows that a network could read.
type Scaling []Scaler

// A Scaler makes x into (x-Offset)/Scale, or into its degree in a set of the
// feature's kind with Parameters.
type Scaler struct {
	Feature    string    `json:"feature"`
	Method     string    `json:"method"`              // minmax or zscore, quantile or c-means, of package strategy
	Offset     float64   `json:"offset,omitzero"`     // the least value, or the mean, of the training rows
	Scale      float64   `json:"scale,omitzero"`      // the largest less the least value, or the standard deviation
	Parameters []float64 `json:"parameters,omitzero"` // of a set; else nil
}

// Equal reports whether two scalers do the same.
func (r Scaler) Equal(o Scaler) bool {
	return r.Feature == o.Feature && r.Method == o.Method && r.Offset == o.Offset && r.Scale == o.Scale && slices.Equal(r.Parameters, o.Parameters)
}

// methodOf returns how a scaled feature is scaled.
func methodOf(f strategy.Feature) string {
	if f.Place != "" {
		return f.Place
	}
	return f.Normalization
}

// Fit returns the scaling of the features of s that rows ask for. The rows are
// complete rows that BuildUnscaled made, one after the other, of the training
// part and of nothing else.
//
//	minmax    Offset = min x                Scale = max x - min x
//	zscore    Offset = m = (sum x)/n        Scale = sqrt((sum (x-m)^2)/n)
//	quantile, c-means: the sets of a fuzzy set, placed on x; see package fuzzy
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
	var placed []fuzzy.Function // of the fuzzy set that the feature belongs to
	for column, f := range features {
		if !f.IsScaled() {
			continue
		}
		one, err := Scaler{Feature: f.Name, Method: methodOf(f)}, error(nil)
		switch {
		case f.Lag > 0: // an earlier bar is on the scale of the decision bar
			one = all[slices.IndexFunc(all, func(r Scaler) bool { return r.Feature == f.Unlagged() })]
			one.Feature, placed = f.Name, nil
		case f.Place == "":
			one.fit(rows, column, len(features))
		case f.Member == 0:
			placed, err = s.FuzzySets[f.FuzzySet].Placed(values(rows, column, len(features)))
		}
		if err == nil && placed != nil && f.Place != "" {
			one.Parameters = placed[f.Member].Params()
		}
		if err == nil {
			err = one.check(f, s)
		}
		if err != nil {
			return nil, fmt.Errorf("scale input %s over %d training rows: %w", f.Name, len(rows)/len(features), err)
		}
		all = append(all, one)
	}
	return all, nil
}

// values returns every width-th value from column on.
func values(rows []float32, column, width int) []float64 {
	x := make([]float64, 0, len(rows)/width)
	for i := column; i < len(rows); i += width {
		x = append(x, float64(rows[i]))
	}
	return x
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

// check refuses constants that no training fits to feature f of s.
func (r Scaler) check(f strategy.Feature, s *strategy.Strategy) error {
	if f.Place != "" {
		if r.Offset != 0 || r.Scale != 0 {
			return fmt.Errorf("a set that is placed has no offset %v and no scale %v", r.Offset, r.Scale)
		}
		_, err := r.set(f, s)
		return err
	}
	isFinite := func(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
	switch {
	case r.Parameters != nil:
		return fmt.Errorf("a value has no parameters %v", r.Parameters)
	case !isFinite(r.Offset) || !isFinite(r.Scale):
		return fmt.Errorf("a value is no finite number (offset %v, scale %v)", r.Offset, r.Scale)
	case r.Scale == 0:
		return fmt.Errorf("every value is %v, which cannot be scaled and teaches nothing: remove the input or choose a longer date range", r.Offset)
	case r.Scale < 0:
		return fmt.Errorf("the scale %v is below 0", r.Scale)
	}
	return nil
}

// set returns the set of feature f of s with the parameters of r.
func (r Scaler) set(f strategy.Feature, s *strategy.Strategy) (fuzzy.Function, error) {
	shape := s.FuzzySets[f.FuzzySet].Shapes[f.Member]
	set, err := fuzzy.New(shape.Kind, r.Parameters)
	return set.Hedged(shape.Hedge), err
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
			return fmt.Errorf("input %s is scaled by %s with constants that a training fits, and there are none: use the model that was trained with the strategy", f.Name, methodOf(f))
		}
		if r := x[at]; r.Feature != f.Name || r.Method != methodOf(f) {
			return fmt.Errorf("scaling %d is %s of %s, the strategy asks for %s of %s", at+1, r.Method, r.Feature, methodOf(f), f.Name)
		}
		if err := x[at].check(f, s); err != nil {
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
//	y = (x - Offset) / Scale, or the degree of x
//
// Shape:   rows is row-major, one column per feature of s.
// Range:   of minmax [0, 1] on the rows fitted to; values beyond those are
// beyond it too, and are not cut off. Degrees [0, 1].
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
	x.apply(s, rows, strategy.Feature.IsScaled)
}

// apply is Apply for the scaled features of which chosen is true.
func (x Scaling) apply(s *strategy.Strategy, rows []float32, chosen func(strategy.Feature) bool) {
	features, at := s.Features(), 0
	for column, f := range features {
		if !f.IsScaled() {
			continue
		}
		r := x[at]
		at++
		switch {
		case !chosen(f):
		case f.Place != "":
			r.place(f, s, rows, column, len(features))
		default:
			for i := column; i < len(rows); i += len(features) {
				rows[i] = float32((float64(rows[i]) - r.Offset) / r.Scale)
			}
		}
	}
}

// place replaces every width-th value from column on by its degree.
func (r Scaler) place(f strategy.Feature, s *strategy.Strategy, rows []float32, column, width int) {
	set, err := r.set(f, s)
	if err != nil {
		panic("feature: place: " + err.Error()) // Check has accepted it
	}
	block := make([]float64, 0, blockRows)
	for start := column; start < len(rows); start += blockRows * width {
		block = block[:0]
		for i := start; i < min(len(rows), start+blockRows*width); i += width {
			block = append(block, float64(rows[i]))
		}
		for i, d := range set.Degrees(block, block) {
			rows[start+i*width] = float32(d)
		}
	}
}
