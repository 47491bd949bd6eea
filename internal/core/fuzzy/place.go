package fuzzy

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// A Shape is a set whose parameters follow from its centre and those of its
// neighbours.
type Shape struct {
	Kind  Kind
	Hedge Hedge
}

// CheckShapes says why neighbouring sets cannot be placed, low to high, or nil.
func CheckShapes(shapes []Shape) error {
	last := len(shapes) - 1
	if last < 1 {
		return errors.New("one set has nothing to share the values out with: want at least two")
	}
	for i, s := range shapes {
		switch {
		case s.Kind == Triangular || s.Kind == Gaussian:
		case s.Kind == LeftShoulder && i == 0 || s.Kind == RightShoulder && i == last:
		case s.Kind == LeftShoulder:
			return fmt.Errorf("set %d is a left_shoulder: only the first one can be", i+1)
		case s.Kind == RightShoulder:
			return fmt.Errorf("set %d is a right_shoulder: only the last one can be", i+1)
		default:
			return fmt.Errorf("set %d is %v: want triangular or gaussian, or left_shoulder first and right_shoulder last", i+1, s.Kind)
		}
	}
	return nil
}

// Place returns the functions of neighbouring sets, low to high, with the given
// centres. With c[i] the centre of set i, and the distance to a neighbour that is
// not there that to the other one:
//
//	triangular      c[i-1], c[i], c[i+1]
//	gaussian        mu = c[i], sigma = (c[i+1]-c[i-1]) / (4*sqrt(2*ln 2)): half
//	                way to neighbours as far on both sides it is 1/2
//	left_shoulder   c[i], c[i+1]
//	right_shoulder  c[i-1], c[i]
//
// Shape:   one centre per shape.
// Range:   triangles and shoulders sum to 1 between the first and the last centre.
// Error:   two roundings. Centres that do not rise are refused, and what
// CheckShapes and New refuse.
// Source:  the strategy grammar.
func Place(shapes []Shape, centres []float64) ([]Function, error) {
	if len(shapes) != len(centres) {
		return nil, fmt.Errorf("%d centres for %d sets", len(centres), len(shapes))
	}
	if err := CheckShapes(shapes); err != nil {
		return nil, err
	}
	for i := 1; i < len(centres); i++ {
		if !(centres[i] > centres[i-1]) {
			return nil, fmt.Errorf("the centres %v do not rise", centres)
		}
	}
	last := len(centres) - 1
	functions := make([]Function, len(centres))
	for i, c := range centres {
		var below, above float64
		if i > 0 {
			below = centres[i-1]
		}
		if i < last {
			above = centres[i+1]
		}
		switch i {
		case 0:
			below = c - (above - c)
		case last:
			above = c + (c - below)
		}
		f, err := New(shapes[i].Kind, shapes[i].Kind.around(below, c, above))
		if err != nil {
			return nil, fmt.Errorf("set %d: %w", i+1, err)
		}
		functions[i] = f.Hedged(shapes[i].Hedge)
	}
	return functions, nil
}

// crossing is 4*sqrt(2*ln 2): a bell of this many sigmas between its neighbours
// is 1/2 half way to each.
const crossing = 0x1.2d6abe44afc43p+2

// around returns the parameters of a set between two others.
func (k Kind) around(below, centre, above float64) []float64 {
	switch k {
	case Triangular:
		return []float64{below, centre, above}
	case Gaussian:
		return []float64{centre, (above - below) / crossing}
	case LeftShoulder:
		return []float64{centre, above}
	case RightShoulder:
		return []float64{below, centre}
	default:
		panic(fmt.Sprintf("fuzzy: %v cannot be placed", k))
	}
}

// Quantiles returns the values that share x out into n parts of equal number in
// their middles.
//
//	c[i] = quantile (i + 1/2)/n of x, between two values linearly
//
// Shape:   x in any order; it is not changed.
// NaN:     refused, like infinities, no values, and values that are so alike that
// two centres coincide.
// Error:   two roundings.
// Source:  R. J. Hyndman and Y. Fan, Sample quantiles in statistical packages,
// 1996, definition 7.
func Quantiles(x []float64, n int) ([]float64, error) {
	sorted, err := inOrder(x, n)
	if err != nil {
		return nil, err
	}
	centres := quantiles(sorted, n)
	return centres, rising(centres, sorted)
}

