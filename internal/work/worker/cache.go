package worker

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/wire"
)

const cacheFolder = "cache"

// A cache keeps what jobs fetched, under its hash, up to a size. What it gives
// out is verified; a damaged file is as good as none.
type cache struct {
	root     *os.Root
	maxBytes int64
	mu       sync.Mutex // guards the folder while files are added and removed
}

func openCache(root *os.Root, maxBytes int64) (*cache, error) {
	if err := root.Mkdir(cacheFolder, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	folder, err := root.OpenRoot(cacheFolder)
	if err != nil {
		return nil, err
	}
	return &cache{root: folder, maxBytes: maxBytes}, nil
}

// get returns the content with this hash, if it is held undamaged.
func (c *cache) get(hash string, now time.Time) ([]byte, bool) {
	content, err := c.root.ReadFile(hash)
	if err != nil {
		return nil, false
	}
	if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != hash {
		return nil, false
	}
	_ = c.root.Chtimes(hash, now, now) // only the order of eviction suffers
	return content, true
}

// put keeps content, whose hash the caller has checked, and lets go of what was
// used longest ago.
func (c *cache) put(hash string, content []byte, now time.Time) error {
	if int64(len(content)) > c.maxBytes {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.evict(c.maxBytes - int64(len(content))); err != nil {
		return err
	}
	part := hash + ".part"
	err := c.root.WriteFile(part, content, 0o644)
	if err == nil {
		err = c.root.Chtimes(part, now, now)
	}
	if err != nil {
		return errors.Join(err, c.root.Remove(part))
	}
	return c.root.Rename(part, hash)
}

// evict removes files until at most limit bytes are left.
func (c *cache) evict(limit int64) error {
	entries, err := fs.ReadDir(c.root.FS(), ".")
	if err != nil {
		return err
	}
	var files []fs.FileInfo
	total := int64(0)
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return err
		}
		files, total = append(files, info), total+info.Size()
	}
	slices.SortFunc(files, func(a, b fs.FileInfo) int {
		return cmp.Or(a.ModTime().Compare(b.ModTime()), cmp.Compare(a.Name(), b.Name()))
	})
	for _, f := range files {
		if total <= limit {
			break
		}
		if err := c.root.Remove(f.Name()); err != nil {
			return err
		}
		total -= f.Size()
	}
	return nil
}

// A boundedBuffer refuses to grow beyond a size.
type boundedBuffer struct {
	bytes.Buffer
	left int64
}

func (b *boundedBuffer) Write(p []byte) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 {
		return 0, wire.Errorf(wire.CodeTooLarge, "artifact is larger than the cache of this worker")
	}
	return b.Buffer.Write(p)
}

// fetch returns the content with this hash from the cache, else from the backend.
func (w *Worker) fetch(ctx context.Context, hash string) ([]byte, error) {
	if !wire.IsHash(hash) {
		return nil, fmt.Errorf("fetch artifact: %q is not a hash: want 64 hexadecimal digits", hash)
	}
	if content, ok := w.cache.get(hash, w.o.Now()); ok {
		return content, nil
	}
	var content []byte
	err := w.persist(ctx, func(ctx context.Context) error {
		b := boundedBuffer{left: w.cache.maxBytes}
		_, err := w.backend.Artifact(ctx, hash, &b)
		content = b.Bytes()
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("fetch artifact %s: %w", hash, err)
	}
	if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != hash {
		return nil, fmt.Errorf("fetch artifact %s: the backend sent other content", hash)
	}
	if err := w.cache.put(hash, content, w.o.Now()); err != nil {
		w.log.WarnContext(ctx, "artifact was not cached", "sha256", hash, "error", err)
	}
	return content, nil
}

// persist calls f until it succeeds, fails for good, or ctx ends. A backend that
// cannot be reached is waited for: it may be restarting, and the work done so
// far is worth more than the wait.
func (w *Worker) persist(ctx context.Context, f func(context.Context) error) error {
	b := newBackoff(w.o.Heartbeat)
	for {
		err := f(ctx)
		if err == nil || wire.KindOf(err) != wire.Unavailable {
			return err
		}
		if stop := wire.Pause(ctx, b.next(err)); stop != nil {
			return fmt.Errorf("%w (last: %w)", stop, err)
		}
	}
}
