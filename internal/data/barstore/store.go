package barstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

var (
	// ErrNotFound is wrapped by errors that say that no bars are held of a symbol
	// and timeframe.
	ErrNotFound = errors.New("no bars held")
	// ErrDamaged is wrapped by errors about files and snapshots that are not as
	// they were written.
	ErrDamaged = errors.New("damaged")
	// ErrLocked is wrapped by the error of an Open whose directory is in use.
	ErrLocked = errors.New("in use by another process")
	errClosed = errors.New("the store of bars is closed")
)

// Coverage says what is held of one symbol and timeframe.
type Coverage struct {
	Symbol      market.Symbol
	Timeframe   market.Timeframe
	Bars        int
	First, Last int64 // Unix seconds at which the first and the last bar open
}

// keepBytes is how much of superseded mappings is kept for the readers that have
// parts of them; beyond it, reads give out copies. However short, a mapping counts as
// keptLeast: an operating system allows so many, not so many bytes of them.
const (
	keepBytes = 1 << 30
	keptLeast = 1 << 20
)

// A Store holds the bars of one directory. Its methods may be called from
// several goroutines. The zero value is not usable; Open makes one.
type Store struct {
	dir     string
	root    *os.Root
	disk    disk
	lock    *os.File
	merging chan struct{} // holds a value while a merge or a compaction is under way
	long    chan seriesName

	// mu guards closed, held, kept and keptBytes.
	mu        sync.Mutex
	closed    bool
	held      map[string]*view // by folder; the mapping is nil until it is needed
	kept      []*mapping       // superseded, but with readers
	keptBytes int
	keepBytes int
}

// Open opens the store in dir, which is created if it is missing. One process at
// a time can have a directory open; the error of a second wraps ErrLocked.
func Open(dir string) (*Store, error) {
	return openOn(dir, func(root *os.Root) disk { return rootDisk{root} })
}

func openOn(dir string, diskOf func(*os.Root) disk) (*Store, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("open bars: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open bars: %w", err)
	}
	lock, err := acquire(root, dir)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open bars: %w", err), root.Close())
	}
	return &Store{
		dir: dir, root: root, disk: diskOf(root), lock: lock,
		merging: make(chan struct{}, 1), long: make(chan seriesName, 64), held: map[string]*view{}, keepBytes: keepBytes,
	}, nil
}

