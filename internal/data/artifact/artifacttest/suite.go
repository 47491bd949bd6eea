// Package artifacttest says in code what every store of artifacts must do, so
// that a directory and an object store can be held to the same contract.
//
// An implementation calls [Run] from a test with a function that opens an empty
// store. What holds for all of them is checked through [Store]; what is
// particular to one (how damage looks on its medium) stays in its own tests.
package artifacttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/ktrdr/ktrdr/internal/data/artifact"
)

// A Store is what the suite needs of an implementation.
type Store interface {
	Put(ctx context.Context, r io.Reader) (artifact.Hash, int64, error)
	PutBytes(ctx context.Context, b []byte) (artifact.Hash, error)
	PutExpected(ctx context.Context, want artifact.Hash, r io.Reader) (int64, error)
	Open(ctx context.Context, h artifact.Hash) (io.ReadCloser, int64, error)
	ReadAll(ctx context.Context, h artifact.Hash) ([]byte, error)
	Stat(ctx context.Context, h artifact.Hash) (artifact.Info, error)
	Retire(ctx context.Context, h artifact.Hash, at time.Time) error
	Retired(ctx context.Context, visit func(artifact.Info) error) error
	Delete(ctx context.Context, h artifact.Hash) error
	List(ctx context.Context, visit func(artifact.Info) error) error
}

// Run runs the suite; open returns an empty store.
func Run(t *testing.T, open func(t *testing.T) Store) {
	t.Run("round_trip", func(t *testing.T) { testRoundTrip(t, open(t)) })
	t.Run("absent", func(t *testing.T) { testAbsent(t, open(t)) })
	t.Run("expected", func(t *testing.T) { testExpected(t, open(t)) })
	t.Run("broken_source", func(t *testing.T) { testBrokenSource(t, open(t)) })
	t.Run("list", func(t *testing.T) { testList(t, open(t)) })
	t.Run("retire", func(t *testing.T) { testRetire(t, open(t)) })
	t.Run("concurrent_put", func(t *testing.T) { testConcurrentPut(t, open(t)) })
	t.Run("not_a_hash", func(t *testing.T) { testNotAHash(t, open(t)) })
	t.Run("cancelled", func(t *testing.T) { testCancelled(t, open(t)) })
}

func content(sizeBytes int) []byte {
	rng := rand.New(rand.NewPCG(1, uint64(sizeBytes)))
	b := make([]byte, sizeBytes)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

func testRoundTrip(t *testing.T, s Store) {
	for _, size := range []int{0, 1, 511, 32 << 10, 3<<20 + 7} {
		want := content(size)
		h, n, err := s.Put(t.Context(), bytes.NewReader(want))
		if err != nil || n != int64(size) || h != artifact.HashBytes(want) {
			t.Fatalf("Put of %d bytes = %s, %d, %v; want %s", size, h, n, err, artifact.HashBytes(want))
		}
		r, n, err := s.Open(t.Context(), h)
		if err != nil || n != int64(size) {
			t.Fatalf("Open of %d bytes: size %d, %v", size, n, err)
		}
		if err := iotest.TestReader(r, want); err != nil {
			t.Errorf("reading %d bytes: %v", size, err)
		}
		if err := r.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		got, err := s.ReadAll(t.Context(), h)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("ReadAll of %d bytes: %d bytes, %v", size, len(got), err)
		}
		if info, err := s.Stat(t.Context(), h); err != nil || info.SizeBytes != int64(size) || info.Hash != h {
			t.Errorf("Stat of %d bytes = %+v, %v", size, info, err)
		}
	}
}

