package sample_test

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/data/sample"
)

func writeColumns(w io.Writer, columns ...any) error {
	for _, c := range columns {
		if err := binary.Write(w, binary.LittleEndian, c); err != nil {
			return err
		}
	}
	return nil
}

func sum(t *testing.T, write func(w io.Writer) error) string {
	t.Helper()
	var digest hash.Hash = sha256.New()
	w := bufio.NewWriter(digest)
	if err := write(w); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(digest.Sum(nil))
}

// The sums of the bench series were published with its definition, made by an
// implementation in another language.
func TestBenchSeries_published_sums(t *testing.T) {
	for _, tc := range []struct {
		bars     int
		bin, csv string
	}{
		{2000, "850387c633f638fd4a58f2ff987f8a2e895aa4a812d6137294fbc4ed70eaa69a", "57c25a6c3eec4dc6377d00010e1772f357c7cd48b9c07c1b3dbd21ed3510bd62"},
		{10000, "a981b67543db7ec79aaba41329c14cac6c7ab37e09434646d655fb8a850c5846", "cbb975b579fb5f33f5197e9e45280ffab5b63cf5eaf6a59b4e0c4c0e4b4fc965"},
		{100000, "906350f347bbd78678f3a3e5e941a5ff011f3cb7613644b2815733f8744fea79", "0fa22171fee6254d251a104fbd4bfe4793e5ee294a39946e24c1a2003cd03d70"},
		{1000000, "0d473aeb70bb8932a2d7cf288ff95f31c546a1bd8c33a10fb7dda650c3c3df1e", "99b43ce746ca47d7a9155983f869851b6d0a7788df01decba6a986b0bbe3bbe7"},
	} {
		t.Run(fmt.Sprint(tc.bars), func(t *testing.T) {
			if testing.Short() && tc.bars > 100_000 {
				t.Skip("a million bars take a second")
			}
			s := sample.BenchSeries(tc.bars, 42)
			if err := s.Validate(); err != nil {
				t.Error(err)
			}
			bin := sum(t, func(w io.Writer) error { return writeColumns(w, s.Open, s.High, s.Low, s.Close, s.Volume) })
			if bin != tc.bin {
				t.Errorf("columns have SHA-256 %s, want %s", bin, tc.bin)
			}
			csv := sum(t, func(w io.Writer) error {
				fmt.Fprintln(w, "timestamp,open,high,low,close,volume")
				for i := range s.Len() {
					b := s.Bar(i)
					fmt.Fprintf(w, "%d,%.4f,%.4f,%.4f,%.4f,%.0f\n", b.Time, b.Open, b.High, b.Low, b.Close, b.Volume)
				}
				return nil
			})
			if csv != tc.csv {
				t.Errorf("rows have SHA-256 %s, want %s", csv, tc.csv)
			}
		})
	}
}

// The sums here are our own: they show that the bits change neither with time
// nor with the machine.
func TestGenerate_same_bits(t *testing.T) {
	for _, tc := range []struct {
		tf   market.Timeframe
		want string
	}{
		{market.Minute1, "6b37741a84baa6d8a9930a57ccb0931694ad5904e5e57cc2e227c6003e7c40b6"}, {market.Hour1, "91067d8ee7b249d54411274bd5b9424ed7c95313c64cbe2571271e4e46fc5467"}, {market.Day1, "e582fbe45a5aa1a5249912231d37d274f56d2c96bf882af7178fb9822514c61e"},
	} {
		t.Run(tc.tf.String(), func(t *testing.T) {
			s := sample.Generate(sample.Options{Symbol: "SAMPLE", Timeframe: tc.tf, Seed: 1, Bars: 1000})
			got := sum(t, func(w io.Writer) error {
				return writeColumns(w, s.Time, s.Open, s.High, s.Low, s.Close, s.Volume)
			})
			if got != tc.want {
				t.Errorf("SHA-256 %s, want %s", got, tc.want)
			}
		})
	}
}

