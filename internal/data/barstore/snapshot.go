package barstore

import (
	"errors"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

// Encode appends the snapshot of s to dst and returns the result. Equal bars
// give equal bytes. It panics if the columns differ in length or if the symbol
// or timeframe is not set.
func Encode(dst []byte, s market.Series) []byte { return dst }

// Decode returns the series that Encode wrote. Where b is aligned to eight bytes
// the columns are parts of b, which must not be written to afterwards.
func Decode(b []byte) (market.Series, error) {
	return market.Series{}, errors.New("barstore: being written")
}
