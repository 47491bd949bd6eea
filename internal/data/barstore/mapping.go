package barstore

import (
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"sort"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

// A mapping is the column files of a head in memory. It is longer than the files,
// so that bars appended to them appear in it.
type mapping struct {
	columns  raw
	folder   string
	givenOut bool // parts of it are with readers; guarded by Store.mu

	mu      sync.Mutex // guards checked
	checked []int      // bars of each block whose checksums were found right
}

// mapColumns maps the column files that h describes.
func mapColumns(root *os.Root, folder string, h head) (*mapping, error) {
	sizeBytes := valueBytes * h.bars
	roomBytes := sizeBytes + sizeBytes/2 + 1<<20
	m := &mapping{folder: folder, checked: make([]int, h.blocksOf(roomBytes/valueBytes))}
	for c := range h.width {
		column, err := mapColumn(root, folder, h, c, roomBytes)
		if err != nil {
			return nil, errors.Join(err, m.unmap())
		}
		m.columns[c] = column
	}
	return m, nil
}

// mapColumn maps the files of a column behind each other into one piece of memory.
// They begin where a page does, because a block is whole pages of up to 64 KiB.
func mapColumn(root *os.Root, folder string, h head, c, roomBytes int) ([]byte, error) {
	place, err := unix.MmapPtr(-1, 0, nil, uintptr(roomBytes), unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil, fmt.Errorf("find %d bytes of addresses for %s: %w", roomBytes, folder, err)
	}
	column := unsafe.Slice((*byte)(place), roomBytes)
	for _, p := range h.parts() {
		if err := mapFile(root, columnFile(folder, p.generation, c), column[valueBytes*p.from:], valueBytes*(p.to-p.from)); err != nil {
			return nil, errors.Join(err, unmapColumn(column))
		}
	}
	return column, nil
}

// mapFile maps a file over what place is so far.
func mapFile(root *os.Root, name string, place []byte, sizeBytes int) (err error) {
	f, err := root.Open(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if st.Size() < int64(sizeBytes) {
		return fmt.Errorf("%w: %s is cut short to %d bytes, want %d", ErrDamaged, name, st.Size(), sizeBytes)
	}
	at := unsafe.Pointer(unsafe.SliceData(place))
	if _, err := unix.MmapPtr(int(f.Fd()), 0, at, uintptr(len(place)), unix.PROT_READ, unix.MAP_SHARED|unix.MAP_FIXED); err != nil {
		return fmt.Errorf("map %s into memory: %w", name, err)
	}
	return nil
}

func unmapColumn(column []byte) error {
	return unix.MunmapPtr(unsafe.Pointer(unsafe.SliceData(column)), uintptr(len(column)))
}

func (m *mapping) unmap() error {
	var all error
	for c, column := range m.columns {
		if column != nil {
			all = errors.Join(all, unmapColumn(column))
			m.columns[c] = nil
		}
	}
	return all
}

// trust takes over what an earlier mapping has checked of the first bars, which stand
// in the same files.
func (m *mapping) trust(earlier *mapping, blocks int) {
	earlier.mu.Lock()
	defer earlier.mu.Unlock()
	copy(m.checked[:blocks], earlier.checked)
}

// roomBars is how many bars the mapping can show.
func (m *mapping) roomBars() int { return len(m.columns[0]) / valueBytes }

// A view is a head with the mapping of its columns. It stays as it is when bars
// are appended, because it looks at no more bars than its head counts.
type view struct {
	head
	*mapping
}

// stepBars is how many bars are asked of the disk at once, and checked a column
// after the other; askedSteps times as many are asked for before they are needed.
const (
	stepBars   = 1 << 16
	askedSteps = 4
)

// verify checks the blocks of bars i to j-1, each once.
func (v view) verify(i, j int) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	step, end, asked := stepBars/v.blockBars, v.blocksOf(j), 0
	for k := i / v.blockBars; k < end; {
		if v.checked[k] >= v.barsOf(k) {
			k++
			continue
		}
		for asked = max(asked, k); asked < min(k+askedSteps*step, end); asked += step {
			v.ask(asked, min(asked+step, end))
		}
		next := min(k+step, end)
		if err := v.check(k, next); err != nil {
			return err
		}
		k = next
	}
	return nil
}

// barsOf returns how many bars block k has.
func (v view) barsOf(k int) int { return min(v.blockBars, v.bars-k*v.blockBars) }

// ask asks the disk for blocks k to end-1 of all columns at once. Without, it is
// asked for what is touched, a part of one column at a time, and waited for each time.
func (v view) ask(k, end int) {
	from, to := valueBytes*v.blockBars*k, valueBytes*min(v.blockBars*end, v.bars)
	for _, column := range v.columns[:v.width] {
		_ = unix.Madvise(column[from:to], unix.MADV_WILLNEED) // a hint: what is not there yet is read when it is touched
	}
}

// check checks blocks k to end-1. The caller holds v.mu.
func (v view) check(k, end int) error {
	for c, column := range v.columns[:v.width] {
		for b := k; b < end; b++ {
			from, to := b*v.blockBars, b*v.blockBars+v.barsOf(b)
			if crc32.Checksum(column[valueBytes*from:valueBytes*to], castagnoli) != order.Uint32(v.sum(b, c)) {
				return fmt.Errorf("%w: bars %d to %d of %s fail their checksum", ErrDamaged, from, to-1, columnFile(v.folder, v.partOf(from).generation, c))
			}
		}
	}
	for b := k; b < end; b++ {
		v.checked[b] = v.barsOf(b)
	}
	return nil
}

// A place is where a time lies: the first bar that opens at or after it is one of
// bars from to to, and of one block. Where both are the same nothing need be read
// to know which.
type place struct{ from, to int }

// around returns the place of t.
func (v view) around(t int64) place {
	blocks := v.blocksOf(v.bars)
	k := sort.Search(blocks, func(k int) bool { return v.firstOf(k) >= t })
	at := min(k*v.blockBars, v.bars)
	if k == 0 || k < blocks && v.firstOf(k) == t {
		return place{at, at}
	}
	return place{(k - 1) * v.blockBars, at}
}

// between returns the bars that open from one time up to another, whose places are
// given, verified: all blocks are asked of the disk at once, those that have to be
// searched too.
func (v view) between(from, to int64, first, behind place) (i, j int, err error) {
	if first.from >= behind.to {
		return first.from, first.from, nil
	}
	if err := v.verify(first.from, behind.to); err != nil {
		return 0, 0, err
	}
	i = first.from + v.series(first.from, first.to).Search(from)
	j = behind.from + v.series(behind.from, behind.to).Search(to)
	return i, max(i, j), nil
}

// within returns the verified bars that open in span.
func (v view) within(span market.Span) (i, j int, err error) {
	first, behind := place{}, place{v.bars, v.bars}
	if span.From != 0 {
		first = v.around(span.From)
	}
	if span.To != 0 {
		behind = v.around(span.To)
	}
	return v.between(span.From, span.To, first, behind)
}

// series returns bars i to j-1, which must be verified.
func (v view) series(i, j int) market.Series {
	return v.columns.series(v.symbol, v.timeframe, i, j)
}
