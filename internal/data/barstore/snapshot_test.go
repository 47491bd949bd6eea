package barstore_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/data/barstore"
)

func decode(t testing.TB, b []byte) market.Series {
	t.Helper()
	s, err := barstore.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestDecode_round_trip(t *testing.T) {
	for _, bars := range []int{0, 1, 2, 1000, 65535, 65536, 65537, 140_000} {
		want := minutes(-3, bars-3)
		b := barstore.Encode([]byte("8 before"), want)[8:]
		if d := diff(decode(t, b), want); d != "" {
			t.Errorf("%d bars (-want +got):\n%.500s", bars, d)
		}
		unaligned := append(make([]byte, 0, len(b)+3), "123"...)
		unaligned = append(unaligned, b...)[3:]
		if d := diff(decode(t, unaligned), want); d != "" {
			t.Errorf("%d unaligned bars (-want +got):\n%.500s", bars, d)
		}
		if blocks := (bars + 65535) / 65536; len(b) != 96+32*blocks+48*bars {
			t.Errorf("%d bars take %d bytes", bars, len(b))
		}
	}
}

func TestDecode_shares_memory(t *testing.T) {
	b := barstore.Encode(nil, minutes(0, 100))
	s := decode(t, b)
	at := uintptr(unsafe.Pointer(&s.Close[0])) - uintptr(unsafe.Pointer(&b[0]))
	if want := uintptr(96 + 32 + 4*800); at != want {
		t.Errorf("the closes stand %d bytes into the snapshot, want %d", at, want)
	}
}

// The format must not change by accident: this sum is our own.
func TestEncode_golden(t *testing.T) {
	sum := sha256.Sum256(barstore.Encode(nil, minutes(0, 70_000)))
	if got, want := hex.EncodeToString(sum[:]), "cc3288ef738f960072b3b2ea4f86636fcc711a843549c16ee699a99372e1bfdd"; got != want {
		t.Errorf("SHA-256 %s, want %s", got, want)
	}
}

func TestEncode_same_bars_same_bytes(t *testing.T) {
	a, b := seriesOf(bar(5, 1), bar(7, 1)), seriesOf(bar(5, 1), bar(7, 1))
	a.Volume[0], b.Volume[0] = math.NaN(), math.Float64frombits(0xfff8000000000001)
	a.Volume[1], b.Volume[1] = 0, math.Copysign(0, -1)
	if !bytes.Equal(barstore.Encode(nil, a), barstore.Encode(nil, b)) {
		t.Error("equal bars have different snapshots")
	}
	if math.Signbit(b.Volume[1]) != true {
		t.Error("Encode changed what it was given")
	}
	if a.Volume[0], b.Volume[0] = 7, 7; !bytes.Equal(barstore.Encode(nil, a), barstore.Encode(nil, b)) {
		t.Error("bars that differ by the sign of a volume of 0 have different snapshots")
	}
	other := clone(a)
	other.Symbol = "GBPUSD"
	if bytes.Equal(barstore.Encode(nil, a), barstore.Encode(nil, other)) {
		t.Error("different symbols have equal snapshots")
	}
}

func TestEncode_panics(t *testing.T) {
	uneven := minutes(0, 3)
	uneven.Low = uneven.Low[:2]
	oneSided := minutes(0, 3)
	oneSided.Bid = oneSided.Close
	for name, s := range map[string]market.Series{"uneven": uneven, "unnamed": {}, "one_sided": oneSided} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if r := recover(); r == nil || !strings.HasPrefix(fmt.Sprint(r), "barstore: ") {
					t.Errorf("Encode panicked with %v", r)
				}
			}()
			barstore.Encode(nil, s)
		})
	}
}

// No change of any bit and no cut may go unseen.
func TestDecode_damaged(t *testing.T) {
	for _, good := range [][]byte{barstore.Encode(nil, minutes(0, 50)), barstore.Encode(nil, quoted(minutes(0, 20), 10))} {
		testDamaged(t, good)
	}
}

func testDamaged(t *testing.T, good []byte) {
	for i := range 8 * len(good) {
		bad := bytes.Clone(good)
		bad[i/8] ^= 1 << (i % 8)
		if _, err := barstore.Decode(bad); err == nil {
			t.Fatalf("a flip of bit %d of byte %d went unseen", i%8, i/8)
		}
	}
	for n := range len(good) {
		if _, err := barstore.Decode(good[:n]); !errors.Is(err, barstore.ErrDamaged) {
			t.Fatalf("the first %d of %d bytes: %v, want ErrDamaged", n, len(good), err)
		}
	}
	if _, err := barstore.Decode(append(good, 0)); !errors.Is(err, barstore.ErrDamaged) {
		t.Errorf("one byte more: %v", err)
	}
	newer := bytes.Clone(good)
	newer[8] = 7
	if _, err := barstore.Decode(newer); err == nil || !strings.Contains(err.Error(), "version 7") {
		t.Errorf("another version: %v", err)
	}
}

