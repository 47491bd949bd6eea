package barstore

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

const (
	magic       = "KTRDBARS"
	blockValues = 1 << 16
	valueBytes  = 8

	plainColumns = 6 // time, open, high, low, close, volume: version 1
	columnCount  = 8 // bid and ask too: version 2

	fixedBytes = 96 // of a head
	symbolRoom = 24
)

var (
	order      = binary.LittleEndian
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

// A head says what the columns beside it or behind it hold.
type head struct {
	symbol     market.Symbol
	timeframe  market.Timeframe
	width      int    // how many columns there are: plainColumns or columnCount
	generation uint64 // of the column files; 0 in a snapshot
	bars       int
	last       int64 // Unix second at which the last bar opens
	blocks     []block
}

// A block is a run of blockValues bars, or fewer at the end.
type block struct {
	first int64 // Unix second at which its first bar opens
	sums  [columnCount]uint32
}

// version returns that of the format; widthOf is its inverse.
func (h *head) version() uint32 {
	if h.width == columnCount {
		return 2
	}
	return 1
}

func widthOf(version uint32) (width int, err error) {
	switch version {
	case 1:
		return plainColumns, nil
	case 2:
		return columnCount, nil
	default:
		return 0, fmt.Errorf("format version %d: this program reads versions 1 and 2; use the release that wrote it", version)
	}
}

// extend adds the values p of column c, which begin at bar at, to the sums of
// their blocks.
func (h *head) extend(c int, p []byte, at int) {
	for len(p) > 0 {
		k := at / blockValues
		n := min(len(p), valueBytes*(blockValues*(k+1)-at))
		b := &h.blocks[k]
		if c == 0 && at%blockValues == 0 {
			b.first = int64(order.Uint64(p))
		}
		b.sums[c] = crc32.Update(b.sums[c], castagnoli, p[:n])
		p, at = p[n:], at+n/valueBytes
	}
}

// describe returns the head of whole columns.
func describe(s market.Series, columns raw) head {
	h := head{symbol: s.Symbol, timeframe: s.Timeframe, width: columns.width(), bars: s.Len(), blocks: make([]block, blocksOf(s.Len()))}
	if s.Len() > 0 {
		h.last = s.Time[s.Len()-1]
	}
	for c, column := range columns[:h.width] {
		h.extend(c, column, 0)
	}
	return h
}

func blocksOf(bars int) int { return (bars + blockValues - 1) / blockValues }

// bytes returns the size of the head of that many blocks.
func (h *head) bytes(blocks int) int { return fixedBytes + (8+4*h.width)*blocks }

// append appends the encoded head to dst.
func (h *head) append(dst []byte) []byte {
	start := len(dst)
	tf := []byte(h.timeframe.String())
	dst = append(dst, magic...)
	dst = order.AppendUint32(dst, h.version())
	dst = order.AppendUint32(dst, 0) // the checksum, set below
	dst = append(dst, pad([]byte(h.symbol), symbolRoom)...)
	dst = append(dst, pad(tf, 4)...)
	dst = order.AppendUint32(dst, blockValues)
	dst = order.AppendUint64(dst, h.generation)
	dst = order.AppendUint64(dst, uint64(h.bars))
	dst = order.AppendUint64(dst, uint64(h.first()))
	dst = order.AppendUint64(dst, uint64(h.last))
	dst = append(dst, make([]byte, fixedBytes-(len(dst)-start))...)
	for _, b := range h.blocks {
		dst = order.AppendUint64(dst, uint64(b.first))
		for _, sum := range b.sums[:h.width] {
			dst = order.AppendUint32(dst, sum)
		}
	}
	order.PutUint32(dst[start+12:], headSum(dst[start:]))
	return dst
}

// headSum is the checksum of an encoded head, taken with its own place zero.
func headSum(b []byte) uint32 {
	sum := crc32.Update(0, castagnoli, b[:12])
	sum = crc32.Update(sum, castagnoli, []byte{0, 0, 0, 0})
	return crc32.Update(sum, castagnoli, b[16:])
}

func (h *head) first() int64 {
	if len(h.blocks) == 0 {
		return 0
	}
	return h.blocks[0].first
}

func pad(b []byte, size int) []byte { return append(b[:len(b):len(b)], make([]byte, size-len(b))...) }

// parseHead returns the head at the beginning of b and its size in bytes. It
// accepts exactly what append writes.
func parseHead(b []byte) (head, int, error) {
	if len(b) < fixedBytes {
		return head{}, 0, fmt.Errorf("%w: %d bytes are too short to hold bars", ErrDamaged, len(b))
	}
	if string(b[:8]) != magic {
		return head{}, 0, fmt.Errorf("%w: it does not begin with %s", ErrDamaged, magic)
	}
	width, err := widthOf(order.Uint32(b[8:]))
	if err != nil {
		return head{}, 0, err
	}
	bars := order.Uint64(b[56:])
	if bars > uint64(len(b))*blockValues { // more than all of b could describe: guards the products below
		return head{}, 0, fmt.Errorf("%w: cut short to %d bytes for %d bars", ErrDamaged, len(b), bars)
	}
	h := head{width: width, generation: order.Uint64(b[48:]), bars: int(bars), last: int64(order.Uint64(b[72:]))}
	size := h.bytes(blocksOf(h.bars))
	if len(b) < size {
		return head{}, 0, fmt.Errorf("%w: cut short to %d bytes, want a head of %d", ErrDamaged, len(b), size)
	}
	b = b[:size]
	if sum := headSum(b); sum != order.Uint32(b[12:]) {
		return head{}, 0, fmt.Errorf("%w: the head fails its checksum", ErrDamaged)
	}
	if err := h.parseNames(b); err != nil {
		return head{}, 0, err
	}
	h.blocks = make([]block, blocksOf(h.bars))
	for i := range h.blocks {
		entry := b[h.bytes(i):]
		h.blocks[i].first = int64(order.Uint64(entry))
		for c := range h.width {
			h.blocks[i].sums[c] = order.Uint32(entry[8+4*c:])
		}
	}
	if again := h.append(nil); !bytes.Equal(again, b) {
		return head{}, 0, fmt.Errorf("%w: the head contradicts itself", ErrDamaged)
	}
	return h, size, nil
}

func (h *head) parseNames(b []byte) error {
	symbol := string(bytes.TrimRight(b[16:16+symbolRoom], "\x00"))
	tf, err := market.ParseTimeframe(string(bytes.TrimRight(b[40:44], "\x00")))
	if err == nil {
		err = checkNames(market.Symbol(symbol), tf)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	h.symbol, h.timeframe = market.Symbol(symbol), tf
	return nil
}
