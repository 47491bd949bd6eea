package barstore

import (
	"encoding/binary"
	"math"
	"unsafe"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

var columnNames = [columnCount]string{"time", "open", "high", "low", "close", "volume"}

// raw holds the columns of a series as they stand in files: little-endian, eight
// bytes to a value.
type raw [columnCount][]byte

// rawOf returns the columns of s, which on little-endian machines share its
// memory.
func rawOf(s market.Series) raw {
	return raw{bytesOf(s.Time), bytesOf(s.Open), bytesOf(s.High), bytesOf(s.Low), bytesOf(s.Close), bytesOf(s.Volume)}
}

// series returns bars i to j-1 of r, which share its memory where it is aligned
// and the machine is little-endian.
func (r raw) series(symbol market.Symbol, tf market.Timeframe, i, j int) market.Series {
	return market.Series{
		Symbol: symbol, Timeframe: tf, Time: valuesOf[int64](r[0], i, j),
		Open: valuesOf[float64](r[1], i, j), High: valuesOf[float64](r[2], i, j), Low: valuesOf[float64](r[3], i, j),
		Close: valuesOf[float64](r[4], i, j), Volume: valuesOf[float64](r[5], i, j),
	}
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

// unknownVolume is the one NaN that is written, so that equal bars have equal
// bytes.
var unknownVolume = math.Float64bits(math.NaN())

// isCanonical says whether v has the bits that are written for its value.
func isCanonical(v float64) bool {
	if v != v {
		return math.Float64bits(v) == unknownVolume
	}
	return v != 0 || !math.Signbit(v)
}

// canonical returns s with the volumes that are written for it, as a copy if
// they differ from those of s.
func canonical(s market.Series) market.Series {
	for i, v := range s.Volume {
		if isCanonical(v) {
			continue
		}
		volume := append([]float64(nil), s.Volume...)
		for k, v := range volume[i:] {
			if v != v {
				volume[i+k] = math.Float64frombits(unknownVolume)
			} else if v == 0 {
				volume[i+k] = 0
			}
		}
		s.Volume = volume
		return s
	}
	return s
}