// largestPlaced bounds the values that sets are placed by, so that squares of
// their differences are finite.
const largestPlaced = 1e150

// inOrder returns finite values sorted.
func inOrder(x []float64, n int) ([]float64, error) {
	if len(x) == 0 || n < 1 {
		return nil, fmt.Errorf("%d values for %d sets", len(x), n)
	}
	for _, v := range x {
		if !(math.Abs(v) <= largestPlaced) {
			return nil, fmt.Errorf("a value is %v, by which no set can be placed", v)
		}
	}
	sorted := slices.Clone(x)
	slices.Sort(sorted)
	return sorted, nil
}

func quantiles(sorted []float64, n int) []float64 {
	centres := make([]float64, n)
	for i := range centres {
		// (i+1/2)/n of the way from the first value to the last, in whole numbers.
		at, parts := (2*i+1)*(len(sorted)-1), 2*n
		low, rest := sorted[at/parts], float64(at%parts)/float64(parts)
		centres[i] = low
		if rest > 0 {
			centres[i] = low + float64(rest*(sorted[at/parts+1]-low))
		}
	}
	return centres
}

// apart is the least distance of two centres, as a share of the range of the
// values.
const apart = 1e-9

// rising refuses centres of sorted values two of which coincide.
func rising(centres, sorted []float64) error {
	least := float64(apart * (sorted[len(sorted)-1] - sorted[0]))
	for i := 1; i < len(centres); i++ {
		if !(centres[i]-centres[i-1] > least) {
			return fmt.Errorf("two sets would have the same place %v: too many values are alike for %d sets, so use fewer, or give them parameters",
				centres[i], len(centres))
		}
	}
	return nil
}

// The iteration of CMeans ends when no centre moves by more than a share of the
// range of the values, or after so many rounds.
const (
	meansMoves  = 1e-7
	meansRounds = 300
	meansHit    = 0x1p-1000 // a value this near to a centre, squared, is on it
)

// CMeans returns the centres of the n fuzzy clusters that x falls into.
//
//	u[i][k] = 1 / sum over j of ((x[k]-c[i]) / (x[k]-c[j]))^2    1 where x[k] = c[i]
//	c[i]    = sum over k of u[i][k]^2 x[k] / sum over k of u[i][k]^2
//
// in turns, beginning at Quantiles. Where that ends need not have the least error of
// all beginnings: on skewed values the centres stay among the many rather than go to
// the few.
//
// Shape:   x in any order; it is not changed. The centres rise.
// NaN:     as of Quantiles.
// Error:   the last round moved no centre by more than 1e-7 of the range of x, or
// was the 300th. Sums are in the order of the sorted values, so that the order of
// x does not matter.
// Source:  J. C. Bezdek, Pattern recognition with fuzzy objective function
// algorithms, 1981, with the exponent m = 2.
func CMeans(x []float64, n int) ([]float64, error) {
	sorted, err := inOrder(x, n)
	if err != nil {
		return nil, err
	}
	centres := quantiles(sorted, n)
	if err := rising(centres, sorted); err != nil {
		return nil, err
	}
	near := float64(meansMoves * (sorted[len(sorted)-1] - sorted[0]))
	for range meansRounds {
		next := means(sorted, centres)
		moved := 0.0
		for i, c := range next {
			moved = max(moved, math.Abs(c-centres[i]))
		}
		centres = next
		if moved <= near {
			break
		}
	}
	slices.Sort(centres)
	return centres, rising(centres, sorted)
}

// means returns the centres after one round.
func means(x, centres []float64) []float64 {
	weights, sums := make([]float64, len(centres)), make([]float64, len(centres))
	inverse := make([]float64, len(centres))
	for _, v := range x {
		total := 0.0
		for i, c := range centres {
			d := float64((v - c) * (v - c))
			if d < meansHit {
				clear(inverse)
				inverse[i], total = 1, 1
				break
			}
			inverse[i] = 1 / d
			total += inverse[i]
		}
		for i, w := range inverse {
			u := w / total
			square := float64(u * u)
			weights[i] += square
			sums[i] += float64(square * v)
		}
	}
	for i, w := range weights {
		if sums[i] /= w; w == 0 { // every value is on another centre
			sums[i] = centres[i]
		}
	}
	return sums
}
