package barstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/data/barstore"
)

func open(t testing.TB, dir string) *barstore.Store {
	t.Helper()
	s, err := barstore.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() }) // closed by most tests already
	return s
}

// A hastyDisk syncs nothing: for tests that merge often and crash never.
type hastyDisk struct{ barstore.Disk }

type hastyFile struct{ barstore.File }

func (hastyFile) Sync() error          { return nil }
func (hastyDisk) SyncDir(string) error { return nil }
func (d hastyDisk) OpenFile(name string, flag int) (barstore.File, error) {
	f, err := d.Disk.OpenFile(name, flag)
	return hastyFile{f}, err
}

func openHasty(dir string) (*barstore.Store, error) {
	return barstore.OpenOn(dir, func(real barstore.Disk) barstore.Disk { return hastyDisk{real} })
}

// bar returns a bar whose values follow from its time and version.
func bar(time int64, version int) market.Bar {
	base := 1 + float64((time%1000+1000)%1000)/1000 + float64(version)
	volume := float64(time * time % 7)
	if time%5 == 0 {
		volume = math.NaN()
	}
	return market.Bar{Time: time, Open: base, High: base + 0.5, Low: base - 0.5, Close: base + 0.25, Volume: volume}
}

// quote returns one that follows from a time and a version.
func quote(time int64, version int) market.Quote {
	bid := bar(time, version).Close
	return market.Quote{Bid: bid, Ask: bid + float64(version)/1000}
}

// quoted returns s with a quote for every bar from the given one on.
func quoted(s market.Series, from int) market.Series {
	all := market.NewSeries(s.Symbol, s.Timeframe, s.Len())
	for i := range s.Len() {
		q := market.NoQuote()
		if i >= from {
			q = quote(s.Time[i], 1)
		}
		all.AppendQuoted(s.Bar(i), q)
	}
	return all
}

func seriesOf(bars ...market.Bar) market.Series {
	s := market.NewSeries("EURUSD", market.Minute1, len(bars))
	for _, b := range bars {
		s.Append(b)
	}
	return s
}

// minutes returns bars from to to-1 of version 0, a minute apart.
func minutes(from, to int) market.Series { return revised(from, to, to) }

// revised returns bars from to to-1, those from changed on of version 1.
func revised(from, to, changed int) market.Series {
	s := market.NewSeries("EURUSD", market.Minute1, to-from)
	for i := from; i < to; i++ {
		version := 0
		if i >= changed {
			version = 1
		}
		s.Append(bar(int64(i)*60, version))
	}
	return s
}

func equal(a, b market.Series) bool {
	return bytes.Equal(barstore.Encode(nil, a), barstore.Encode(nil, b))
}

func diff(got, want market.Series) string {
	if equal(got, want) { // much quicker than Diff
		return ""
	}
	return cmp.Diff(want, got, cmp.Comparer(func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }))
}

