package rolling_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

// prices draws numbers of which many are equal.
func prices(t *rapid.T, name string, n int) []float64 {
	return rapid.SliceOfN(rapid.OneOf(
		rapid.Map(rapid.IntRange(0, 4), func(i int) float64 { return float64(i) }),
		rapid.Float64Range(0, 1e9),
	), n, n).Draw(t, name)
}

// TestSets holds every form that this processor can run to plain Go, bit for bit.
func TestSets(t *testing.T) {
	sets := rolling.Sets()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 70).Draw(t, "n")
		x, y := prices(t, "x", n), prices(t, "y", n)
		places := make([]int64, 2*n)
		for i := range places {
			places[i] = int64(i)
		}
		at := rapid.IntRange(0, n-1).Draw(t, "at")
		bars := rapid.IntRange(0, n-at).Draw(t, "bars")
		if rapid.Bool().Draw(t, "odd") {
			x[at] = []float64{math.NaN(), math.Inf(1), math.Inf(-1)}[rapid.IntRange(0, 2).Draw(t, "which")]
		}
		call := func(s rolling.Set) [][]float64 {
			high, low, placed, sums := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, bars)
			finite := []float64{0}
			if s.Finite(x) {
				finite[0] = 1
			}
			low0, high0 := s.Reach(x)
			finite = append(finite, low0, high0)
			s.Deviations(sums, y[:bars], x, slices.Clone(y), at)
			x := slices.Clone(x)
			x[at] = y[at]
			s.Highest(high, x, y)
			s.Lowest(low, x, y)
			highAt, lowAt := make([]int64, n), make([]int64, n)
			s.Higher(placed, highAt, x, places, y, places[n:])
			all := [][]float64{finite, high, low, slices.Clone(placed), sums}
			s.Lower(placed, lowAt, x, places, y, places[n:])
			all = append(all, placed)
			for _, list := range [][]int64{highAt, lowAt} {
				var column []float64
				for _, v := range list {
					column = append(column, float64(v))
				}
				all = append(all, column)
			}
			return all
		}
		want := call(sets[0])
		for _, s := range sets[1:] {
			for i, column := range call(s) {
				mustEqual(t, fmt.Sprintf("%s: result %d", s.Name, i), column, want[i])
			}
		}
	})
}

// TestOddOnes puts one value that is the highest, the lowest, or no number at every place of
// a column of any length.
func TestOddOnes(t *testing.T) {
	for _, s := range rolling.Sets() {
		for n := 1; n <= 70; n++ {
			x := slices.Repeat([]float64{5}, n)
			for at := range x {
				for _, odd := range []float64{9, 1, math.NaN(), math.Inf(1), math.Inf(-1)} {
					x[at] = odd
					if got, want := s.Finite(x), odd-odd == 0; got != want {
						t.Fatalf("%s: with %v at %d of %d finite %v", s.Name, odd, at, n, got)
					}
					if low, high := s.Reach(x); odd == odd && (low != slices.Min(x) || high != slices.Max(x)) {
						t.Fatalf("%s: with %v at %d of %d the values are from %v to %v", s.Name, odd, at, n, low, high)
					}
				}
				x[at] = 5
			}
		}
	}
}

// TestMeansOfOneHole has one NaN at every place: the means that are not known are those of
// windows that hold it, or that are not whole, and of no other, a value at a time and in
// columns.
func TestMeansOfOneHole(t *testing.T) {
	for n := 1; n <= 9; n++ {
		for hole := range 5*n + 1 {
			x, got, column := make([]float64, 6*n), make([]float64, 6*n), make([]float64, 6*n)
			for i := range x {
				x[i] = 3
			}
			x[hole] = math.NaN()
			bars, columns, first := rolling.NewAverage(n), rolling.NewAverage(n), 0
			if hole == 0 { // it is no value
				first = 1
			}
			for i, v := range x {
				got[i] = bars.Mean(v)
			}
			columns.Means(column[:2*n], x[:2*n])
			columns.Means(column[2*n:], x[2*n:])
			for i := range x {
				want := 3.0
				if i < first+n-1 || hole > i-n && hole <= i {
					want = math.NaN()
				}
				mustEqual(t, fmt.Sprintf("%d values, a hole at %d, the mean at %d", n, hole, i), []float64{got[i], column[i]}, []float64{want, want})
			}
		}
	}
}

// TestBrief holds means of few values, in parts, to a sum over each window, brought back
// into their range.
func TestBrief(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for n := 1; n <= 6; n++ {
		b, x := rolling.NewBrief(n), make([]float64, 200)
		for i := range x {
			x[i] = 10 * rng.Float64()
		}
		x[0] = math.NaN() // no value
		got, want := make([]float64, len(x)), make([]float64, len(x))
		for i := range x {
			if want[i] = math.NaN(); i < n {
				continue
			}
			sum := 0.0
			for _, v := range x[i-n+1 : i] {
				sum += v - x[i]
			}
			want[i] = min(8, max(2, x[i]+float64(sum*(1/float64(n)))))
		}
		for from := 0; from < len(x); {
			to := min(len(x), from+1+rng.IntN(rolling.Chunk))
			b.Means(got[from:to], x[from:to], 2, 8)
			from = to
		}
		mustEqual(t, fmt.Sprint(n, " values"), got, want)
	}
}

