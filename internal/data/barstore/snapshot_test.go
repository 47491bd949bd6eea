package barstore_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"unsafe"

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
	other := clone(a)
	other.Symbol = "GBPUSD"
	if bytes.Equal(barstore.Encode(nil, a), barstore.Encode(nil, other)) {
		t.Error("different symbols have equal snapshots")
	}
}

func TestEncode_panics(t *testing.T) {
	uneven := minutes(0, 3)
	uneven.Low = uneven.Low[:2]
	for name, s := range map[string]market.Series{"uneven": uneven, "unnamed": {}} {
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
	good := barstore.Encode(nil, minutes(0, 50))
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
	newer[8] = 2
	if _, err := barstore.Decode(newer); err == nil || !strings.Contains(err.Error(), "version 2") {
		t.Errorf("another version: %v", err)
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
			s.Append(market.Bar{Time: at, Open: open, High: open, Low: low, Close: low,
				Volume: rapid.SampledFrom([]float64{0, 1, math.NaN(), 1e300}).Draw(t, "volume")})
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