// A head whose checksum is right is refused where it contradicts itself or the columns: each
// byte of it from the number of bars on is what Encode would have written.
func TestDecode_sealed_heads(t *testing.T) {
	for _, good := range [][]byte{barstore.Encode(nil, minutes(1, 50)), barstore.Encode(nil, quoted(minutes(1, 70_000), 10))} {
		bytesOfHead := 96 + (8+4*6)*1
		if good[8] == 2 {
			bytesOfHead = 96 + (8+4*8)*2
		}
		for i := 44; i < bytesOfHead; i++ {
			bad := bytes.Clone(good)
			bad[i] ^= 2
			seal(bad[:bytesOfHead])
			if _, err := barstore.Decode(bad); !errors.Is(err, barstore.ErrDamaged) {
				t.Errorf("byte %d of the head: %v, want ErrDamaged", i, err)
			}
		}
	}
}

// Values that are never written are refused, in every column that may have them, although
// their checksums are right.
func TestDecode_values_never_written(t *testing.T) {
	const bars, head = 20, 96 + 8 + 4*8
	good := barstore.Encode(nil, quoted(minutes(1, 1+bars), 10))
	for c, name := range columns[:8] {
		if c < 5 { // prices are above 0
			continue
		}
		for _, bits := range []uint64{1 << 63, 0xfff8000000000001} {
			bad := bytes.Clone(good)
			column := bad[head+8*bars*c:][:8*bars]
			binary.LittleEndian.PutUint64(column[8*3:], bits)
			binary.LittleEndian.PutUint32(bad[96+8+4*c:], crc32.Checksum(column, crc32.MakeTable(crc32.Castagnoli)))
			seal(bad[:head])
			if _, err := barstore.Decode(bad); !errors.Is(err, barstore.ErrDamaged) {
				t.Errorf("%s of bits %x: %v, want ErrDamaged", name, bits, err)
			}
		}
	}
}

// The head of a folder is not that of a snapshot, although both can be read: equal
// bars have one snapshot.
func TestDecode_of_a_folder(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	merge(t, s, minutes(0, 100), barstore.Change{Added: 100})
	b := readFile(t, filepath.Join(dir, "EURUSD.1m", "head"))
	b[48] = 0 // the generation
	seal(b)
	for _, name := range []string{"time", "open", "high", "low", "close", "volume"} {
		b = append(b, readFile(t, filepath.Join(dir, "EURUSD.1m", "1."+name))...)
	}
	if _, err := barstore.Decode(b); !errors.Is(err, barstore.ErrDamaged) || !strings.Contains(err.Error(), "head of a folder") {
		t.Errorf("Decode: %v", err)
	}
}

// Bars that a store would refuse are refused in a snapshot too, although its
// checksums are right.
func TestDecode_invalid_bars(t *testing.T) {
	s := minutes(0, 3)
	s.High[1] = 0.25
	if _, err := barstore.Decode(barstore.Encode(nil, s)); !errors.Is(err, barstore.ErrDamaged) || !strings.Contains(err.Error(), "high") {
		t.Errorf("Decode: %v", err)
	}
}

func TestDecode_of_any_bars(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := market.NewSeries("X", rapid.SampledFrom(market.Timeframes()).Draw(t, "timeframe"), 0)
		at := rapid.Int64Range(-1e10, 1e10).Draw(t, "first")
		for range rapid.IntRange(0, 20).Draw(t, "bars") {
			price := rapid.Float64Range(1e-9, 1e9)
			low, open := price.Draw(t, "low"), price.Draw(t, "open")
			low, open = min(low, open), max(low, open)
			s.AppendQuoted(market.Bar{Time: at, Open: open, High: open, Low: low, Close: low,
				Volume: rapid.SampledFrom([]float64{0, 1, math.NaN(), 1e300}).Draw(t, "volume")},
				rapid.SampledFrom([]market.Quote{market.NoQuote(), market.NoQuote(), {Bid: low, Ask: open}}).Draw(t, "quote"))
			at += rapid.Int64Range(1, 1e9).Draw(t, "step")
		}
		b := barstore.Encode(nil, s)
		got, err := barstore.Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		if d := diff(got, s); d != "" {
			t.Fatal(d)
		}
		if !bytes.Equal(barstore.Encode(nil, got), b) {
			t.Fatal("encoding again gives other bytes")
		}
	})
}

// What Decode accepts is valid and is exactly what Encode writes.
func FuzzDecode(f *testing.F) {
	for _, bars := range []int{0, 1, 5} {
		f.Add(barstore.Encode(nil, minutes(0, bars)))
		f.Add(barstore.Encode(nil, quoted(minutes(0, bars), bars/2)))
	}
	f.Add([]byte("KTRDBARS"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := barstore.Decode(b)
		if err != nil {
			return
		}
		if err := s.Validate(); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(barstore.Encode(nil, s), b) {
			t.Fatal("encoding again gives other bytes")
		}
	})
}

