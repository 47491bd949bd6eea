package barstore_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/data/barstore"
)

var columns = []string{"time", "open", "high", "low", "close", "volume", "bid", "ask"}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// seal gives a head that was changed the checksum that belongs to it.
func seal(head []byte) {
	clear(head[12:16])
	binary.LittleEndian.PutUint32(head[12:], crc32.Checksum(head, crc32.MakeTable(crc32.Castagnoli)))
}

// holdAsToday writes a folder as Merge does.
func holdAsToday(t testing.TB, dir string, s market.Series) {
	t.Helper()
	held, err := openHasty(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := held.Merge(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
}

// holdAsEarlier writes a folder of version 1 or 2, as releases did before there was
// a version 3: a snapshot cut into files.
func holdAsEarlier(t testing.TB, dir string, s market.Series) {
	t.Helper()
	b := barstore.Encode(nil, s)
	width, folder := 6, filepath.Join(dir, "EURUSD.1m")
	if b[8] == 2 {
		width = 8
	}
	size := 96 + (8+4*width)*((s.Len()+65535)/65536)
	head, body := b[:size], b[size:]
	head[48] = 1 // the generation
	seal(head)
	files := map[string][]byte{"head": head}
	for c := range width {
		files["1."+columns[c]] = body[8*s.Len()*c : 8*s.Len()*(c+1)]
	}
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// holdTailed writes a folder whose last bars stand in files of their own: bars of
// version 0 first, and then those of s that differ.
func holdTailed(t testing.TB, dir string, s market.Series) {
	t.Helper()
	holdAsToday(t, dir, minutes(int(s.Time[0]/60), int(s.Time[0]/60)+s.Len()))
	holdAsToday(t, dir, s)
	if version := readFile(t, filepath.Join(dir, "EURUSD.1m", "head"))[8]; version != 5 {
		t.Fatalf("the folder has version %d", version)
	}
}

// A folder of an earlier version is read, takes bars at its end in that version, and
// gets today's when it is written anew.
func TestStore_of_earlier_versions(t *testing.T) {
	const bars = 140_000
	for _, tc := range []struct {
		name           string
		all            market.Series
		version, after byte
	}{{"plain", minutes(0, bars), 1, 3}, {"quoted", quoted(minutes(0, bars), bars/2), 2, 4}} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			holdAsEarlier(t, dir, tc.all.Slice(1, bars-10))
			check := func(from, to int, version byte) {
				t.Helper()
				s := open(t, dir)
				month := market.Span{From: tc.all.Time[60_000], To: tc.all.Time[103_200]}
				if d := diff(read(t, s, month), tc.all.Slice(60_000, 103_200)); d != "" {
					t.Fatalf("a month (-want +got):\n%.500s", d)
				}
				if d := diff(read(t, s, market.Span{}), tc.all.Slice(from, to)); d != "" {
					t.Fatalf("(-want +got):\n%.500s", d)
				}
				if got := readFile(t, filepath.Join(dir, "EURUSD.1m", "head"))[8]; got != version {
					t.Fatalf("version %d, want %d", got, version)
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
			}
			check(1, bars-10, tc.version)
			s := open(t, dir)
			merge(t, s, tc.all.Slice(bars-10, bars), barstore.Change{Added: 10})
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			check(1, bars, tc.version)
			s = open(t, dir)
			merge(t, s, tc.all.Slice(0, 5), barstore.Change{Added: 1, Same: 4})
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			check(0, bars, tc.after)
		})
	}
}

// What Merge writes must not change by accident: these sums are our own.
func TestMerge_golden(t *testing.T) {
	for want, s := range map[string]market.Series{
		"c0a191ace42d59fc738750cbed389654691f2a7d2fd70c68e5f2f9516d9627ef": minutes(0, 70_000),
		"cbd6ae7d6a9d8b6746fbbccd683a75c699f9f4cda1853a5139680e7ec0280f1b": quoted(minutes(0, 70_000), 7),
	} {
		dir := t.TempDir()
		holdAsToday(t, dir, s)
		sum := sha256.Sum256(readFile(t, filepath.Join(dir, "EURUSD.1m", "head")))
		if got := hex.EncodeToString(sum[:]); got != want {
			t.Errorf("SHA-256 of the head %s, want %s", got, want)
		}
	}
}

// Whatever value is damaged, a read that would give it out fails and says where it
// is, one that needs nothing near it succeeds, and none gives anything wrong. A
// merge that would copy it fails: it would give the damage a right checksum.
func TestRead_verifies_what_it_needs(t *testing.T) {
	for _, tc := range []struct {
		name      string
		hold      func(testing.TB, string, market.Series)
		all       market.Series
		blockBars int
		tail      int
	}{
		{"today", holdAsToday, quoted(minutes(0, 200_000), 0), 8192, 200_000},
		{"earlier", holdAsEarlier, quoted(minutes(0, 200_000), 0), 65536, 200_000},
		{"tailed", holdTailed, revised(0, 200_000, 150_000), 8192, 147_456},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			tc.hold(t, dir, tc.all)
			rapid.Check(t, func(t *rapid.T) { testDamagedValue(t, dir, tc.all, tc.blockBars, tc.tail) })
		})
	}
}

