package tabular_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/data/tabular"
)

func parquetOptions(tf market.Timeframe) tabular.ParquetOptions {
	return tabular.ParquetOptions{Options: tabular.Options{Symbol: "EURUSD", Timeframe: tf}}
}

func readParquet(b []byte, o tabular.ParquetOptions) (market.Series, tabular.Report, error) {
	return tabular.ReadParquet(bytes.NewReader(b), int64(len(b)), "bars.parquet", o)
}

func file[T any](t *testing.T, rows ...T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := parquet.Write(&b, rows); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWriteParquet_round_trip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anySeries(t)
		var b bytes.Buffer
		if err := tabular.WriteParquet(&b, want); err != nil {
			t.Fatal(err)
		}
		got, report, err := readParquet(b.Bytes(), parquetOptions(market.Minute1))
		if err != nil {
			t.Fatal(err)
		}
		if d := diff(want, got); d != "" || report.Rows != want.Len() {
			t.Fatalf("report %+v (-want +got):\n%s", report, d)
		}
	})
}

func TestWriteParquet_many_rows(t *testing.T) {
	want := market.NewSeries("EURUSD", market.Minute1, 0)
	for i := range int64(100_001) {
		price := 1 + float64(i)/7
		want.Append(market.Bar{Time: 60 * i, Open: price, High: price, Low: price, Close: price, Volume: math.NaN()})
	}
	var b bytes.Buffer
	if err := tabular.WriteParquet(&b, want); err != nil {
		t.Fatal(err)
	}
	got, _, err := readParquet(b.Bytes(), parquetOptions(market.Minute1))
	if err != nil || got.Len() != want.Len() || got.Bar(100_000).Open != want.Bar(100_000).Open {
		t.Fatalf("%d bars, %v", got.Len(), err)
	}
	o := parquetOptions(market.Minute1)
	o.MaxRows = 100_000
	if _, _, err := readParquet(b.Bytes(), o); err == nil || !strings.Contains(err.Error(), "more than 100000") {
		t.Errorf("a file beyond the limit: %v", err)
	}
}

// The same bar in the types that other tools write.
func TestReadParquet_types(t *testing.T) {
	const open = 1353042000
	bar := market.Bar{Time: open, Open: 1.5, High: 1.75, Low: 1.25, Close: 1.625, Volume: 10}
	noVolume := bar
	noVolume.Volume = math.NaN()
	type micros struct {
		Time   int64   `parquet:"Date,timestamp(microsecond)"`
		Volume int64   `parquet:"Volume"`
		Open   float64 `parquet:"Open"`
		High   float64 `parquet:"High"`
		Low    float64 `parquet:"Low"`
		Close  float64 `parquet:"Close"`
		Adj    float64 `parquet:"Adj Close"`
	}
	type nanos struct {
		Open   *float64 `parquet:"open,optional"`
		High   *float64 `parquet:"high,optional"`
		Low    *float64 `parquet:"low,optional"`
		Close  *float64 `parquet:"close,optional"`
		Volume *float64 `parquet:"volume,optional"`
		Time   *int64   `parquet:"__index_level_0__,optional,timestamp(nanosecond)"`
	}
	type seconds struct {
		Time  int64   `parquet:"timestamp"`
		Open  float32 `parquet:"o"`
		High  float32 `parquet:"h"`
		Low   float32 `parquet:"l"`
		Close float32 `parquet:"c"`
	}
	at, o, h, l, c := int64(open*1e9), 1.5, 1.75, 1.25, 1.625
	for _, tc := range []struct {
		name string
		b    []byte
		want market.Bar
	}{
		{"microseconds", file(t, micros{open * 1e6, 10, 1.5, 1.75, 1.25, 1.625, 1.4}), bar},
		{"nanoseconds_null_volume", file(t, nanos{&o, &h, &l, &c, nil, &at}), noVolume},
		{"seconds_float_no_volume", file(t, seconds{open, 1.5, 1.75, 1.25, 1.625}), noVolume},
		{"milliseconds", file(t, seconds{open * 1000, 1.5, 1.75, 1.25, 1.625}), noVolume},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, _, err := readParquet(tc.b, parquetOptions(market.Hour1))
			if d := diff(series(market.Hour1, tc.want), got); err != nil || d != "" {
				t.Errorf("%v (-want +got):\n%s", err, d)
			}
		})
	}
}

func TestReadParquet_local_times(t *testing.T) {
	type local struct {
		Time  int64   `parquet:"timestamp,timestamp(millisecond:local)"`
		Open  float64 `parquet:"open"`
		High  float64 `parquet:"high"`
		Low   float64 `parquet:"low"`
		Close float64 `parquet:"close"`
	}
	type days struct {
		Time  int32   `parquet:"date,date"`
		Open  float64 `parquet:"open"`
		High  float64 `parquet:"high"`
		Low   float64 `parquet:"low"`
		Close float64 `parquet:"close"`
	}
	o := parquetOptions(market.Day1)
	var err error
	if o.Location, err = tabular.ParseZone("America/New_York"); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		b    []byte
		want string
	}{
		"local": {file(t, local{at(t, "2020-01-06T09:30:00Z") * 1000, 1, 1, 1, 1}), "2020-01-06T14:30:00Z"},
		"date":  {file(t, days{18267, 1, 1, 1, 1}), "2020-01-06T05:00:00Z"},
	} {
		got, _, err := readParquet(tc.b, o)
		if err != nil || market.Stamp(got.Time[0]) != tc.want {
			t.Errorf("%s: %v, %v; want %s", name, got.Time, err, tc.want)
		}
	}
}