func TestGenerate_valid_bars(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := sample.Options{
			Symbol:    market.Symbol(rapid.SampledFrom([]string{"A", "EURUSD"}).Draw(t, "symbol")),
			Timeframe: rapid.SampledFrom(market.Timeframes()).Draw(t, "timeframe"),
			Seed:      rapid.Uint64().Draw(t, "seed"),
			Start:     rapid.Int64Range(-1e9, 2e9).Draw(t, "start"),
		}
		o.Bars = rapid.IntRange(0, int(max(2, 200*3600/o.Timeframe.Seconds()))).Draw(t, "bars")
		s := sample.Generate(o)
		if err := s.Validate(); err != nil {
			t.Fatal(err)
		}
		if s.Len() != o.Bars {
			t.Fatalf("%d bars, want %d", s.Len(), o.Bars)
		}
		for i, open := range s.Time {
			if open < o.Start {
				t.Fatalf("bar %d opens at %s, before the start %s", i, market.Stamp(open), market.Stamp(o.Start))
			}
			day := time.Unix(open, 0).UTC().Weekday()
			if o.Timeframe <= market.Day1 && (day == time.Saturday || day == time.Sunday) {
				t.Fatalf("bar %d opens on a %s", i, day)
			}
			if ticks := s.Close[i] * 1e5; math.Abs(ticks-math.Round(ticks)) > 1e-6 {
				t.Fatalf("close %v is not on a tick", s.Close[i])
			}
		}
		if again := sample.Generate(o); !equal(s, again) {
			t.Fatal("two runs differ")
		}
	})
}

func equal(a, b market.Series) bool {
	if a.Len() != b.Len() {
		return false
	}
	for i := range a.Len() {
		if a.Bar(i) != b.Bar(i) {
			return false
		}
	}
	return true
}

// A coarser bar is what the finer bars in it say, whatever day the market starts.
func TestGenerate_timeframes_agree(t *testing.T) {
	start := int64(1420416000 + 3*86400 + 7*3600)
	fine := sample.Generate(sample.Options{Symbol: "X", Timeframe: market.Minute5, Seed: 7, Start: start, Bars: 5000})
	for _, tf := range []market.Timeframe{market.Hour1, market.Hour4, market.Day1, market.Week1} {
		coarse := sample.Generate(sample.Options{Symbol: "X", Timeframe: tf, Seed: 7, Start: start, Bars: 1})
		in := fine.Within(market.Span{From: coarse.Time[0], To: coarse.Available(0)})
		want := in.Bar(0)
		want.Close = in.Close[in.Len()-1]
		for i := range in.Len() {
			want.High, want.Low = max(want.High, in.High[i]), min(want.Low, in.Low[i])
			if i > 0 {
				want.Volume += in.Volume[i]
			}
		}
		if coarse.Bar(0) != want {
			t.Errorf("%s: %+v, its 5m bars say %+v", tf, coarse.Bar(0), want)
		}
	}
}

// A bar has the quote of the last minute in it, and the prices that it has without.
func TestGenerate_quotes(t *testing.T) {
	o := sample.Options{Symbol: "EURUSD", Timeframe: market.Minute1, Seed: 3, Bars: 3 * 7 * 24 * 60, Quotes: true}
	minutes := sample.Generate(o)
	o.Timeframe, o.Bars = market.Hour1, minutes.Len()/60-1
	hours := sample.Generate(o)
	o.Quotes = false
	plain := sample.Generate(o)
	if err := hours.Validate(); err != nil || plain.HasQuotes() {
		t.Fatalf("%v; without being asked for there are quotes: %t", err, plain.HasQuotes())
	}
	var widths [24]float64
	for i := range hours.Len() {
		last := minutes.Search(hours.Available(i)) - 1
		if q := hours.Quote(i); q != minutes.Quote(last) || minutes.Time[last] != hours.Time[i]+59*60 || hours.Bar(i) != plain.Bar(i) {
			t.Fatalf("hour %d has %v of %+v, its last minute %v", i, q, hours.Bar(i), minutes.Quote(last))
		}
		q := hours.Quote(i)
		widths[hours.Time[i]/3600%24] += q.Spread()
		if mid := (q.Bid + q.Ask) / 2; !(q.Spread() > 0) || q.Spread() > 0.001 || math.Abs(mid-hours.Close[i]) > 1e-5 {
			t.Fatalf("hour %d ends at %v with %v", i, hours.Close[i], q)
		}
	}
	const bits = "46933a3a1ce42aaeaa1aa1c812d0948c655454f10a94a8780c3fe1607243b9dd"
	if got := sum(t, func(w io.Writer) error { return writeColumns(w, hours.Bid, hours.Ask) }); got != bits {
		t.Errorf("SHA-256 of the quotes %s, want %s", got, bits)
	}
	if widths[22] < 1.5*widths[14] {
		t.Errorf("at 22:00 spreads sum to %v, at 14:00 to %v: want the night wider", widths[22], widths[14])
	}
}

