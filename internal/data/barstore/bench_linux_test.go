package barstore_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// BenchmarkMonth_cold is the first read of BenchmarkMonth from files that the system
// has nothing of in memory. A regression makes the first job after a restart begin
// later.
func BenchmarkMonth_cold(b *testing.B) {
	dir, read := months(b)
	b.Run(fmt.Sprintf("bars=%d", *monthBars), func(b *testing.B) {
		var took []time.Duration
		for i := 0; b.Loop(); i++ {
			b.StopTimer()
			forget(b, dir)
			b.StartTimer()
			took = append(took, readFirst(b, dir, i, read))
		}
		reportWorst(b, took)
	})
}

// forget makes the system forget what it has in memory of the files of a store.
func forget(b *testing.B, dir string) {
	files, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil || len(files) == 0 {
		b.Fatalf("no files: %v", err)
	}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			b.Fatal(err)
		}
		if err := errors.Join(f.Sync(), unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED), f.Close()); err != nil {
			b.Fatal(err)
		}
	}
}
