package rolling

import "golang.org/x/sys/cpu"

// fast returns the sets of assembly that this processor can run, the slowest
// first.
func fast() []*set {
	if !cpu.X86.HasAVX2 {
		return nil
	}
	all := []*set{{
		name: "avx2", highest: eights(highest256, highestPlain), lowest: eights(lowest256, lowestPlain),
		higher: placed(higher256, higherPlain), lower: placed(lower256, lowerPlain), finite: finiteFast, reach: reachFast, deviations: deviationsFast, means: meansFast,
	}}
	if cpu.X86.HasAVX512F {
		all = append(all, &set{
			name: "avx512", highest: eights(highest512, highestPlain), lowest: eights(lowest512, lowestPlain),
			higher: placed(higher512, higherPlain), lower: placed(lower512, lowerPlain), finite: finiteFast, reach: reachFast, deviations: deviationsFast, means: meansFast,
		})
	}
	return all
}

// eights has vectors do whole eights and rest what is left.
func eights(vectors func(dst, x, y *float64, n int), rest func(dst, x, y []float64)) func(dst, x, y []float64) {
	return func(dst, x, y []float64) {
		n := len(dst) &^ 7
		if n > 0 {
			_, _ = x[n-1], y[n-1]
			vectors(&dst[0], &x[0], &y[0], n)
		}
		rest(dst[n:], x[n:], y[n:])
	}
}

func finiteFast(x []float64) bool {
	n := len(x) &^ 15
	return (n == 0 || finite256(&x[0], n)) && finitePlain(x[n:])
}

func reachFast(x []float64) (low, high float64) {
	n := len(x) &^ 15
	low, high = reachPlain(x[n:])
	if n > 0 {
		low256, high256 := reach256(&x[0], n)
		low, high = min(low, low256), max(high, high256)
	}
	return low, high
}

// placed is eights for values with their places.
func placed(
	vectors func(dst *float64, dstAt *int64, x *float64, xAt *int64, y *float64, yAt *int64, n int),
	rest func(dst []float64, dstAt []int64, x []float64, xAt []int64, y []float64, yAt []int64),
) func(dst []float64, dstAt []int64, x []float64, xAt []int64, y []float64, yAt []int64) {
	return func(dst []float64, dstAt []int64, x []float64, xAt []int64, y []float64, yAt []int64) {
		n := len(dst) &^ 7
		if n > 0 {
			_, _, _, _, _ = dstAt[n-1], x[n-1], xAt[n-1], y[n-1], yAt[n-1]
			vectors(&dst[0], &dstAt[0], &x[0], &xAt[0], &y[0], &yAt[0], n)
		}
		rest(dst[n:], dstAt[n:], x[n:], xAt[n:], y[n:], yAt[n:])
	}
}

// deviationsFast has vectors do the windows in fours that begin at a multiple of
// four slots.
func deviationsFast(dst, center, newer, older []float64, at int) {
	before := min(-at&3, len(dst))
	if before > 0 {
		deviationsPlain(dst[:before], center, newer, older, at)
		dst, center, at = dst[before:], center[before:], at+before
	}
	n := len(dst) &^ 3
	if n > 0 {
		_, _, _ = center[n-1], newer[at+n-1], older[len(newer)-1]
		deviations256(&dst[0], &center[0], &newer[0], &older[0], at, len(newer), n)
	}
	deviationsPlain(dst[n:], center[n:], newer, older, at+n)
}

// meansFast has vectors do the blocks in fours.
func meansFast(dst, src, before, sums []float64, share float64) {
	n := len(before)
	fours := len(src) / (4 * n)
	if done := 4 * n * fours; done > 0 {
		_, _, _ = dst[done-1], sums[4*n-1], before[n-1]
		means256(&dst[0], &src[0], &before[0], &sums[0], n, share, fours)
		before, dst, src = src[done-n:done], dst[done:], src[done:]
	}
	meansPlain(dst, src, before, sums, share)
}