func TestGenerate_seeds_and_symbols_differ(t *testing.T) {
	o := sample.Options{Symbol: "A", Timeframe: market.Hour1, Seed: 1, Bars: 100}
	other, seed := o, o
	other.Symbol, seed.Seed = "B", 2
	if equal(sample.Generate(o), sample.Generate(other)) || equal(sample.Generate(o), sample.Generate(seed)) {
		t.Error("another symbol or seed gives the same market")
	}
}

// Following the move of the last day must earn more than it costs on every seed,
// and must lose the costs where the same hours come in another order.
func TestGenerate_edge(t *testing.T) {
	for seed := range uint64(8) {
		s := sample.Generate(sample.Options{Symbol: "SAMPLE", Timeframe: market.Hour1, Seed: seed, Bars: 20_000})
		shuffled := shuffle(s.Close, seed)
		got, control := followTrend(s.Close), followTrend(shuffled)
		t.Logf("seed %d: earned %.2f, %.2f in another order", seed, got, control)
		if got < 0.5 || control > got/2 {
			t.Errorf("seed %d: following the trend earned %.2f, want more than 0.5, and %.2f in another order", seed, got, control)
		}
	}
}

// followTrend is long or short after a large move over a day, acts one bar
// later, and pays 0.1 % for each round trip.
func followTrend(price []float64) (net float64) {
	const backBars, costFraction = 24, 0.001
	position := 0.0
	for i := backBars; i+2 < len(price); i++ {
		if move := price[i]/price[i-backBars] - 1; math.Abs(move) > 0.004 {
			want := math.Copysign(1, move)
			net -= math.Abs(want-position) * costFraction / 2
			position = want
		}
		net += position * (price[i+2]/price[i+1] - 1)
	}
	return net
}

func shuffle(price []float64, seed uint64) []float64 {
	moves := make([]float64, len(price)-1)
	for i := range moves {
		moves[i] = price[i+1] / price[i]
	}
	rand.New(rand.NewPCG(seed, 0)).Shuffle(len(moves), func(i, j int) { moves[i], moves[j] = moves[j], moves[i] })
	shuffled := []float64{price[0]}
	for i, m := range moves {
		shuffled = append(shuffled, shuffled[i]*m)
	}
	return shuffled
}

func ExampleGenerate() {
	s := sample.Generate(sample.Options{Symbol: "SAMPLE", Timeframe: market.Hour4, Seed: 1, Bars: 3})
	for i := range s.Len() {
		fmt.Println(market.Stamp(s.Time[i]), s.Open[i], s.High[i], s.Low[i], s.Close[i], s.Volume[i])
	}
	// Output:
	// 2015-01-05T00:00:00Z 1.1 1.10147 1.09935 1.10055 5042
	// 2015-01-05T04:00:00Z 1.10055 1.10058 1.09846 1.0993 6447
	// 2015-01-05T08:00:00Z 1.0993 1.10028 1.09648 1.09664 8721
}

// A regression would show as a slower start of the demonstration.
func BenchmarkGenerate(b *testing.B) {
	for _, tf := range []market.Timeframe{market.Minute1, market.Hour1} {
		const bars = 10_000
		b.Run("timeframe="+tf.String(), func(b *testing.B) {
			b.ReportAllocs()
			var s market.Series
			for b.Loop() {
				s = sample.Generate(sample.Options{Symbol: "SAMPLE", Timeframe: tf, Seed: 1, Bars: bars})
			}
			if err := s.Validate(); err != nil || s.Len() != bars {
				b.Fatalf("%d bars, %v", s.Len(), err)
			}
			b.ReportMetric(float64(bars)*float64(b.N)/b.Elapsed().Seconds(), "bars/s")
		})
	}
}
