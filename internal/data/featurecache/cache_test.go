package featurecache_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/data/featurecache"
)

type fataler interface {
	Helper()
	Fatal(...any)
}

func open(t fataler, dir string, o featurecache.Options) *featurecache.Cache {
	t.Helper()
	c, err := featurecache.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func sameBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

func ExampleCache() {
	dir, err := os.MkdirTemp("", "columns")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	o := featurecache.Options{MemoryBytes: 1 << 20, DiskBytes: 1 << 20, Engine: "1"}
	c, err := featurecache.Open(dir, o)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	c.Put("what it follows from", []float32{1, 2, 3})
	fmt.Println(c.Get("what it follows from", 3))
	fmt.Println(c.Get("something else", 3))
	// Output:
	// [1 2 3] true
	// [] false
}

// TestGivesBackWhatItWasGiven puts columns of all bits, from memory and from disk.
func TestGivesBackWhatItWasGiven(t *testing.T) {
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		key := fmt.Sprint("key ", n)
		var column []float32
		for _, b := range rapid.SliceOfN(rapid.Uint32(), 0, 50).Draw(t, "bits") {
			column = append(column, math.Float32frombits(b))
		}
		o := featurecache.Options{DiskBytes: 1 << 30, Engine: "1"}
		if rapid.Bool().Draw(t, "memory") {
			o.MemoryBytes = 1 << 20
		}
		c := open(t, dir, o)
		c.Put(key, column)
		got, ok := c.Get(key, len(column))
		if !ok || !sameBits(got, column) {
			t.Fatalf("Get gives %v, %v, want %v", got, ok, column)
		}
		if _, ok := c.Get(key, len(column)+1); ok {
			t.Fatal("a column of another length was given out")
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestOutlivesTheProcess(t *testing.T) {
	dir, o := t.TempDir(), featurecache.Options{MemoryBytes: 1 << 20, DiskBytes: 1 << 20, Engine: "1"}
	first := open(t, dir, o)
	first.Put("a", []float32{1, 2})
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := open(t, dir, o)
	if got, ok := second.Get("a", 2); !ok || got[1] != 2 {
		t.Errorf("Get gives %v, %v after the cache was opened again", got, ok)
	}
	o.Engine = "2"
	if got, ok := open(t, dir, o).Get("a", 2); ok {
		t.Errorf("another version of the engine was given %v", got)
	}
}

// TestDamage changes every byte of a file, shortens it and takes that of another
// column: it is removed, with one line in the log, and never given out.
func TestDamage(t *testing.T) {
	dir := t.TempDir()
	var log bytes.Buffer
	c := open(t, dir, featurecache.Options{DiskBytes: 1 << 20, Engine: "1", Log: slog.New(slog.NewTextHandler(&log, nil))})
	whole := []float32{1, 2, 3}
	path := func() string {
		files, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil || len(files) != 1 {
			t.Fatalf("files %v, %v: want one", files, err)
		}
		return files[0]
	}
	c.Put("a", whole)
	content, err := os.ReadFile(path())
	if err != nil {
		t.Fatal(err)
	}
	try := func(name string, damaged []byte) {
		c.Put("a", whole)
		if err := os.WriteFile(path(), damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		log.Reset()
		if got, ok := c.Get("a", 3); ok {
			t.Errorf("%s: Get gives %v", name, got)
		}
		if lines := strings.Count(log.String(), "\n"); lines != 1 || !strings.Contains(log.String(), "cached column discarded") {
			t.Errorf("%s: the log says %q, want one line", name, log.String())
		}
		if files, _ := filepath.Glob(filepath.Join(dir, "*")); len(files) != 0 {
			t.Errorf("%s: %v is still there", name, files)
		}
		log.Reset()
		if _, ok := c.Get("a", 3); ok || log.Len() > 0 {
			t.Errorf("%s: the second Get says %q", name, log.String())
		}
	}
	for i := range content {
		damaged := bytes.Clone(content)
		damaged[i] ^= 0x10
		try(fmt.Sprint("byte ", i), damaged)
	}
	try("shortened", content[:len(content)-1])
	try("emptied", nil)
	try("longer", append(bytes.Clone(content), 0))
}

func TestFolderIsBounded(t *testing.T) {
	dir := t.TempDir()
	c := open(t, dir, featurecache.Options{DiskBytes: 10_000, Engine: "1"})
	if err := os.WriteFile(filepath.Join(dir, "torn.part"), make([]byte, 20_000), 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		c.Put(fmt.Sprint(i), make([]float32, 500))
		total := int64(0)
		err := filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			info, err := e.Info()
			total += info.Size()
			return err
		})
		if err != nil || total > 10_000 {
			t.Fatalf("%d bytes after column %d, %v", total, i, err)
		}
	}
	if _, ok := c.Get("19", 500); !ok {
		t.Error("the newest column is gone")
	}
	c.Put("large", make([]float32, 5000))
	if _, ok := c.Get("large", 5000); ok {
		t.Error("a column larger than the folder was kept")
	}
}

func TestMemoryIsBounded(t *testing.T) {
	c := open(t, "", featurecache.Options{MemoryBytes: 4 * 250})
	for _, key := range []string{"a", "b"} {
		c.Put(key, make([]float32, 100))
	}
	if _, ok := c.Get("a", 100); !ok {
		t.Fatal("a is gone, and there was room")
	}
	c.Put("c", make([]float32, 100))
	for key, want := range map[string]bool{"a": true, "b": false, "c": true} {
		if _, ok := c.Get(key, 100); ok != want {
			t.Errorf("%s is held: %v, want %v: the one used longest ago goes", key, ok, want)
		}
	}
	c.Put("a", make([]float32, 300))
	if _, ok := c.Get("a", 300); ok {
		t.Error("a column larger than the memory was kept")
	}
	if _, ok := c.Get("a", 100); ok {
		t.Error("what a larger column took the place of is still there")
	}
	for _, key := range []string{"b", "c", "c", "c"} { // the same again takes no more room
		c.Put(key, make([]float32, 100))
	}
	if _, ok := c.Get("b", 100); !ok {
		t.Error("b is gone, and there was room")
	}
	c.Put("d", make([]float32, 250)) // all there is room for
	for key, want := range map[string]bool{"b": false, "c": false, "d": true} {
		if _, ok := c.Get(key, map[string]int{"b": 100, "c": 100, "d": 250}[key]); ok != want {
			t.Errorf("%s is held: %v, want %v", key, ok, want)
		}
	}
}

// TestFilesAreReadOnce: a column that came from a file is in memory then.
func TestFilesAreReadOnce(t *testing.T) {
	dir, o := t.TempDir(), featurecache.Options{MemoryBytes: 1000, DiskBytes: 1000, Engine: "1"}
	open(t, dir, o).Put("a", []float32{1, 2})
	c := open(t, dir, o)
	if _, ok := c.Get("a", 2); !ok {
		t.Fatal("the file is not found")
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 1 || os.Remove(files[0]) != nil {
		t.Fatalf("files %v, %v", files, err)
	}
	if got, ok := c.Get("a", 2); !ok || !sameBits(got, []float32{1, 2}) {
		t.Errorf("Get gives %v, %v without the file", got, ok)
	}
}

// TestOfAnotherKey puts the file of one column in the place of another's.
func TestOfAnotherKey(t *testing.T) {
	dir := t.TempDir()
	c := open(t, dir, featurecache.Options{DiskBytes: 1000, Engine: "1"})
	c.Put("a", []float32{1, 2})
	before, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(before) != 1 {
		t.Fatalf("files %v, %v", before, err)
	}
	c.Put("b", []float32{3, 4})
	after, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(after) != 2 {
		t.Fatalf("files %v, %v", after, err)
	}
	other := after[0]
	if other == before[0] {
		other = after[1]
	}
	if err := os.Rename(other, before[0]); err != nil {
		t.Fatal(err)
	}
	if got, ok := c.Get("a", 2); ok {
		t.Errorf("Get gives %v of another key", got)
	}
}

func TestHeld(t *testing.T) {
	c := open(t, "", featurecache.Options{MemoryBytes: 1000})
	loads := 0
	load := func() (string, int64, error) {
		loads++
		return "value", 5, nil
	}
	for range 3 {
		if v, err := featurecache.Held(c, "key", load); err != nil || v != "value" {
			t.Fatalf("Held gives %q, %v", v, err)
		}
	}
	if v, err := featurecache.Held(nil, "key", load); err != nil || v != "value" || loads != 2 {
		t.Errorf("%q, %v after %d loads: want 1, and 1 without a cache", v, err, loads)
	}
	if _, err := featurecache.Held(c, "other", func() (string, int64, error) { return "", 0, fs.ErrNotExist }); err == nil {
		t.Error("the error of loading is lost")
	}
	if v, err := featurecache.Held(c, "other", load); err != nil || v != "value" {
		t.Errorf("after an error Held gives %q, %v", v, err)
	}
	if v, err := featurecache.Held(c, "key", func() (int, int64, error) { return 7, 8, nil }); err != nil || v != 7 {
		t.Errorf("Held gives %v, %v of another type", v, err)
	}
}

func TestNoCache(t *testing.T) {
	var none *featurecache.Cache
	none.Put("a", []float32{1})
	if _, ok := none.Get("a", 1); ok {
		t.Error("no cache held something")
	}
	if err := none.Close(); err != nil {
		t.Error(err)
	}
}

// BenchmarkGet reads a column of a million values. A regression makes every job on
// known bars begin later.
func BenchmarkGet(b *testing.B) {
	const rows = 1_000_000
	for _, c := range []struct {
		from   string
		memory int64
	}{{"memory", 1 << 30}, {"disk", 0}} {
		b.Run(fmt.Sprintf("values=%d/from=%s", rows, c.from), func(b *testing.B) {
			cache := open(b, b.TempDir(), featurecache.Options{MemoryBytes: c.memory, DiskBytes: 1 << 30})
			want := make([]float32, rows)
			for i := range want {
				want[i] = float32(i) / 7
			}
			cache.Put("a", want)
			b.SetBytes(4 * rows)
			b.ReportAllocs()
			var got []float32
			for b.Loop() {
				var ok bool
				if got, ok = cache.Get("a", rows); !ok {
					b.Fatal("gone")
				}
			}
			if !sameBits(got, want) {
				b.Fatal("it is another column")
			}
		})
	}
}
