package featurecache

import (
	"container/list"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"

	"github.com/ktrdr/ktrdr/internal/data/shelf"
)

// Options say how much a cache may hold. The zero value of a size is none.
type Options struct {
	MemoryBytes int64
	DiskBytes   int64
	Engine      string       // version of the engine: what another one computed is not given out
	Log         *slog.Logger // nil discards
}

// A Cache keeps columns, and values of any type in memory. Its methods may be called from several goroutines,
// and on nil, which keeps nothing.
type Cache struct {
	o      Options
	folder *folder // nil where nothing is kept on disk

	mu     sync.Mutex // guards what follows
	held   map[string]*list.Element
	recent *list.List // of entry, the latest used first
	bytes  int64
}

// An entry is held in memory.
type entry struct {
	key   string
	value any
	bytes int64
}

// Open opens the cache whose folder is dir; it is created if it is missing.
func Open(dir string, o Options) (*Cache, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	c := &Cache{o: o, held: map[string]*list.Element{}, recent: list.New()}
	if o.DiskBytes == 0 {
		return c, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("open feature cache: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open feature cache: %w", err)
	}
	c.folder = &folder{shelf.New(root, o.DiskBytes)}
	return c, nil
}

// Close gives the folder back. No method may be called afterwards.
func (c *Cache) Close() error {
	if c == nil || c.folder == nil {
		return nil
	}
	return c.folder.files.Close()
}

// Get returns the column of key, which has rows values, if it is held undamaged. It
// is not to be written to.
func (c *Cache) Get(key string, rows int) ([]float32, bool) {
	if c == nil {
		return nil, false
	}
	if v, ok := c.recall(key); ok {
		column, ok := v.([]float32)
		return column, ok && len(column) == rows
	}
	if c.folder == nil {
		return nil, false
	}
	column, err := c.folder.read(c.nameOf(key), rows)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false
	}
	if err != nil {
		c.o.Log.Warn("cached column discarded", "file", c.nameOf(key), "error", err)
		return nil, false
	}
	c.remember(key, column, columnBytes(column))
	return column, true
}

// Put keeps a column, which nobody may write to afterwards.
func (c *Cache) Put(key string, column []float32) {
	if c == nil {
		return
	}
	c.remember(key, column, columnBytes(column))
	if c.folder == nil {
		return
	}
	if err := c.folder.write(c.nameOf(key), column); err != nil {
		c.o.Log.Warn("column was not cached", "file", c.nameOf(key), "error", err)
	}
}

// Held returns the value of key, from the memory of c or from load, which also says
// how many bytes it takes. Nobody writes to it. It works on a nil cache.
func Held[T any](c *Cache, key string, load func() (T, int64, error)) (T, error) {
	if c != nil {
		if v, ok := c.recall(key); ok {
			if held, ok := v.(T); ok {
				return held, nil
			}
		}
	}
	value, bytes, err := load()
	if err == nil && c != nil {
		c.remember(key, value, bytes)
	}
	return value, err
}

// recall returns what is held in memory under key.
func (c *Cache) recall(key string) (any, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.held[key]
	if !ok {
		return nil, false
	}
	c.recent.MoveToFront(e)
	return e.Value.(entry).value, true
}

// remember holds value in memory, if there is room for it at all.
func (c *Cache) remember(key string, value any, bytes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if old, ok := c.held[key]; ok {
		c.forget(old)
	}
	if bytes > c.o.MemoryBytes {
		return
	}
	for c.bytes+bytes > c.o.MemoryBytes {
		c.forget(c.recent.Back())
	}
	c.held[key] = c.recent.PushFront(entry{key: key, value: value, bytes: bytes})
	c.bytes += bytes
}

// forget lets go of e. The caller holds the mutex.
func (c *Cache) forget(e *list.Element) {
	gone := c.recent.Remove(e).(entry)
	delete(c.held, gone.key)
	c.bytes -= gone.bytes
}

func columnBytes(column []float32) int64 { return 4 * int64(len(column)) }