// acquire locks the directory and leaves the process number in the lock file, to
// be shown to whoever comes second.
func acquire(root *os.Root, dir string) (*os.File, error) {
	f, err := root.OpenFile("lock", os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		owner := make([]byte, 20)
		n, _ := f.ReadAt(owner, 0) // the number only helps the message
		return nil, errors.Join(fmt.Errorf("%s is %w (number %s): stop it, or use another directory",
			dir, ErrLocked, strings.TrimSpace(string(owner[:n]))), f.Close())
	}
	err = f.Truncate(0)
	if err == nil {
		_, err = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Close releases the directory and all memory that Read has given out: no series
// may be used afterwards, and no method may be running.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	s.closed = true
	var all error
	for _, v := range s.held {
		if v.mapping != nil {
			all = errors.Join(all, v.unmap())
		}
	}
	for _, m := range s.kept {
		all = errors.Join(all, m.unmap())
	}
	return errors.Join(all, s.lock.Close(), s.root.Close())
}

// Read returns the bars that open in span, oldest first: none if there are none
// in it, and an error that wraps ErrNotFound if nothing is held of symbol and
// tf. The bars are verified, share the memory of other readers, and stay as they
// are until Close.
func (s *Store) Read(ctx context.Context, symbol market.Symbol, tf market.Timeframe, span market.Span) (market.Series, error) {
	if err := context.Cause(ctx); err != nil {
		return market.Series{}, err
	}
	v, err := s.view(symbol, tf)
	if err != nil {
		return market.Series{}, err
	}
	if v.mapping == nil {
		return s.readCopy(symbol, tf, span)
	}
	i, j, err := v.within(span)
	if err != nil {
		return market.Series{}, s.explain(symbol, tf, err)
	}
	return v.series(i, j), nil
}

// view returns what is held, mapped and marked as given out, or without mapping
// if too much is kept for readers already.
func (s *Store) view(symbol market.Symbol, tf market.Timeframe) (view, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, err := s.mapped(symbol, tf)
	if err != nil {
		return view{}, err
	}
	if !v.givenOut && s.keptBytes >= s.keepBytes {
		return view{head: v.head}, nil
	}
	v.givenOut = true
	return *v, nil
}

// readCopy reads without giving out mapped memory. It holds the mutex, so that
// no merge can unmap what it copies from.
func (s *Store) readCopy(symbol market.Symbol, tf market.Timeframe, span market.Span) (market.Series, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, err := s.mapped(symbol, tf)
	if err != nil {
		return market.Series{}, err
	}
	i, j, err := v.within(span)
	if err != nil {
		return market.Series{}, s.explain(symbol, tf, err)
	}
	bars := market.NewSeries(symbol, tf, j-i)
	for k, shared := 0, v.series(i, j); k < shared.Len(); k++ {
		bars.AppendQuoted(shared.Bar(k), shared.Quote(k))
	}
	return bars, nil
}

// Coverage returns what is held of symbol and tf; the error wraps ErrNotFound if
// nothing is.
func (s *Store) Coverage(_ context.Context, symbol market.Symbol, tf market.Timeframe) (Coverage, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, err := s.load(symbol, tf)
	if err != nil {
		return Coverage{}, err
	}
	return v.coverage(), nil
}

func (h *head) coverage() Coverage {
	return Coverage{Symbol: h.symbol, Timeframe: h.timeframe, Bars: h.bars, First: h.first(), Last: h.last}
}

// List returns what is held, ordered by symbol and timeframe. Where some of it
// is damaged, the error says so and the rest is returned beside it.
func (s *Store) List(ctx context.Context) ([]Coverage, error) {
	entries, err := fs.ReadDir(s.root.FS(), ".")
	if err != nil {
		return nil, fmt.Errorf("list bars: %w", err)
	}
	symbols := map[market.Symbol]bool{}
	for _, entry := range entries {
		if symbol, ok := parseFolder(entry.Name()); ok {
			symbols[symbol] = true
		}
	}
	var all []Coverage
	var damaged error
	for _, symbol := range slices.Sorted(maps.Keys(symbols)) {
		for _, tf := range market.Timeframes() {
			if err := context.Cause(ctx); err != nil {
				return nil, err
			}
			c, err := s.Coverage(ctx, symbol, tf)
			switch {
			case err == nil:
				all = append(all, c)
			case !errors.Is(err, ErrNotFound):
				damaged = errors.Join(damaged, err)
			}
		}
	}
	return all, damaged
}

// folderName returns the folder of a series. Its last dot begins the timeframe.
// Symbols are upper case and the month is spelled out, so that no two folders
// differ by case alone.
func folderName(symbol market.Symbol, tf market.Timeframe) string {
	return string(symbol) + "." + timeframeFile(tf)
}

func timeframeFile(tf market.Timeframe) string {
	if tf == market.Month1 {
		return "1month"
	}
	return tf.String()
}

// parseFolder returns the symbol of a folder's name.
func parseFolder(name string) (market.Symbol, bool) {
	dot := strings.LastIndexByte(name, '.')
	for _, tf := range market.Timeframes() {
		if dot > 0 && timeframeFile(tf) == name[dot+1:] {
			symbol := market.Symbol(name[:dot])
			return symbol, checkNames(symbol, tf) == nil
		}
	}
	return "", false
}

func headFile(folder string) string { return path.Join(folder, "head") }

func columnFile(folder string, generation uint64, c int) string {
	return path.Join(folder, strconv.FormatUint(generation, 10)+"."+columnNames[c])
}

// explain says what a damaged series is and how to mend it.
func (s *Store) explain(symbol market.Symbol, tf market.Timeframe, err error) error {
	if errors.Is(err, ErrDamaged) {
		folder := filepath.Join(s.dir, folderName(symbol, tf))
		return fmt.Errorf("bars of %s %s in %s: %w: restore the folder from a backup, or remove it and import the bars again", symbol, tf, folder, err)
	}
	return fmt.Errorf("bars of %s %s: %w", symbol, tf, err)
}