func testAbsent(t *testing.T, s Store) {
	h := artifact.HashBytes([]byte("never stored"))
	_, _, openErr := s.Open(t.Context(), h)
	_, readErr := s.ReadAll(t.Context(), h)
	_, statErr := s.Stat(t.Context(), h)
	for what, err := range map[string]error{"Open": openErr, "ReadAll": readErr, "Stat": statErr, "Delete": s.Delete(t.Context(), h), "Retire": s.Retire(t.Context(), h, time.Time{})} {
		if !errors.Is(err, artifact.ErrNotFound) || !strings.Contains(err.Error(), string(h)) {
			t.Errorf("%s of absent content: %v, want ErrNotFound naming it", what, err)
		}
	}
}

func testExpected(t *testing.T, s Store) {
	want := content(1000)
	n, err := s.PutExpected(t.Context(), artifact.HashBytes(want), bytes.NewReader(want))
	if err != nil || n != 1000 {
		t.Fatalf("PutExpected = %d, %v", n, err)
	}
	other := content(999)
	if _, err := s.PutExpected(t.Context(), artifact.HashBytes(want), bytes.NewReader(other)); !errors.Is(err, artifact.ErrMismatch) {
		t.Errorf("PutExpected with other content: %v, want ErrMismatch", err)
	}
	if _, err := s.Stat(t.Context(), artifact.HashBytes(other)); !errors.Is(err, artifact.ErrNotFound) {
		t.Errorf("refused content is held: %v", err)
	}
	if got, err := s.ReadAll(t.Context(), artifact.HashBytes(want)); err != nil || !bytes.Equal(got, want) {
		t.Errorf("content after a refused put: %d bytes, %v", len(got), err)
	}
}

func testBrokenSource(t *testing.T, s Store) {
	broken := errors.New("the sender went away")
	r := io.MultiReader(bytes.NewReader(content(100_000)), iotest.ErrReader(broken))
	if _, _, err := s.Put(t.Context(), r); !errors.Is(err, broken) {
		t.Errorf("Put of a broken source: %v", err)
	}
	if held := list(t, s); len(held) != 0 {
		t.Errorf("a broken source left %v", held)
	}
}

func list(t *testing.T, s Store) []artifact.Info {
	t.Helper()
	var held []artifact.Info
	err := s.List(t.Context(), func(i artifact.Info) error { held = append(held, i); return nil })
	if err != nil {
		t.Fatalf("List: %v", err)
	}
	return held
}

func testList(t *testing.T, s Store) {
	var hashes []artifact.Hash
	for i := range 20 {
		h, err := s.PutBytes(t.Context(), content(i))
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, h)
	}
	held := list(t, s)
	if len(held) != len(hashes) {
		t.Fatalf("List gives %d of %d", len(held), len(hashes))
	}
	for i := 1; i < len(held); i++ {
		if held[i-1].Hash >= held[i].Hash {
			t.Errorf("List is not ordered: %s before %s", held[i-1].Hash, held[i].Hash)
		}
	}
	stop := errors.New("stop")
	calls := 0
	if err := s.List(t.Context(), func(artifact.Info) error { calls++; return stop }); !errors.Is(err, stop) || calls != 1 {
		t.Errorf("List whose visit fails: %d calls, %v", calls, err)
	}
}