// Quotes travel with their bars, in the version of the format that has them;
// where there are none, the bytes are those of the version without.
func TestEncode_quotes(t *testing.T) {
	for _, bars := range []int{1, 1000, 65537} {
		want := quoted(minutes(0, bars), bars/2)
		b := barstore.Encode(nil, want)
		got := decode(t, b)
		if d := diff(got, want); d != "" || b[8] != 2 || len(b) != 96+40*((bars+65535)/65536)+64*bars {
			t.Errorf("%d bars, version %d, %d bytes (-want +got):\n%.500s", bars, b[8], len(b), d)
		}
		for i := range bars {
			if q, w := got.Quote(i), want.Quote(i); q != w && (q.IsKnown() || w.IsKnown()) {
				t.Fatalf("quote %d of %d is %v, want %v", i, bars, q, w)
			}
		}
		if part := want.Slice(0, bars/2); !bytes.Equal(barstore.Encode(nil, part), barstore.Encode(nil, minutes(0, bars/2))) {
			t.Errorf("%d bars without a quote have other bytes than bars that never had one", bars/2)
		}
		bare := want
		bare.Bid, bare.Ask = nil, nil
		if bytes.Equal(barstore.Encode(nil, bare), b) {
			t.Error("bars have the same bytes with and without quotes")
		}
	}
	crossed := quoted(minutes(0, 3), 0)
	crossed.Ask[1] = crossed.Bid[1] / 2
	if _, err := barstore.Decode(barstore.Encode(nil, crossed)); !errors.Is(err, barstore.ErrDamaged) || !strings.Contains(err.Error(), "crossed") {
		t.Errorf("crossed quotes: %v", err)
	}
}

// A folder of version 3 takes quotes, and with them version 4.
func TestMerge_quotes(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	const bars = 70_000
	plain := minutes(0, bars)
	version := func() byte {
		b, err := os.ReadFile(filepath.Join(dir, "EURUSD.1m", "head"))
		if err != nil {
			t.Fatal(err)
		}
		return b[8]
	}
	check := func(want market.Series, ofVersion byte) {
		t.Helper()
		if d := diff(read(t, s, market.Span{}), want); d != "" || version() != ofVersion {
			t.Fatalf("version %d (-want +got):\n%.500s", version(), d)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, dir)
		if d := diff(read(t, s, market.Span{}), want); d != "" {
			t.Fatalf("opened again (-want +got):\n%.500s", d)
		}
	}
	merge(t, s, plain.Slice(0, bars-20), barstore.Change{Added: bars - 20})
	check(plain.Slice(0, bars-20), 3)
	// Later bars bring the first quotes: all before them have none.
	late := quoted(plain, bars-20)
	merge(t, s, late.Slice(bars-20, bars-10), barstore.Change{Added: 10})
	check(late.Slice(0, bars-10), 4)
	// Later bars without.
	merge(t, s, plain.Slice(bars-10, bars), barstore.Change{Added: 10})
	want := market.NewSeries("EURUSD", market.Minute1, bars)
	for i := range bars {
		q := market.NoQuote()
		if bars-20 <= i && i < bars-10 {
			q = late.Quote(i)
		}
		want.AppendQuoted(plain.Bar(i), q)
	}
	check(want, 4)
	// Bars that say nothing about quotes change none.
	before := fileTimes(t, dir)
	merge(t, s, plain, barstore.Change{Same: bars})
	if d := cmp.Diff(before, fileTimes(t, dir)); d != "" {
		t.Errorf("merging what is held changed files (-before +after):\n%s", d)
	}
	// The same bars with quotes add them.
	all := quoted(plain, 0)
	merge(t, s, all, barstore.Change{Changed: bars - 10, Same: 10})
	check(all, 4)
	merge(t, s, seriesOf(bar(60, 1)), barstore.Change{Changed: 1})
	if q := read(t, s, market.Span{}).Quote(1); q.IsKnown() {
		t.Errorf("a bar with other prices keeps the quote %v of the one before", q)
	}
	crossed := quoted(minutes(0, 1), 0)
	crossed.Ask[0] = 0.5
	if _, err := s.Merge(t.Context(), crossed); err == nil || !strings.Contains(err.Error(), "the quotes are crossed") {
		t.Errorf("crossed quotes: %v", err)
	}
}

func ExampleDecode() {
	bars := market.NewSeries("EURUSD", market.Hour1, 1)
	bars.Append(market.Bar{Time: 3600, Open: 1.1, High: 1.2, Low: 1.0, Close: 1.15, Volume: 10})
	snapshot := barstore.Encode(nil, bars)
	got, err := barstore.Decode(snapshot)
	fmt.Println(len(snapshot), got.Symbol, got.Timeframe, got.Close, err)
	snapshot[150] ^= 1
	_, err = barstore.Decode(snapshot)
	fmt.Println(err)
	// Output:
	// 176 EURUSD 1h [1.15] <nil>
	// snapshot of bars: damaged: column high, block 0 fails its checksum: fetch it again
}
