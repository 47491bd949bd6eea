package barstore

import (
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"sort"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

// A mapping is one generation of column files in memory. It is longer than the
// files, so that bars appended to them appear in it.
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
	m := &mapping{folder: folder, checked: make([]int, blocksOf(roomBytes/valueBytes))}
	for c := range h.width {
		column, err := mapFile(root, columnFile(folder, h.generation, c), sizeBytes, roomBytes)
		if err != nil {
			return nil, errors.Join(err, m.unmap())
		}
		m.columns[c] = column
	}
	return m, nil
}

func mapFile(root *os.Root, name string, sizeBytes, roomBytes int) (b []byte, err error) {
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if st.Size() < int64(sizeBytes) {
		return nil, fmt.Errorf("%w: %s is cut short to %d bytes, want %d", ErrDamaged, name, st.Size(), sizeBytes)
	}
	if b, err = unix.Mmap(int(f.Fd()), 0, roomBytes, unix.PROT_READ, unix.MAP_SHARED); err != nil {
		return nil, fmt.Errorf("map %s into memory: %w", name, err)
	}
	return b, nil
}

func (m *mapping) unmap() error {
	var all error
	for c, column := range m.columns {
		if column != nil {
			all = errors.Join(all, unix.Munmap(column))
			m.columns[c] = nil
		}
	}
	return all
}

// roomBars is how many bars the mapping can show.
func (m *mapping) roomBars() int { return len(m.columns[0]) / valueBytes }

// A view is a head with the mapping of its columns. It stays as it is when bars
// are appended, because it looks at no more bars than its head counts.
type view struct {
	head
	*mapping
}

// verify checks the blocks of bars i to j-1, each once.
func (v view) verify(i, j int) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	asked := 0
	for k := i / blockValues; k < blocksOf(j); k++ {
		from, to := k*blockValues, min((k+1)*blockValues, v.bars)
		if v.checked[k] >= to-from {
			continue
		}
		for asked = max(asked, k); asked < min(k+prefetched, blocksOf(j)); asked++ {
			v.prefetch(asked)
		}
		for c, column := range v.columns[:v.width] {
			if crc32.Checksum(column[valueBytes*from:valueBytes*to], castagnoli) != v.blocks[k].sums[c] {
				return fmt.Errorf("%w: bars %d to %d of %s fail their checksum", ErrDamaged, from, to-1, columnFile(v.folder, v.generation, c))
			}
		}
		v.checked[k] = to - from
	}
	return nil
}

// prefetched is how many blocks are asked of the disk before they are needed.
const prefetched = 4

// prefetch asks the disk for block k of all columns at once. Without, it is asked
// for what is touched, a part of one column at a time, and waited for each time.
func (v view) prefetch(k int) {
	for _, column := range v.columns[:v.width] {
		part := column[valueBytes*blockValues*k : valueBytes*min(blockValues*(k+1), v.bars)]
		_ = unix.Madvise(part, unix.MADV_WILLNEED) // a hint: what is not there yet is read when it is touched
	}
}

// index returns the index of the first bar that opens at or after t.
func (v view) index(t int64) (int, error) {
	k := sort.Search(len(v.blocks), func(k int) bool { return v.blocks[k].first > t }) - 1
	if k < 0 {
		return 0, nil
	}
	from, to := k*blockValues, min((k+1)*blockValues, v.bars)
	if err := v.verify(from, to); err != nil {
		return 0, err
	}
	return from + v.series(from, to).Search(t), nil
}

// series returns bars i to j-1, which must be verified.
func (v view) series(i, j int) market.Series {
	return v.columns.series(v.symbol, v.timeframe, i, j)
}

// within returns the verified bars that open in span.
func (v view) within(span market.Span) (i, j int, err error) {
	j = v.bars
	if span.From != 0 {
		i, err = v.index(span.From)
	}
	if span.To != 0 && err == nil {
		j, err = v.index(span.To)
	}
	if j = max(i, j); err == nil && i < j {
		err = v.verify(i, j)
	}
	return i, j, err
}