// testRetire: content goes in two steps, and whoever asks for it between them
// keeps it.
func testRetire(t *testing.T, s Store) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var hashes []artifact.Hash
	for i := range 4 {
		h, err := s.PutBytes(t.Context(), content(i))
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, h)
	}
	aside := func() map[artifact.Hash]artifact.Info {
		all := map[artifact.Hash]artifact.Info{}
		if err := s.Retired(t.Context(), func(i artifact.Info) error { all[i.Hash] = i; return nil }); err != nil {
			t.Fatal(err)
		}
		return all
	}
	if err := s.Delete(t.Context(), hashes[0]); !errors.Is(err, artifact.ErrNotFound) || len(list(t, s)) != 4 || len(aside()) != 0 {
		t.Errorf("Delete of what is not aside: %v", err)
	}
	for _, h := range hashes[:3] {
		if err := s.Retire(t.Context(), h, at); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(list(t, s)); n != 1 {
		t.Errorf("%d held after three were put aside, want 1", n)
	}
	if a := aside(); len(a) != 3 || !a[hashes[2]].Since.Equal(at) || a[hashes[2]].SizeBytes != 2 {
		t.Errorf("aside are %v", a)
	}
	if i, err := s.Stat(t.Context(), hashes[0]); err != nil || !i.Since.Equal(at) {
		t.Errorf("Stat of what is aside = %+v, %v", i, err)
	}
	if got, err := s.ReadAll(t.Context(), hashes[1]); err != nil || !bytes.Equal(got, content(1)) {
		t.Errorf("ReadAll of what is aside = %v, %v", got, err)
	}
	if a := aside(); len(a) != 1 || len(list(t, s)) != 3 {
		t.Errorf("after two were asked for, aside are %v", a)
	}
	for _, h := range hashes[:2] {
		if err := s.Delete(t.Context(), h); !errors.Is(err, artifact.ErrNotFound) {
			t.Errorf("Delete of what was brought back: %v", err)
		}
	}
	if err := s.Delete(t.Context(), hashes[2]); err != nil || len(aside()) != 0 {
		t.Errorf("Delete: %v", err)
	}
	if _, err := s.Stat(t.Context(), hashes[2]); !errors.Is(err, artifact.ErrNotFound) {
		t.Errorf("Stat of what was deleted: %v", err)
	}
	if err := s.Retire(t.Context(), hashes[2], at); !errors.Is(err, artifact.ErrNotFound) {
		t.Errorf("Retire of what was deleted: %v", err)
	}
	if h, err := s.PutBytes(t.Context(), content(2)); err != nil || h != hashes[2] {
		t.Errorf("storing it again: %v", err)
	}
}

func testConcurrentPut(t *testing.T, s Store) {
	const writers = 16
	var wg sync.WaitGroup
	failed := make(chan error, writers)
	for i := range writers {
		wg.Go(func() {
			want := content(200_000 + i%3) // several writers of each content
			h, err := s.PutBytes(t.Context(), want)
			if err == nil {
				var got []byte
				if got, err = s.ReadAll(t.Context(), h); err == nil && !bytes.Equal(got, want) {
					err = fmt.Errorf("read back %d bytes, want %d", len(got), len(want))
				}
			}
			failed <- err
		})
	}
	wg.Wait()
	close(failed)
	for err := range failed {
		if err != nil {
			t.Error(err)
		}
	}
	if n := len(list(t, s)); n != 3 {
		t.Errorf("%d held, want 3", n)
	}
}

func testNotAHash(t *testing.T, s Store) {
	for _, h := range []artifact.Hash{"", "..", "../../etc/passwd", "sha256:00", artifact.Hash(strings.Repeat("A", 64))} {
		_, _, openErr := s.Open(t.Context(), h)
		_, statErr := s.Stat(t.Context(), h)
		_, putErr := s.PutExpected(t.Context(), h, strings.NewReader(""))
		for _, err := range []error{openErr, statErr, putErr, s.Delete(t.Context(), h), s.Retire(t.Context(), h, time.Time{})} {
			if err == nil || errors.Is(err, artifact.ErrNotFound) {
				t.Errorf("%q was taken for a hash: %v", h, err)
			}
		}
	}
}

func testCancelled(t *testing.T, s Store) {
	h, err := s.PutBytes(t.Context(), content(100_000))
	if err != nil {
		t.Fatal(err)
	}
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	r, _, err := s.Open(ctx, h)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cancel(cause)
	if _, err := io.ReadAll(r); !errors.Is(err, cause) {
		t.Errorf("reading after the end of the context: %v", err)
	}
	if _, _, err := s.Put(ctx, bytes.NewReader(content(10))); !errors.Is(err, cause) {
		t.Errorf("Put after the end of the context: %v", err)
	}
}
