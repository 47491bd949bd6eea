package barstore

import (
	"encoding/binary"
	"math"
	"slices"
	"unsafe"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

var columnNames = [columnCount]string{"time", "open", "high", "low", "close", "volume", "bid", "ask"}

// raw holds the columns of a series as they stand in files: little-endian, eight
// bytes to a value. Those of quotes are nil where there are none.
type raw [columnCount][]byte

// width returns how many columns there are.
func (r raw) width() int {
	if r[columnCount-1] == nil {
		return plainColumns
	}
	return columnCount
}

// rawOf returns the columns of s, which on little-endian machines share its
// memory.
func rawOf(s market.Series) raw {
	return raw{bytesOf(s.Time), bytesOf(s.Open), bytesOf(s.High), bytesOf(s.Low), bytesOf(s.Close), bytesOf(s.Volume), bytesOf(s.Bid), bytesOf(s.Ask)}
}

// part returns values of column c from i on, up to j-1: all of them, or, where
// r has no such column, some that are not known.
func (r raw) part(c, i, j int) []byte {
	if r[c] != nil {
		return r[c][valueBytes*i : valueBytes*j]
	}
	unknowns := make([]byte, 0, valueBytes*min(j-i, storeBlock))
	for range cap(unknowns) / valueBytes {
		unknowns = order.AppendUint64(unknowns, unknown)
	}
	return unknowns
}

// series returns bars i to j-1 of r, which share its memory where it is aligned
// and the machine is little-endian.
func (r raw) series(symbol market.Symbol, tf market.Timeframe, i, j int) market.Series {
	s := market.Series{
		Symbol: symbol, Timeframe: tf, Time: valuesOf[int64](r[0], i, j),
		Open: valuesOf[float64](r[1], i, j), High: valuesOf[float64](r[2], i, j), Low: valuesOf[float64](r[3], i, j),
		Close: valuesOf[float64](r[4], i, j), Volume: valuesOf[float64](r[5], i, j),
	}
	if r.width() == columnCount {
		s.Bid, s.Ask = valuesOf[float64](r[6], i, j), valuesOf[float64](r[7], i, j)
	}
	return s
}

var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

func bytesOf[T int64 | float64](column []T) []byte {
	if len(column) == 0 {
		return nil
	}
	b := unsafe.Slice((*byte)(unsafe.Pointer(&column[0])), valueBytes*len(column))
	if littleEndian {
		return b
	}
	swapped := make([]byte, len(b))
	swap(swapped, b)
	return swapped
}

func valuesOf[T int64 | float64](b []byte, i, j int) []T {
	if i == j {
		return []T{}
	}
	b = b[valueBytes*i : valueBytes*j]
	if aligned := uintptr(unsafe.Pointer(&b[0]))%valueBytes == 0; aligned && littleEndian {
		return unsafe.Slice((*T)(unsafe.Pointer(&b[0])), j-i)
	}
	column := make([]T, j-i)
	copied := unsafe.Slice((*byte)(unsafe.Pointer(&column[0])), len(b))
	if littleEndian {
		copy(copied, b)
	} else {
		swap(copied, b)
	}
	return column
}

// swap writes the values of src to dst with their bytes in the other order.
func swap(dst, src []byte) {
	for i := 0; i < len(src); i += valueBytes {
		binary.BigEndian.PutUint64(dst[i:], binary.LittleEndian.Uint64(src[i:]))
	}
}

// unknown is the one NaN that is written, so that equal bars have equal bytes.
var unknown = math.Float64bits(math.NaN())

// isCanonical says whether v has the bits that are written for its value.
func isCanonical(v float64) bool {
	if v != v {
		return math.Float64bits(v) == unknown
	}
	return v != 0 || !math.Signbit(v)
}

// canonical returns s with the values that are written for it: columns that
// differ from those of s are copies, and there are none of quotes where no quote is
// known.
func canonical(s market.Series) market.Series {
	s.Volume = canonicalColumn(s.Volume)
	if !anyQuote(s) {
		s.Bid, s.Ask = nil, nil
		return s
	}
	s.Bid, s.Ask = canonicalColumn(s.Bid), canonicalColumn(s.Ask)
	return s
}

func canonicalColumn(column []float64) []float64 {
	for i, v := range column {
		if isCanonical(v) {
			continue
		}
		column = append([]float64(nil), column...)
		for k, v := range column[i:] {
			if v != v {
				column[i+k] = math.Float64frombits(unknown)
			} else if v == 0 {
				column[i+k] = 0
			}
		}
		return column
	}
	return column
}

// anyQuote tells whether a quote of s is known.
func anyQuote(s market.Series) bool {
	return slices.ContainsFunc(s.Bid, func(v float64) bool { return v == v })
}