func TestReadParquet_bad_rows(t *testing.T) {
	type row struct {
		Time  *int64   `parquet:"timestamp,optional,timestamp(millisecond)"`
		Open  float64  `parquet:"open"`
		High  float64  `parquet:"high"`
		Low   float64  `parquet:"low"`
		Close *float64 `parquet:"close,optional"`
	}
	one, at0, half, at2 := 1.0, int64(0), int64(1500), int64(7200_000)
	b := file(t, row{&at0, 1, 1, 1, &one}, row{nil, 1, 1, 1, &one}, row{&half, 1, 1, 1, &one}, row{&at2, 1, 1, 1, nil}, row{&at2, 1, math.NaN(), 1, &one})
	_, _, err := readParquet(b, parquetOptions(market.Hour1))
	bad, ok := errors.AsType[*tabular.BadRows](err)
	if !ok {
		t.Fatalf("ReadParquet: %v, want bad rows", err)
	}
	want := []tabular.BadRow{
		{Line: 2, Column: "timestamp", Problem: "null is not a time"},
		{Line: 3, Column: "timestamp", Problem: "1500/1000 is not at a whole second"},
		{Line: 4, Column: "close", Problem: "NaN is not a price: want a finite number above 0"},
		{Line: 5, Column: "high", Problem: "NaN is not a price: want a finite number above 0"},
	}
	if d := cmp.Diff(want, bad.Rows); d != "" {
		t.Errorf("bad rows (-want +got):\n%s", d)
	}
}

func TestReadParquet_refuses(t *testing.T) {
	type text struct {
		Time  string  `parquet:"timestamp"`
		Open  float64 `parquet:"open"`
		High  float64 `parquet:"high"`
		Low   float64 `parquet:"low"`
		Close float64 `parquet:"close"`
	}
	type decimals struct {
		Time  int64   `parquet:"timestamp"`
		Open  int64   `parquet:"open,decimal(2:18)"`
		High  float64 `parquet:"high"`
		Low   float64 `parquet:"low"`
		Close float64 `parquet:"close"`
	}
	type lists struct {
		Time  int64     `parquet:"timestamp"`
		Open  []float64 `parquet:"open"`
		High  float64   `parquet:"high"`
		Low   float64   `parquet:"low"`
		Close float64   `parquet:"close"`
	}
	type apart struct {
		Date  int32   `parquet:"date,date"`
		Time  int64   `parquet:"time"`
		Open  float64 `parquet:"open"`
		High  float64 `parquet:"high"`
		Low   float64 `parquet:"low"`
		Close float64 `parquet:"close"`
	}
	good := file(t, text{"2020-01-06", 1, 1, 1, 1})
	claims := bytes.Clone(good)
	copy(claims[len(claims)-8:], []byte{0xff, 0xff, 0xff, 0x7f})
	var lz4 bytes.Buffer
	if err := parquet.Write(&lz4, []text{{"2020-01-06", 1, 1, 1, 1}}, parquet.Compression(&parquet.Lz4Raw)); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		b    []byte
		want string
	}{
		{"csv", []byte("timestamp,open,high,low,close\n0,1,1,1,1\n"), "it is not a Parquet file"},
		{"empty", nil, "it is not a Parquet file"},
		{"cut_short", good[:len(good)-1], "it is not a Parquet file"},
		{"claims_gigabytes", claims, "a footer of 2147483647 bytes in a file of"},
		{"lz4", lz4.Bytes(), "is compressed with LZ4_RAW"},
		{"text_times", good, `column "timestamp" is STRING: want a timestamp`},
		{"decimal", file(t, decimals{0, 1, 1, 1, 1}), `column "open" is DECIMAL`},
		{"list", file(t, lists{0, []float64{1}, 1, 1, 1}), `column "open" holds more than one value`},
		{"clock", file(t, apart{0, 0, 1, 1, 1, 1}), `column "time" holds a time of day`},
		{"no_close", file(t, struct{ Timestamp, Open, High, Low int64 }{}), "it has no column for close"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, _, err := readParquet(tc.b, parquetOptions(market.Day1))
			if err == nil || !strings.Contains(err.Error(), "bars.parquet: ") || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("ReadParquet: %v, want an error with %q", err, tc.want)
			}
		})
	}
}

// Damaged files give errors or valid bars, never a crash.
func FuzzReadParquet(f *testing.F) {
	var b bytes.Buffer
	s := series(market.Hour1, market.Bar{Open: 1, High: 1, Low: 1, Close: 1}, market.Bar{Time: 3600, Open: 2, High: 2, Low: 2, Close: 2})
	if err := tabular.WriteParquet(&b, s); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		o := parquetOptions(market.Hour1)
		o.MaxRows = 10_000
		if got, _, err := readParquet(b, o); err == nil {
			if err := got.Validate(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// A regression makes imports and exports slower.
func BenchmarkReadParquet(b *testing.B) {
	const rows = 200_000
	s := market.NewSeries("EURUSD", market.Minute1, rows)
	for i := range int64(rows) {
		price := 1 + float64(i%1000)/7
		s.Append(market.Bar{Time: 60 * i, Open: price, High: price, Low: price, Close: price, Volume: 7})
	}
	var file bytes.Buffer
	if err := tabular.WriteParquet(&file, s); err != nil {
		b.Fatal(err)
	}
	b.Run(fmt.Sprintf("rows=%d", rows), func(b *testing.B) {
		b.ReportAllocs()
		var got market.Series
		for b.Loop() {
			var err error
			if got, _, err = readParquet(file.Bytes(), parquetOptions(market.Minute1)); err != nil {
				b.Fatal(err)
			}
		}
		for i := range rows {
			if got.Len() != rows || got.Bar(i) != s.Bar(i) {
				b.Fatalf("bar %d of %d is %+v, want %+v", i, got.Len(), got.Bar(i), s.Bar(i))
			}
		}
		b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	})
}
