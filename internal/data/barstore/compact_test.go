package barstore_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/data/barstore"
)

// Bars that change, wherever they are, give what a slice of bars would: in the store,
// to those who read before, and after a restart or a compaction in between.
func TestMerge_tails(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "bars")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		s, err := openHasty(dir)
		if err != nil {
			t.Fatal(err)
		}
		type reading struct{ got, asRead market.Series }
		var readings []reading
		versions := make([]int, rapid.IntRange(9_000, 25_000).Draw(t, "bars"))
		all := func(from, to int) market.Series {
			bars := market.NewSeries("EURUSD", market.Minute1, to-from)
			for i := from; i < to; i++ {
				bars.Append(bar(60*int64(i), versions[i]))
			}
			return bars
		}
		write := func(from, to int) {
			if _, err := s.Merge(t.Context(), all(from, to)); err != nil {
				t.Fatal(err)
			}
		}
		check := func() {
			got, err := s.Read(t.Context(), "EURUSD", market.Minute1, market.Span{})
			if err != nil {
				t.Fatal(err)
			}
			if !equal(got, all(0, len(versions))) {
				t.Fatal("other bars are held than were merged")
			}
			readings = append(readings, reading{got, clone(got)})
		}
		write(0, len(versions))
		t.Repeat(map[string]func(*rapid.T){
			"change": func(t *rapid.T) {
				from := rapid.IntRange(0, len(versions)-1).Draw(t, "from")
				if rapid.Bool().Draw(t, "late") { // as it mostly is
					from = max(0, len(versions)-1-from%9_000)
				}
				to := min(from+rapid.IntRange(1, 3).Draw(t, "bars"), len(versions))
				for i := from; i < to; i++ {
					versions[i]++
				}
				write(from, to)
			},
			"append": func(t *rapid.T) {
				n := len(versions)
				versions = append(versions, make([]int, rapid.SampledFrom([]int{1, 5_000}).Draw(t, "more"))...)
				write(n, len(versions))
			},
			"compact": func(t *rapid.T) {
				if err := s.CompactNow(t.Context(), "EURUSD", market.Minute1); err != nil {
					t.Fatal(err)
				}
			},
			"reopen": func(t *rapid.T) {
				readings = nil
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				if s, err = openHasty(dir); err != nil {
					t.Fatal(err)
				}
			},
			"read": func(t *rapid.T) { check() },
		})
		check()
		for _, r := range readings {
			if !equal(r.got, r.asRead) {
				t.Fatal("a series changed after it was read")
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// A bar changed near the end of many leaves the files of the others as they are.
func TestMerge_change_writes_a_tail(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	merge(t, s, minutes(0, 100_000), barstore.Change{Added: 100_000})
	before := fileTimes(t, dir)
	for version := 1; version <= 3; version++ {
		merge(t, s, seriesOf(bar(60*99_990, version)), barstore.Change{Changed: 1})
	}
	after := fileTimes(t, dir)
	tail := 0
	for name, stamp := range after {
		switch base := filepath.Base(name); {
		case strings.HasPrefix(base, "1."):
			if stamp != before[name] {
				t.Errorf("%s was written again", name)
			}
		case strings.HasPrefix(base, "4."):
			st, err := os.Stat(name)
			if err != nil || st.Size() != 8*(100_000-98_304) {
				t.Errorf("%s has %d bytes, want those of the last block", name, st.Size())
			}
			tail++
		case base != "head":
			t.Errorf("%s is there", name)
		}
	}
	if tail != 6 || len(after) != 13 {
		t.Errorf("the folder holds %d files, %d of the tail; want 13 and 6", len(after), tail)
	}
}

// A watchedDisk tells when a head gets in force.
type watchedDisk struct {
	barstore.Disk
	renamed chan struct{}
}

func (d watchedDisk) Rename(from, to string) error {
	err := d.Disk.Rename(from, to)
	d.renamed <- struct{}{}
	return err
}

// A tail that has got long goes, beside readers, into one file a column; what was read
// stays.
func TestCompact(t *testing.T) {
	dir, renamed := t.TempDir(), make(chan struct{}, 10)
	s, err := barstore.OpenOn(dir, func(real barstore.Disk) barstore.Disk { return watchedDisk{real, renamed} })
	if err != nil {
		t.Fatal(err)
	}
	merge(t, s, minutes(0, 200_000), barstore.Change{Added: 200_000})
	want := revised(0, 200_000, 120_000)
	merge(t, s, want, barstore.Change{Same: 120_000, Changed: 80_000})
	<-renamed
	<-renamed
	got := read(t, s, market.Span{})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.Compact(ctx, func(err error) { t.Error(err) })
	}()
	<-renamed
	stop()
	<-ended
	if files := fileTimes(t, dir); len(files) != 7 {
		t.Errorf("after a compaction the folder holds %v", files)
	}
	for name, series := range map[string]market.Series{"before": got, "after": read(t, s, market.Span{})} {
		if !equal(series, want) {
			t.Errorf("other bars were read %s the compaction", name)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if !equal(read(t, open(t, dir), market.Span{}), want) {
		t.Error("other bars are there after a restart")
	}
}

// A compaction that cannot write changes nothing and says so.
func TestCompact_fails(t *testing.T) {
	dir := t.TempDir()
	want := revised(0, 200_000, 120_000)
	holdAsToday(t, dir, minutes(0, 200_000))
	failing := &crashDisk{dir: dir, left: 1 << 30}
	s, err := barstore.OpenOn(dir, func(real barstore.Disk) barstore.Disk { failing.Disk = real; return failing })
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	merge(t, s, want, barstore.Change{Same: 120_000, Changed: 80_000})
	failing.left = 5
	ctx, stop := context.WithCancel(t.Context())
	s.Compact(ctx, func(err error) {
		stop()
		if !errors.Is(err, errCrash) || !strings.Contains(err.Error(), "compact bars: bars of EURUSD 1m") {
			t.Errorf("the error is %v", err)
		}
	})
	failing.left = 1 << 30
	if !equal(read(t, s, market.Span{}), want) {
		t.Error("other bars are held after a compaction that failed")
	}
}

// Heads that have the right checksum and contradict themselves about their tail are
// refused.
func TestRead_contradictory_tail(t *testing.T) {
	dir := t.TempDir()
	holdTailed(t, dir, revised(0, 20_000, 19_990))
	name := filepath.Join(dir, "EURUSD.1m", "head")
	good := readFile(t, name)
	for _, tc := range []struct {
		version    byte
		tail, base uint64
		ok         bool
	}{
		{5, 16_384, 1, true}, {5, 0, 1, false}, {5, 16_383, 1, false}, {5, 16_385, 1, false}, {5, 24_576, 1, false}, {5, 1 << 63, 1, false}, {5, 16_384, 0, false},
		{5, 16_384, 2, false}, {5, 16_384, 3, false}, {3, 16_384, 1, false}, {3, 0, 1, false}, {3, 16_384, 0, false},
	} {
		t.Run(fmt.Sprintf("version=%d/tail=%d/base=%d", tc.version, tc.tail, tc.base), func(t *testing.T) {
			head := bytes.Clone(good)
			head[8] = tc.version
			binary.LittleEndian.PutUint64(head[80:], tc.tail)
			binary.LittleEndian.PutUint64(head[88:], tc.base)
			seal(head)
			if err := os.WriteFile(name, head, 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := open(t, dir).Coverage(t.Context(), "EURUSD", market.Minute1)
			if tc.ok != (err == nil) || err != nil && !errors.Is(err, barstore.ErrDamaged) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

// However often bars change between readers, an operating system is not asked for
// more mappings than it allows.
func TestMerge_bounds_mappings(t *testing.T) {
	if _, err := os.Stat("/proc/self/maps"); err != nil {
		t.Skip("mappings are counted in /proc/self/maps, which is not there")
	}
	dir := t.TempDir()
	s, err := openHasty(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.KeepAtMost(20 << 20)
	for version := range 40 {
		if _, err := s.Merge(t.Context(), seriesOf(bar(0, version))); err != nil {
			t.Fatal(err)
		}
		if got := read(t, s, market.Span{}); !equal(got, seriesOf(bar(0, version))) {
			t.Fatalf("version %d: other bars were read", version)
		}
	}
	lines := bytes.Split(readFile(t, "/proc/self/maps"), []byte("\n"))
	ours := len(slices.DeleteFunc(lines, func(line []byte) bool { return !bytes.Contains(line, []byte(dir)) }))
	if ours < 6*20 || ours > 6*22 {
		t.Errorf("%d mappings are kept for readers", ours)
	}
}

// What was verified of bars that changed meanwhile says nothing of those that took their
// place.
func TestRead_damage_in_a_tail(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	merge(t, s, minutes(0, 20_000), barstore.Change{Added: 20_000})
	read(t, s, market.Span{})
	merge(t, s, revised(19_000, 20_000, 19_990), barstore.Change{Changed: 10, Same: 990})
	damage(t, filepath.Join(dir, "EURUSD.1m", "2.low"), 8*15)
	if _, err := s.Read(t.Context(), "EURUSD", market.Minute1, market.Span{}); !errors.Is(err, barstore.ErrDamaged) || !strings.Contains(err.Error(), "2.low") {
		t.Errorf("Read: %v, want ErrDamaged in 2.low", err)
	}
	if part := read(t, s, market.Span{To: 60 * 16_000}); part.Len() != 16_000 {
		t.Errorf("%d bars before the tail", part.Len())
	}
}

// Bars at the end of a series of an earlier version change, whose blocks are longer.
func TestMerge_changes_the_end_of_earlier(t *testing.T) {
	const bars = 140_000
	dir := t.TempDir()
	holdAsEarlier(t, dir, minutes(0, bars))
	for version := range 2 {
		s := open(t, dir)
		end := revised(bars-10, bars, bars-5+2*version)
		merge(t, s, end, []barstore.Change{{Changed: 5, Same: 5}, {Changed: 2, Same: 8}}[version])
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		again := open(t, dir)
		if d := diff(read(t, again, market.Span{}), revised(0, bars, bars-5+2*version)); d != "" {
			t.Fatalf("(-want +got):\n%.500s", d)
		}
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
