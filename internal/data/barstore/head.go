package barstore

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

const (
	magic      = "KTRDBARS"
	valueBytes = 8

	plainColumns = 6 // time, open, high, low, close, volume
	columnCount  = 8 // bid and ask too

	fixedBytes = 96 // of a head
	symbolRoom = 24
)

// Bars of a block: of a snapshot, and of the columns of a store, from which a
// span should be read without much beside it. Columns that an earlier release
// wrote have the blocks of snapshots.
const (
	snapshotBlock = 1 << 16
	storeBlock    = 1 << 13
)

// A format is what a version of the format sets.
type format struct {
	width     int  // how many columns there are: plainColumns or columnCount
	blockBars int  // bars of a block
	tailed    bool // whether the last bars stand in files of their own
}

// formats holds what each version sets, from version 1 on.
var formats = [...]format{
	{plainColumns, snapshotBlock, false}, {columnCount, snapshotBlock, false}, {plainColumns, storeBlock, false}, {columnCount, storeBlock, false},
	{plainColumns, storeBlock, true}, {columnCount, storeBlock, true},
}

var (
	order      = binary.LittleEndian
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

// A head says what the columns beside it or behind it hold.
type head struct {
	format
	symbol     market.Symbol
	timeframe  market.Timeframe
	generation uint64 // of the column files; 0 in a snapshot
	bars       int
	last       int64 // Unix second at which the last bar opens

	// Of a head that is tailed: bars from tail on, whole blocks behind the first,
	// stand in files of the generation, those before in files of base.
	tail int
	base uint64

	// entries holds, as they are written, those of the blocks, which are runs of
	// blockBars bars, or fewer at the end: the Unix second at which the first bar
	// opens, and a checksum for each column. Most are never looked at.
	entries []byte
}

// A part is the bars of a series that stand in the files of one generation.
type part struct {
	generation uint64
	from, to   int
}

// parts returns those of the series, in order.
func (h *head) parts() []part {
	if !h.tailed {
		return []part{{h.generation, 0, h.bars}}
	}
	return []part{{h.base, 0, h.tail}, {h.generation, h.tail, h.bars}}
}

// holds tells whether bars of the series stand in files of a generation.
func (h *head) holds(generation uint64) bool {
	return slices.ContainsFunc(h.parts(), func(p part) bool { return p.generation == generation })
}

// partOf returns the part that bar i is in.
func (h *head) partOf(i int) part {
	all := h.parts()
	return all[slices.IndexFunc(all, func(p part) bool { return i < p.to })]
}

// version returns that of the format; formatOf is its inverse.
func (f format) version() uint32 { return uint32(1 + slices.Index(formats[:], f)) }

func formatOf(version uint32) (format, error) {
	if version == 0 || version > uint32(len(formats)) {
		return format{}, fmt.Errorf("format version %d: this program reads versions 1 to %d; use the release that wrote it", version, len(formats))
	}
	return formats[version-1], nil
}

// blocksOf returns how many blocks that many bars have.
func (f format) blocksOf(bars int) int { return (bars + f.blockBars - 1) / f.blockBars }

// entryBytes is the size of what is said of a block.
func (f format) entryBytes() int { return 8 + 4*f.width }

// firstOf returns the Unix second at which the first bar of block k opens.
func (h *head) firstOf(k int) int64 { return int64(order.Uint64(h.entries[h.entryBytes()*k:])) }

// sum returns where the checksum of column c in block k stands.
func (h *head) sum(k, c int) []byte { return h.entries[h.entryBytes()*k+8+4*c:][:4] }

// extend adds the values p of column c, which begin at bar at, to the sums of
// their blocks.
func (h *head) extend(c int, p []byte, at int) {
	for len(p) > 0 {
		k := at / h.blockBars
		n := min(len(p), valueBytes*(h.blockBars*(k+1)-at))
		if c == 0 && at%h.blockBars == 0 {
			copy(h.entries[h.entryBytes()*k:], p[:valueBytes])
		}
		sum := h.sum(k, c)
		order.PutUint32(sum, crc32.Update(order.Uint32(sum), castagnoli, p[:n]))
		p, at = p[n:], at+n/valueBytes
	}
}

// describe returns the head of a snapshot of whole columns.
func describe(s market.Series, columns raw) head {
	h := head{format: format{width: columns.width(), blockBars: snapshotBlock}, symbol: s.Symbol, timeframe: s.Timeframe, bars: s.Len()}
	h.entries = make([]byte, h.entryBytes()*h.blocksOf(h.bars))
	if s.Len() > 0 {
		h.last = s.Time[s.Len()-1]
	}
	for c, column := range columns[:h.width] {
		h.extend(c, column, 0)
	}
	return h
}

// bytes returns the size of the encoded head.
func (h *head) bytes() int { return fixedBytes + h.entryBytes()*h.blocksOf(h.bars) }

// append appends the encoded head to dst.
func (h *head) append(dst []byte) []byte {
	start := len(dst)
	dst = append(h.appendFixed(slices.Grow(dst, h.bytes())), h.entries...)
	order.PutUint32(dst[start+12:], headSum(dst[start:]))
	return dst
}

// appendFixed appends what stands before the entries, with a checksum of zero.
func (h *head) appendFixed(dst []byte) []byte {
	tf := []byte(h.timeframe.String())
	dst = append(dst, magic...)
	dst = order.AppendUint32(dst, h.version())
	dst = order.AppendUint32(dst, 0)
	dst = append(dst, pad([]byte(h.symbol), symbolRoom)...)
	dst = append(dst, pad(tf, 4)...)
	dst = order.AppendUint32(dst, uint32(h.blockBars))
	dst = order.AppendUint64(dst, h.generation)
	dst = order.AppendUint64(dst, uint64(h.bars))
	dst = order.AppendUint64(dst, uint64(h.first()))
	dst = order.AppendUint64(dst, uint64(h.last))
	dst = order.AppendUint64(dst, uint64(h.tail))
	return order.AppendUint64(dst, h.base)
}

// headSum is the checksum of an encoded head, taken with its own place zero.
func headSum(b []byte) uint32 {
	sum := crc32.Update(0, castagnoli, b[:12])
	sum = crc32.Update(sum, castagnoli, []byte{0, 0, 0, 0})
	return crc32.Update(sum, castagnoli, b[16:])
}

func (h *head) first() int64 {
	if h.bars == 0 {
		return 0
	}
	return h.firstOf(0)
}

func pad(b []byte, size int) []byte { return append(b[:len(b):len(b)], make([]byte, size-len(b))...) }

// parseHead returns the head at the beginning of b, of which it keeps parts, and
// its size in bytes. It accepts exactly what append writes.
func parseHead(b []byte) (head, int, error) {
	if len(b) < fixedBytes {
		return head{}, 0, fmt.Errorf("%w: %d bytes are too short to hold bars", ErrDamaged, len(b))
	}
	if string(b[:8]) != magic {
		return head{}, 0, fmt.Errorf("%w: it does not begin with %s", ErrDamaged, magic)
	}
	f, err := formatOf(order.Uint32(b[8:]))
	if err != nil {
		return head{}, 0, err
	}
	bars := order.Uint64(b[56:])
	if bars > uint64(len(b))*snapshotBlock { // more than all of b could describe: guards the products below
		return head{}, 0, fmt.Errorf("%w: cut short to %d bytes for %d bars", ErrDamaged, len(b), bars)
	}
	h := head{format: f, generation: order.Uint64(b[48:]), bars: int(bars), last: int64(order.Uint64(b[72:])), base: order.Uint64(b[88:])}
	size := h.bytes()
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
	if err := h.parseTail(order.Uint64(b[80:])); err != nil {
		return head{}, 0, err
	}
	h.entries = b[fixedBytes:]
	again := h.appendFixed(nil)
	copy(again[12:], b[12:16]) // the checksum, which is right
	if !bytes.Equal(again, b[:fixedBytes]) {
		return head{}, 0, fmt.Errorf("%w: the head contradicts itself", ErrDamaged)
	}
	return h, size, nil
}

func (h *head) parseTail(tail uint64) error {
	right := tail == 0 && h.base == 0
	if h.tailed {
		right = tail > 0 && tail < uint64(h.bars) && tail%uint64(h.blockBars) == 0 && 0 < h.base && h.base < h.generation
	}
	if !right {
		return fmt.Errorf("%w: of %d bars, %d are said to stand in files %d and the others in files %d", ErrDamaged, h.bars, tail, h.base, h.generation)
	}
	h.tail = int(tail)
	return nil
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
