package feature

import "github.com/ktrdr/ktrdr/internal/core/market"

// AsOf returns for each of the n bars of base from first on which bar of series is
// the latest that is available when it closes: the bar that the row of the base
// bar reads. It is -1 where there is none yet, or where the latest is too old; see
// the package comment on holes.
func AsOf(base market.Series, first, n int, series market.Series) []int32 {
	j := joinAsOf(base, first, n, series)
	bars := make([]int32, n)
	for row, k := range j.of {
		bars[row] = j.distinct[k]
	}
	return bars
}