func testDamagedValue(t *rapid.T, dir string, all market.Series, blockBars, tail int) {
	near := rapid.Custom(func(t *rapid.T) int { // often at the borders of blocks
		border := 8192 * rapid.IntRange(0, all.Len()/8192).Draw(t, "block")
		return min(max(border+rapid.SampledFrom([]int{-1, 0, 1, rapid.IntRange(-9000, 9000).Draw(t, "beside")}).Draw(t, "at"), 0), all.Len()-1)
	})
	i, j, bad := near.Draw(t, "from"), near.Draw(t, "to"), near.Draw(t, "damaged")
	i, j = min(i, j), max(i, j)
	width := 6
	if all.Bid != nil {
		width = 8
	}
	generation, at := "1.", bad
	if bad >= tail {
		generation, at = "2.", bad-tail
	}
	name := filepath.Join("EURUSD.1m", generation+rapid.SampledFrom(columns[:width]).Draw(t, "column"))
	flip(t, filepath.Join(dir, name), 8*at)
	defer flip(t, filepath.Join(dir, name), 8*at)
	s, err := openHasty(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	span := market.Span{From: all.Time[i] - rapid.Int64Range(0, 59).Draw(t, "before"), To: all.Time[j] + 60}
	got, err := s.Read(t.Context(), "EURUSD", market.Minute1, span)
	block := bad / blockBars
	switch where := fmt.Sprintf("bars %d to %d of %s", block*blockBars, min((block+1)*blockBars, all.Len())-1, name); {
	case err == nil && !equal(got, all.Within(span)):
		t.Fatalf("Read(%d to %d) gives other bars", i, j)
	case err != nil && (!errors.Is(err, barstore.ErrDamaged) || !strings.Contains(err.Error(), where)):
		t.Fatalf("Read: %v, want ErrDamaged with %q", err, where)
	case err == nil && i <= bad && bad <= j:
		t.Fatal("damaged bars were given out")
	case err != nil && (block < (i-1)/blockBars || block > (j+1)/blockBars):
		t.Fatalf("bars %d to %d are refused for bar %d", i, j, bad)
	}
	if _, err := s.Merge(t.Context(), minutes(-1, 0)); !errors.Is(err, barstore.ErrDamaged) {
		t.Fatalf("Merge that would copy the damage: %v", err)
	}
}

// flip damages the byte of a file, or mends it.
func flip(t *rapid.T, name string, at int) {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	var b [1]byte
	_, readErr := f.ReadAt(b[:], int64(at))
	b[0] ^= 4
	_, writeErr := f.WriteAt(b[:], int64(at))
	if err := errors.Join(readErr, writeErr, f.Close()); err != nil {
		t.Fatal(err)
	}
}
