package worker

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/data/shelf"
)

const cacheFolder = "cache"

// A cache keeps what jobs fetched, under its hash, up to a size. What it gives
// out is verified; a damaged file is as good as none.
type cache struct {
	files    *shelf.Shelf
	maxBytes int64
}

func openCache(root *os.Root, maxBytes int64) (*cache, error) {
	if err := root.Mkdir(cacheFolder, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	folder, err := root.OpenRoot(cacheFolder)
	if err != nil {
		return nil, err
	}
	return &cache{files: shelf.New(folder, maxBytes), maxBytes: maxBytes}, nil
}

// get returns the content with this hash, if it is held undamaged.
func (c *cache) get(hash string, now time.Time) ([]byte, bool) {
	content, err := c.files.Get(hash)
	if err != nil {
		return nil, false
	}
	if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != hash {
		return nil, false
	}
	_ = c.files.Use(hash, now) // only the order of eviction suffers
	return content, true
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
	if err := w.cache.files.Put(hash, content, w.o.Now()); err != nil {
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
