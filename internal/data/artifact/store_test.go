package artifact_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/data/artifact"
	"github.com/ktrdr/ktrdr/internal/data/artifact/artifacttest"
)

func open(t *testing.T, dir string) *artifact.Store {
	t.Helper()
	s, err := artifact.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil && !errors.Is(err, fs.ErrClosed) {
			t.Error(err)
		}
	})
	return s
}

func TestStore(t *testing.T) {
	artifacttest.Run(t, func(t *testing.T) artifacttest.Store { return open(t, t.TempDir()) })
}

func blob(dir string, h artifact.Hash) string {
	return filepath.Join(dir, "sha256", string(h[:2]), string(h))
}

// A damaged file must fail before its last bytes are given out, whatever the
// reader's buffer, wherever the damage is.
func TestOpen_damaged(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	rapid.Check(t, func(rt *rapid.T) {
		want := rapid.SliceOfN(rapid.Byte(), 1, 5000).Draw(rt, "content")
		h, err := s.PutBytes(t.Context(), want)
		if err != nil {
			rt.Fatal(err)
		}
		bad := bytes.Clone(want)
		switch rapid.SampledFrom([]string{"flip", "truncate", "extend"}).Draw(rt, "damage") {
		case "flip":
			bad[rapid.IntRange(0, len(bad)-1).Draw(rt, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
		case "truncate":
			bad = bad[:rapid.IntRange(0, len(bad)-1).Draw(rt, "length")]
		case "extend":
			bad = append(bad, 0)
		}
		if err := os.WriteFile(blob(dir, h), bad, 0o644); err != nil {
			rt.Fatal(err)
		}
		r, size, err := s.Open(t.Context(), h)
		if err != nil {
			rt.Fatal(err)
		}
		defer r.Close()
		var source io.Reader = r
		if rapid.Bool().Draw(rt, "bytewise") {
			source = iotest.OneByteReader(r)
		}
		got, err := io.ReadAll(source)
		if !errors.Is(err, artifact.ErrCorrupt) || int64(len(got)) >= max(size, 1) {
			rt.Fatalf("gave out %d of %d damaged bytes with error %v", len(got), size, err)
		}
		if _, err := s.PutBytes(t.Context(), want); err != nil {
			rt.Fatal(err)
		}
		if got, err := s.ReadAll(t.Context(), h); err != nil || !bytes.Equal(got, want) {
			rt.Fatalf("storing again did not mend: %v", err)
		}
	})
}

func TestOpen_shrinks_while_read(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	h, err := s.PutBytes(t.Context(), make([]byte, 10_000))
	if err != nil {
		t.Fatal(err)
	}
	r, _, err := s.Open(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := os.Truncate(blob(dir, h), 5000); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(r); !errors.Is(err, artifact.ErrCorrupt) {
		t.Errorf("reading a file that shrank: %v, want ErrCorrupt", err)
	}
}

func TestOpen_cleans_incoming(t *testing.T) {
	dir := t.TempDir()
	first := open(t, dir)
	leftover := filepath.Join(dir, "incoming", "half-written")
	if err := os.WriteFile(leftover, []byte("half"), 0o644); err != nil {
		t.Fatal(err)
	}
	second := open(t, dir)
	if _, err := os.Stat(leftover); err != nil {
		t.Errorf("a file of a store that is open was removed: %v", err)
	}
	for _, s := range []*artifact.Store{first, second} {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	open(t, dir)
	if _, err := os.Stat(leftover); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("leftover is still there: %v", err)
	}
}

func TestPut_into_a_folder_that_was_removed(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	h, err := s.PutBytes(t.Context(), []byte("kept"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Dir(blob(dir, h))); err != nil {
		t.Fatal(err)
	}
	if _, err := s.PutBytes(t.Context(), []byte("kept")); err != nil {
		t.Error(err)
	}
	if _, err := s.Stat(t.Context(), h); err != nil {
		t.Error(err)
	}
}

func TestPut_leaves_nothing_behind(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	if _, err := s.PutBytes(t.Context(), []byte("kept")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Put(t.Context(), iotest.ErrReader(errors.New("gone"))); err == nil {
		t.Fatal("a broken source was stored")
	}
	if _, err := s.PutExpected(t.Context(), artifact.HashBytes(nil), strings.NewReader("other")); err == nil {
		t.Fatal("other content was stored")
	}
	left, err := os.ReadDir(filepath.Join(dir, "incoming"))
	if err != nil || len(left) != 0 {
		t.Errorf("incoming holds %v, %v", left, err)
	}
}

func TestList_passes_over_strangers(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	h, err := s.PutBytes(t.Context(), []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(blob(dir, h)), "notes.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	n := 0
	if err := s.List(t.Context(), func(artifact.Info) error { n++; return nil }); err != nil || n != 1 {
		t.Errorf("List gives %d, %v; want 1", n, err)
	}
}

func TestOpen_not_a_folder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := artifact.Open(file); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("Open of a file: %v, want an error naming it", err)
	}
}

func TestHash_UnmarshalText(t *testing.T) {
	var h artifact.Hash
	want := artifact.HashBytes(nil)
	if err := h.UnmarshalText([]byte(want)); err != nil || h != want {
		t.Errorf("UnmarshalText(%s) = %s, %v", want, h, err)
	}
	if err := h.UnmarshalText([]byte("abc")); err == nil || h != want {
		t.Errorf("UnmarshalText(abc) = %s, %v; want an error and no change", h, err)
	}
}

func ExampleStore() {
	dir, err := os.MkdirTemp("", "artifacts")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	s, err := artifact.Open(dir)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()

	ctx := context.Background()
	h, size, err := s.Put(ctx, strings.NewReader("weights"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(h[:12], size)
	content, err := s.ReadAll(ctx, h)
	fmt.Printf("%s %v\n", content, err)
	// Output:
	// 9a129038d9a0 7
	// weights <nil>
}