func read(t testing.TB, s *barstore.Store, span market.Span) market.Series {
	t.Helper()
	got, err := s.Read(t.Context(), "EURUSD", market.Minute1, span)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func merge(t testing.TB, s *barstore.Store, bars market.Series, want barstore.Change) {
	t.Helper()
	got, err := s.Merge(t.Context(), bars)
	if err != nil || got != want {
		t.Fatalf("Merge = %+v, %v; want %+v", got, err, want)
	}
}

func clone(s market.Series) market.Series {
	s.Time, s.Open, s.High = slices.Clone(s.Time), slices.Clone(s.Open), slices.Clone(s.High)
	s.Low, s.Close, s.Volume = slices.Clone(s.Low), slices.Clone(s.Close), slices.Clone(s.Volume)
	s.Bid, s.Ask = slices.Clone(s.Bid), slices.Clone(s.Ask)
	return s
}

// The store must agree with a map from time to bar under any merges, whatever is
// read or reopened in between, and what was read must stay as it was.
func TestStore_like_a_map(t *testing.T) {
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
		type row struct {
			market.Bar
			market.Quote
		}
		model := map[int64]row{}
		type reading struct{ got, asRead market.Series }
		var readings []reading
		sorted := func() market.Series {
			all := market.NewSeries("EURUSD", market.Minute1, len(model))
			for _, at := range slices.Sorted(func(yield func(int64) bool) {
				for at := range model {
					if !yield(at) {
						return
					}
				}
			}) {
				all.AppendQuoted(model[at].Bar, model[at].Quote)
			}
			return all
		}
		t.Repeat(map[string]func(*rapid.T){
			"merge": func(t *rapid.T) {
				times := rapid.SliceOfDistinct(rapid.Int64Range(-50, 50), rapid.ID[int64]).Draw(t, "times")
				slices.Sort(times)
				bars := market.NewSeries("EURUSD", market.Minute1, len(times))
				var want barstore.Change
				quotes := rapid.SampledFrom([]string{"none", "some", "all"}).Draw(t, "quotes")
				for _, at := range times {
					b, q := bar(at, rapid.IntRange(1, 2).Draw(t, "version")), market.NoQuote()
					if quotes == "all" || quotes == "some" && at%2 == 0 {
						q = quote(at, rapid.IntRange(1, 2).Draw(t, "quote"))
					}
					bars.AppendQuoted(b, q)
					held, ok := model[at]
					switch {
					case !ok:
						want.Added++
					case held.Open == b.Open && (held.Quote == q || !q.IsKnown()):
						want.Same++
						q = held.Quote // what is not said leaves what is held
					default:
						want.Changed++
					}
					model[at] = row{b, q}
				}
				if got, err := s.Merge(context.Background(), bars); err != nil || got != want {
					t.Fatalf("Merge of %v = %+v, %v; want %+v", times, got, err, want)
				}
			},
			"append": func(t *rapid.T) {
				all := sorted()
				next := int64(100)
				if n := all.Len(); n > 0 {
					next = max(next, all.Time[n-1]+1)
				}
				model[next] = row{bar(next, 1), market.NoQuote()}
				if got, err := s.Merge(context.Background(), seriesOf(model[next].Bar)); err != nil || got.Added != 1 {
					t.Fatalf("Merge = %+v, %v", got, err)
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
			"read": func(t *rapid.T) {
				span := market.Span{From: rapid.Int64Range(-60, 120).Draw(t, "from"), To: rapid.Int64Range(-60, 120).Draw(t, "to")}
				got, err := s.Read(context.Background(), "EURUSD", market.Minute1, span)
				if len(model) == 0 {
					if !errors.Is(err, barstore.ErrNotFound) {
						t.Fatalf("Read of nothing: %v", err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if d := diff(got, sorted().Within(span)); d != "" {
					t.Fatalf("Read(%+v) (-want +got):\n%s", span, d)
				}
				readings = append(readings, reading{got, clone(got)})
			},
			"": func(t *rapid.T) {
				for _, r := range readings {
					if d := diff(r.got, r.asRead); d != "" {
						t.Fatalf("a series changed after it was read (-was +is):\n%s", d)
					}
				}
			},
		})
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func appendAll(s *market.Series, more market.Series) {
	for i := range more.Len() {
		s.Append(more.Bar(i))
	}
}

// Appending, inserting and changing across the borders of blocks, in a series
// that is read in between.
func TestMerge_many_blocks(t *testing.T) {
	const bars = 3*65536 + 500
	dir := t.TempDir()
	s := open(t, dir)
	all := minutes(0, bars)
	for from, step := 0, 1; from < bars; from, step = from+step, 3*step+1 {
		to := min(from+step, bars)
		merge(t, s, all.Slice(from, to), barstore.Change{Added: to - from})
		if d := diff(read(t, s, market.Span{From: 60 * int64(from)}).Slice(0, 1), all.Slice(max(from, 1), max(from, 1)+1)); from > 1 && d != "" {
			t.Fatalf("after appending bar %d:\n%s", from, d)
		}
	}
	if d := diff(read(t, s, market.Span{}), all); d != "" {
		t.Fatal("appended series differs from the whole")
	}
	merge(t, s, seriesOf(bar(30, 1), bar(65536*60, 1), bar(70_000*60+30, 1)), barstore.Change{Added: 2, Changed: 1})
	got := read(t, s, market.Span{})
	want := clone(all.Slice(0, 1))
	appendAll(&want, seriesOf(bar(30, 1)))
	appendAll(&want, all.Slice(1, 65536))
	appendAll(&want, seriesOf(bar(65536*60, 1)))
	appendAll(&want, all.Slice(65537, 70_001))
	appendAll(&want, seriesOf(bar(70_000*60+30, 1)))
	appendAll(&want, all.Slice(70_001, bars))
	if diff(got, want) != "" {
		t.Fatalf("%d bars after inserting two into %d and changing one, or not the right ones", got.Len(), bars)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, dir)
	for _, span := range []market.Span{{From: 65535 * 60, To: 65538 * 60}, {From: 131071 * 60}, {To: 60}, {From: 1, To: 2}, {From: 1 << 40}} {
		part := read(t, again, span)
		if n := part.Len(); span.From == 1 && n != 0 || span.From == 65535*60 && n != 3 {
			t.Errorf("Read(%+v) gives %d bars", span, n)
		}
		if err := part.Validate(); err != nil {
			t.Errorf("Read(%+v): %v", span, err)
		}
	}
}

func fileTimes(t *testing.T, dir string) map[string]string {
	t.Helper()
	times := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == "lock" {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			times[name] = fmt.Sprint(info.ModTime().UnixNano(), info.Size())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return times
}

func TestMerge_again_touches_nothing(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	merge(t, s, minutes(0, 100), barstore.Change{Added: 100})
	before := fileTimes(t, dir)
	merge(t, s, minutes(0, 100), barstore.Change{Same: 100})
	merge(t, s, minutes(20, 30), barstore.Change{Same: 10})
	merge(t, s, minutes(0, 0), barstore.Change{})
	if d := cmp.Diff(before, fileTimes(t, dir)); d != "" || len(before) != 7 {
		t.Errorf("merging what is held changed files (-before +after):\n%s", d)
	}
}

func TestMerge_leaves_one_generation(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	merge(t, s, minutes(10, 20), barstore.Change{Added: 10})
	merge(t, s, minutes(0, 20), barstore.Change{Added: 10, Same: 10})
	stray := filepath.Join(dir, "EURUSD.1m", "7.close")
	mine := filepath.Join(dir, "EURUSD.1m", "notes.txt")
	for _, name := range []string{stray, mine} {
		if err := os.WriteFile(name, []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	read(t, open(t, dir), market.Span{})
	files := fileTimes(t, dir)
	if _, ok := files[mine]; len(files) != 8 || !ok {
		t.Errorf("the folder holds %v, want one head, six columns and the foreign file", files)
	}
}

func TestMerge_volume_of_any_nan(t *testing.T) {
	s := open(t, t.TempDir())
	b := bar(60, 1)
	b.Volume = math.Float64frombits(0xfff8000000000123)
	merge(t, s, seriesOf(b), barstore.Change{Added: 1})
	merge(t, s, seriesOf(b), barstore.Change{Same: 1})
	b.Volume = 3
	merge(t, s, seriesOf(b), barstore.Change{Changed: 1})
	b.Volume = math.NaN()
	merge(t, s, seriesOf(b), barstore.Change{Changed: 1})
}

func TestMerge_refuses(t *testing.T) {
	bad := bar(60, 1)
	bad.High = 0.1
	named := minutes(0, 1)
	named.Symbol = "../../etc"
	lower := minutes(0, 1)
	lower.Symbol = "eurusd"
	unset := minutes(0, 1)
	unset.Timeframe = 0
	for name, tc := range map[string]struct {
		bars market.Series
		want string
	}{
		"high_below_open": {seriesOf(bad), "high: 0.1 lies below"},
		"unsorted":        {seriesOf(bar(60, 1), bar(0, 1)), "does not follow"},
		"path":            {named, "symbol"},
		"lower_case":      {lower, "want upper case"},
		"no_timeframe":    {unset, "unknown timeframe"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			_, err := open(t, dir).Merge(t.Context(), tc.bars)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Merge: %v, want an error with %q", err, tc.want)
			}
			if files := fileTimes(t, dir); len(files) != 0 {
				t.Errorf("refused bars left %v", files)
			}
		})
	}
}

func TestMerge_cancelled(t *testing.T) {
	s := open(t, t.TempDir())
	merge(t, s, minutes(0, 10), barstore.Change{Added: 10})
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if _, err := s.Merge(ctx, minutes(0, 20)); !errors.Is(err, cause) {
		t.Errorf("Merge: %v, want %v", err, cause)
	}
	if _, err := s.Read(ctx, "EURUSD", market.Minute1, market.Span{}); !errors.Is(err, cause) {
		t.Errorf("Read: %v, want %v", err, cause)
	}
	if n := read(t, s, market.Span{}).Len(); n != 10 {
		t.Errorf("%d bars after a cancelled merge, want 10", n)
	}
}

// Where readers have as much of what was superseded as is kept for them, they get copies,
// which nothing changes either.
func TestRead_copies(t *testing.T) {
	s := open(t, t.TempDir())
	all := quoted(minutes(0, 20_000), 9_000)
	merge(t, s, all.Slice(0, 19_999), barstore.Change{Added: 19_999})
	s.KeepAtMost(0)
	span := market.Span{From: all.Time[8_190], To: all.Time[9_500]}
	part, whole := read(t, s, span), read(t, s, market.Span{})
	changed := clone(all)
	for i := range changed.Volume {
		changed.Volume[i] = 3
	}
	if _, err := s.Merge(t.Context(), changed); err != nil {
		t.Fatal(err)
	}
	if d := diff(part, all.Within(span)); d != "" {
		t.Errorf("a part (-want +got):\n%.500s", d)
	}
	if d := diff(whole, all.Slice(0, 19_999)); d != "" {
		t.Errorf("all (-want +got):\n%.500s", d)
	}
	if d := diff(read(t, s, market.Span{}), changed); d != "" {
		t.Errorf("what is held now (-want +got):\n%.500s", d)
	}
}

// A fullDisk has no room for what is written after some bytes.
type fullDisk struct {
	barstore.Disk
	room *int
}

type fullFile struct {
	barstore.File
	room *int
}

func (d fullDisk) OpenFile(name string, flag int) (barstore.File, error) {
	f, err := d.Disk.OpenFile(name, flag)
	return fullFile{f, d.room}, err
}

func (f fullFile) WriteAt(p []byte, at int64) (int, error) {
	if *f.room -= len(p); *f.room < 0 {
		return 0, errors.New("no space left")
	}
	return f.File.WriteAt(p, at)
}

// After a merge that failed the store has what it had, without being opened again, and
// takes the same bars when there is room.
func TestMerge_failed(t *testing.T) {
	all := minutes(0, 300)
	for name, given := range map[string]market.Series{"append": all.Slice(200, 300), "insert": all, "head": all.Slice(200, 201)} {
		t.Run(name, func(t *testing.T) {
			room := 1 << 20
			s, err := barstore.OpenOn(t.TempDir(), func(real barstore.Disk) barstore.Disk { return fullDisk{real, &room} })
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			held := all.Slice(1, 200)
			merge(t, s, held, barstore.Change{Added: 199})
			before := read(t, s, market.Span{})
			if room = 1000; name == "head" {
				room = 8*6 + 1
			}
			if _, err := s.Merge(t.Context(), given); err == nil || !strings.Contains(err.Error(), "no space left") {
				t.Fatalf("Merge on a full disk: %v", err)
			}
			room = 1 << 20
			for _, got := range []market.Series{before, read(t, s, market.Span{})} {
				if d := diff(got, held); d != "" {
					t.Fatalf("after a merge that failed (-want +got):\n%.500s", d)
				}
			}
			if _, err := s.Merge(t.Context(), given); err != nil {
				t.Fatal(err)
			}
			if got := read(t, s, market.Span{}); got.Time[got.Len()-1] != given.Time[given.Len()-1] {
				t.Error("the second time it was not merged")
			}
		})
	}
}

func TestOpen_second_is_refused(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	_, err := barstore.Open(dir)
	if want := fmt.Sprintf("%s is in use by another process (number %d)", dir, os.Getpid()); !errors.Is(err, barstore.ErrLocked) || !strings.Contains(err.Error(), want) {
		t.Errorf("second Open: %v, want ErrLocked with %q", err, want)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, dir)
}

func TestClose(t *testing.T) {
	s := open(t, t.TempDir())
	merge(t, s, minutes(0, 10), barstore.Change{Added: 10})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(t.Context(), "EURUSD", market.Minute1, market.Span{}); err == nil || errors.Is(err, barstore.ErrNotFound) {
		t.Errorf("Read of a closed store: %v", err)
	}
	if _, err := s.Merge(t.Context(), minutes(0, 10)); err == nil {
		t.Error("a closed store merged")
	}
	if err := s.Close(); err == nil {
		t.Error("a second Close succeeded")
	}
}

// Names that differ only by case, or hold dots, must not meet in one folder.
func TestList(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	var want []barstore.Coverage
	for _, symbol := range []market.Symbol{"A", "A-B", "A.1M", "A.B", "A_B"} {
		for _, tf := range market.Timeframes() {
			bars := minutes(1, 4)
			bars.Symbol, bars.Timeframe = symbol, tf
			merge(t, s, bars, barstore.Change{Added: 3})
			want = append(want, barstore.Coverage{Symbol: symbol, Timeframe: tf, Bars: 3, First: 60, Last: 180})
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "EMPTY.1h"), 0o755); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	lower := map[string]bool{}
	for _, entry := range entries {
		lower[strings.ToLower(entry.Name())] = true
	}
	if len(lower) != 52 { // the folders, the empty one and the lock
		t.Errorf("%d names that differ in more than case, want 52", len(lower))
	}
	for _, when := range []string{"written", "reopened"} {
		got, err := s.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("List when %s (-want +got):\n%s", when, d)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, dir)
	}
}

func TestCoverage_not_found(t *testing.T) {
	s := open(t, t.TempDir())
	_, err := s.Coverage(t.Context(), "EURUSD", market.Hour1)
	if !errors.Is(err, barstore.ErrNotFound) || !strings.Contains(err.Error(), "EURUSD 1h") {
		t.Errorf("Coverage: %v, want ErrNotFound naming the series", err)
	}
}

// Every file of a folder is damaged in turn; nothing of it may be taken for good.
func TestRead_damaged(t *testing.T) {
	for _, name := range []string{"head", "1.time", "1.open", "1.high", "1.low", "1.close", "1.volume", "1.bid", "1.ask"} {
		for what, damage := range map[string]func(b []byte) []byte{
			"flipped":   func(b []byte) []byte { b[len(b)/2] ^= 4; return b },
			"cut_short": func(b []byte) []byte { return b[:len(b)-1] },
			"longer":    func(b []byte) []byte { return append(b, 0) },
			"emptied":   func([]byte) []byte { return nil },
			"removed":   nil,
		} {
			if what == "longer" && name != "head" { // what a merge began to append
				continue
			}
			t.Run(name+"/"+what, func(t *testing.T) {
				dir := t.TempDir()
				s := open(t, dir)
				merge(t, s, quoted(minutes(0, 1000), 0), barstore.Change{Added: 1000})
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				file := filepath.Join(dir, "EURUSD.1m", name)
				b, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if damage == nil {
					err = os.Remove(file)
				} else {
					err = os.WriteFile(file, damage(b), 0o644)
				}
				if err != nil {
					t.Fatal(err)
				}
				s = open(t, dir)
				if name == "head" && what == "removed" { // as if nothing had ever been committed
					merge(t, s, minutes(0, 3), barstore.Change{Added: 3})
					return
				}
				_, err = s.Read(t.Context(), "EURUSD", market.Minute1, market.Span{})
				if !errors.Is(err, barstore.ErrDamaged) || !strings.Contains(err.Error(), filepath.Join("EURUSD.1m", name)) || !strings.Contains(err.Error(), "import the bars again") {
					t.Errorf("Read: %v, want ErrDamaged naming %s and a remedy", err, name)
				}
				if _, err := s.Merge(t.Context(), minutes(-5, 1000)); !errors.Is(err, barstore.ErrDamaged) {
					t.Errorf("Merge over damage: %v, want ErrDamaged", err)
				}
			})
		}
	}
}

// damage writes a byte into a file that stays open elsewhere.
func damage(t *testing.T, name string, at int64) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte{1}, at); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// A block that was verified is verified again for what is appended to it.
func TestRead_damage_in_appended_bars(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	merge(t, s, minutes(0, 10), barstore.Change{Added: 10})
	read(t, s, market.Span{})
	merge(t, s, minutes(10, 20), barstore.Change{Added: 10})
	damage(t, filepath.Join(dir, "EURUSD.1m", "1.low"), 8*15)
	if _, err := s.Read(t.Context(), "EURUSD", market.Minute1, market.Span{}); !errors.Is(err, barstore.ErrDamaged) {
		t.Errorf("Read: %v, want ErrDamaged", err)
	}
}

func TestList_damaged(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	merge(t, s, minutes(0, 3), barstore.Change{Added: 3})
	if err := os.Mkdir(filepath.Join(dir, "BAD.1h"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "BAD.1h", "head"), []byte("junk"), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := s.List(t.Context())
	if len(got) != 1 || !errors.Is(err, barstore.ErrDamaged) || !strings.Contains(err.Error(), "BAD 1h") {
		t.Errorf("List = %v, %v; want the good series and an error about the other", got, err)
	}
}

// Readers and a writer at once: every series read must be a whole state.
func TestRead_while_merging(t *testing.T) {
	s, err := openHasty(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	merge(t, s, minutes(0, 1), barstore.Change{Added: 1})
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				got, err := s.Read(t.Context(), "EURUSD", market.Minute1, market.Span{})
				if err != nil {
					t.Error(err)
					return
				}
				version := int(got.Open[0]) - 1 // every state has bars of one version
				for i := range got.Len() {
					if want := bar(60*int64(i), version); got.Time[i] != want.Time || got.Close[i] != want.Close {
						t.Errorf("bar %d of %d is of another state", i, got.Len())
						return
					}
				}
			}
		})
	}
	for n := 1; n < 60; n++ {
		_, err := s.Merge(t.Context(), minutes(n, n+1))
		for version := range 2 * ((n + 1) % 2) { // now and then everything, in the other version and back
			all := market.NewSeries("EURUSD", market.Minute1, n+1)
			for i := range n + 1 {
				all.Append(bar(60*int64(i), 1-version))
			}
			_, mergeErr := s.Merge(t.Context(), all)
			err = errors.Join(err, mergeErr)
		}
		if err != nil {
			t.Error(err)
		}
	}
	close(done)
	readers.Wait()
}

func ExampleStore() {
	dir, err := os.MkdirTemp("", "bars")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	s, err := barstore.Open(dir)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()

	ctx := context.Background()
	bars := market.NewSeries("EURUSD", market.Hour1, 2)
	bars.Append(market.Bar{Time: 3600, Open: 1.1, High: 1.2, Low: 1.0, Close: 1.15, Volume: 10})
	bars.Append(market.Bar{Time: 7200, Open: 1.15, High: 1.2, Low: 1.1, Close: 1.12, Volume: 20})
	change, err := s.Merge(ctx, bars)
	fmt.Printf("%+v %v\n", change, err)
	change, err = s.Merge(ctx, bars)
	fmt.Printf("%+v %v\n", change, err)
	got, err := s.Read(ctx, "EURUSD", market.Hour1, market.Span{From: 7200})
	fmt.Println(got.Close, err)
	// Output:
	// {Added:2 Changed:0 Same:0} <nil>
	// {Added:0 Changed:0 Same:2} <nil>
	// [1.12] <nil>
}
