package rolling

import "math"

// A set is the functions that are worth vectors, in one form. All forms give the
// same bits.
type set struct {
	name string
	// highest writes the larger of x and y into dst, element by element, and
	// lowest the smaller. No value is negative or NaN. All have one length, and dst
	// may be x.
	highest, lowest func(dst, x, y []float64)
	// higher and lower do the same, with x where they are equal, and write what
	// stands beside it in xAt or yAt into dstAt.
	higher, lower func(dst []float64, dstAt []int64, x []float64, xAt []int64, y []float64, yAt []int64)
	// finite reports whether no number of x is NaN or infinite.
	finite func(x []float64) bool
	// reach returns the least and the greatest number of x that is not NaN; infinity
	// and its opposite where there is none.
	reach func(x []float64) (low, high float64)
	// deviations writes the sum of |v - center[i]| over all v of window i into
	// dst[i]. The window is newer[0..at+i] and older[at+i+1..n-1], whose other values
	// are lost. Slot k of it belongs to sum k mod 4; the four are added up in their
	// order.
	deviations func(dst, center, newer, older []float64, at int)
	// means writes the mean of the window that ends with each value of src into dst.
	// src is whole blocks, one or more, and before the block before them; sums is
	// four blocks of room. An Average says how the sums are taken.
	means func(dst, src, before, sums []float64, share float64)
}

// Finite reports whether no number of x is NaN or infinite.
func Finite(x []float64) bool { return best.finite(x) }

// Reach returns the least and the greatest number of x that is not NaN; infinity and its
// opposite where there is none. Of a 0 and its opposite it may be either.
func Reach(x []float64) (low, high float64) { return best.reach(x) }

// Lesser returns the lesser of two numbers that are not NaN, a where they are equal.
// Unlike min it knows of no NaN and no sign of 0, and takes one comparison.
func Lesser(a, b float64) float64 {
	if b < a {
		return b
	}
	return a
}

// Greater returns the greater of two numbers that are not NaN, a where they are
// equal. It is to max what Lesser is to min.
func Greater(a, b float64) float64 {
	if b > a {
		return b
	}
	return a
}

// plain is the set that runs everywhere and defines what the others must give.
var plain = set{name: "plain", highest: highestPlain, lowest: lowestPlain, higher: higherPlain, lower: lowerPlain, finite: finitePlain, reach: reachPlain, deviations: deviationsPlain, means: meansPlain}

// sets holds what this processor can run, the slowest first, and best the fastest.
var (
	sets = append([]*set{&plain}, fast()...)
	best = sets[len(sets)-1]
)

// Numbers that are not negative are in the order of their bits, and whole numbers
// are chosen without a branch, which nobody could predict here.

func highestPlain(dst, x, y []float64) {
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = math.Float64frombits(max(math.Float64bits(x[i]), math.Float64bits(y[i])))
	}
}

func lowestPlain(dst, x, y []float64) {
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = math.Float64frombits(min(math.Float64bits(x[i]), math.Float64bits(y[i])))
	}
}

func higherPlain(dst []float64, dstAt []int64, x []float64, xAt []int64, y []float64, yAt []int64) {
	n := len(dst)
	dstAt, x, xAt, y, yAt = dstAt[:n], x[:n], xAt[:n], y[:n], yAt[:n]
	for i := range dst {
		key, rival, at, rivalAt := math.Float64bits(x[i]), math.Float64bits(y[i]), xAt[i], yAt[i]
		if rival > key {
			at = rivalAt
		}
		dst[i], dstAt[i] = math.Float64frombits(max(key, rival)), at
	}
}

func lowerPlain(dst []float64, dstAt []int64, x []float64, xAt []int64, y []float64, yAt []int64) {
	n := len(dst)
	dstAt, x, xAt, y, yAt = dstAt[:n], x[:n], xAt[:n], y[:n], yAt[:n]
	for i := range dst {
		key, rival, at, rivalAt := math.Float64bits(x[i]), math.Float64bits(y[i]), xAt[i], yAt[i]
		if rival < key {
			at = rivalAt
		}
		dst[i], dstAt[i] = math.Float64frombits(min(key, rival)), at
	}
}

func finitePlain(x []float64) bool {
	for ; len(x) >= 4; x = x[4:] {
		v := x[:4]
		if sum := (v[0] - v[0]) + (v[1] - v[1]) + ((v[2] - v[2]) + (v[3] - v[3])); sum != 0 {
			return false
		}
	}
	for _, v := range x {
		if v-v != 0 {
			return false
		}
	}
	return true
}

func reachPlain(x []float64) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, v := range x {
		if v < low {
			low = v
		}
		if v > high {
			high = v
		}
	}
	return low, high
}

func deviationsPlain(dst, center, newer, older []float64, at int) {
	copy(older, newer[:at])
	for i, c := range center[:len(dst)] {
		older[at+i] = newer[at+i]
		var sum0, sum1, sum2, sum3 float64
		v := older
		for ; len(v) >= 4; v = v[4:] {
			four := v[:4]
			sum0 += math.Abs(four[0] - c)
			sum1 += math.Abs(four[1] - c)
			sum2 += math.Abs(four[2] - c)
			sum3 += math.Abs(four[3] - c)
		}
		if len(v) > 0 {
			sum0 += math.Abs(v[0] - c)
		}
		if len(v) > 1 {
			sum1 += math.Abs(v[1] - c)
		}
		if len(v) > 2 {
			sum2 += math.Abs(v[2] - c)
		}
		dst[i] = sum0 + sum1 + sum2 + sum3
	}
}

// meansPlain takes the sums of a block and those that the next one begins with at
// once, because they do not wait for each other.
func meansPlain(dst, src, before, sums []float64, share float64) {
	if len(src) == 0 {
		return
	}
	n := len(before)
	older, next := sums[:n], sums[n:][:n]
	sumOlder(older, before[1:], src[0])
	for len(src) > 0 {
		block, out := src[:n], dst[:n]
		src, dst = src[n:], dst[n:]
		anchor, anchorNext := block[0], 0.0
		if len(src) > 0 {
			anchorNext = src[0]
		}
		sum, back := 0.0, 0.0
		older, next = older[:n], next[:n]
		for k := len(block) - 1; k >= 0; k-- {
			next[k] = back
			back += block[k] - anchorNext
			j := len(block) - 1 - k
			sum += block[j] - anchor
			out[j] = anchor + float64((older[j]+sum)*share)
		}
		older, next = next, older
	}
}