// TestMeans holds a column, however it is cut, to one value after another, and every
// form of whole blocks to plain Go, bit for bit.
func TestMeans(t *testing.T) {
	sets := rolling.Sets()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 24).Draw(t, "n")
		x := prices(t, "x", rapid.IntRange(1, 20*n).Draw(t, "values"))
		for range rapid.IntRange(0, 3).Draw(t, "odd ones") {
			odd := []float64{math.NaN(), math.Inf(1), math.Copysign(0, -1)}[rapid.IntRange(0, 2).Draw(t, "which")]
			x[rapid.IntRange(0, len(x)-1).Draw(t, "at")] = odd
		}
		got, want := make([]float64, len(x)), make([]float64, len(x))
		bars, columns := rolling.NewAverage(n), rolling.NewAverage(n)
		for i, v := range x {
			want[i] = bars.Mean(v)
		}
		for from := 0; from < len(x); {
			to := from + rapid.IntRange(1, len(x)-from).Draw(t, "part")
			columns.Means(got[from:to], x[from:to])
			from = to
		}
		mustEqual(t, "a column in parts", got, want)

		blocks := len(x)/n - 1
		if blocks < 1 {
			return
		}
		src := x[n:][:n*blocks]
		want, got = want[:len(src)], got[:len(src)]
		sums := make([]float64, 4*n)
		sets[0].Means(want, src, x[:n], sums, 1/float64(n))
		for _, s := range sets[1:] {
			s.Means(got, src, x[:n], sums, 1/float64(n))
			mustEqual(t, s.Name, got, want)
		}
	})
}

func mustEqual(t fataler, name string, got, want []float64) {
	t.Helper()
	for i, v := range got {
		if math.Float64bits(v) != math.Float64bits(want[i]) && (v == v || want[i] == want[i]) {
			t.Fatalf("%s: element %d of %d = %x, want %x", name, i, len(got), v, want[i])
		}
	}
}

type fataler interface {
	Helper()
	Fatalf(string, ...any)
}

// TestWindows compares with a look at each whole window, however the values come.
func TestWindows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, oldest := rapid.IntRange(1, 40).Draw(t, "n"), rapid.Bool().Draw(t, "oldest")
		x := prices(t, "x", rapid.IntRange(1, 400).Draw(t, "values"))
		center := prices(t, "center", len(x))
		highs, lows, deviation := rolling.NewHighest(n), rolling.NewLowest(n), rolling.NewDeviation(n)
		highAge, lowAge := rolling.NewHighestAge(n, oldest), rolling.NewLowestAge(n, oldest)
		table := make([]float64, n)
		for i := range table {
			table[i] = float64(i)
		}
		got := make([][]float64, 5)
		for c := range got {
			got[c] = make([]float64, len(x))
		}
		for from := 0; from < len(x); {
			to := min(from+rapid.IntRange(1, rolling.Chunk).Draw(t, "part"), len(x))
			highs.Fill(got[0][from:to], x[from:to])
			lows.Fill(got[1][from:to], x[from:to])
			highAge.Fill(got[2][from:to], x[from:to], table)
			lowAge.Fill(got[3][from:to], x[from:to], table)
			deviation.Sums(got[4][from:to], x[from:to], center[from:to])
			from = to
		}
		for end := range x {
			if end < n-1 {
				if got[0][end] == got[0][end] || got[1][end] == got[1][end] {
					t.Fatalf("there are %d values of %d, and the best are %v and %v", end+1, n, got[0][end], got[1][end])
				}
				continue
			}
			window := x[end-n+1 : end+1]
			high, low := slices.Max(window), slices.Min(window)
			distance := 0.0
			for _, v := range window {
				distance += math.Abs(v - center[end])
			}
			for c, want := range []float64{high, low, since(window, high, oldest), since(window, low, oldest)} {
				if got[c][end] != want {
					t.Fatalf("column %d at %d = %v, want %v", c, end, got[c][end], want)
				}
			}
			if math.Abs(got[4][end]-distance) > 1e-12*distance {
				t.Fatalf("deviation at %d = %v, want %v", end, got[4][end], distance)
			}
		}
	})
}

// since returns how many values ago best came.
func since(window []float64, best float64, oldest bool) float64 {
	first, last := slices.Index(window, best), 0
	for i, v := range window {
		if v == best {
			last = i
		}
	}
	if oldest {
		last = first
	}
	return float64(len(window) - 1 - last)
}
