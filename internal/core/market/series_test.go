package market_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

func hours(n int) market.Series {
	s := market.NewSeries("EURUSD", market.Hour1, n)
	for i := range n {
		price := 1 + float64(i)/10
		s.Append(market.Bar{Time: 3600 * int64(i), Open: price, High: price + 0.2, Low: price - 0.2, Close: price + 0.1, Volume: float64(i)})
	}
	return s
}

func TestSeries_Within(t *testing.T) {
	s := hours(10)
	for _, tc := range []struct {
		span     market.Span
		from, to int
	}{
		{market.Span{}, 0, 10},
		{market.Span{From: 3600}, 1, 10},
		{market.Span{From: 3601}, 2, 10},
		{market.Span{To: 3600}, 0, 1},
		{market.Span{To: 3601}, 0, 2},
		{market.Span{From: 7200, To: 10800}, 2, 3},
		{market.Span{From: 7201, To: 7202}, 3, 3},
		{market.Span{From: 7200, To: 3600}, 2, 2},
		{market.Span{From: 1 << 40}, 10, 10},
		{market.Span{To: -1}, 0, 0},
	} {
		got := s.Within(tc.span)
		if got.Len() != tc.to-tc.from || got.Len() > 0 && got.Time[0] != s.Time[tc.from] || got.Symbol != s.Symbol || got.Timeframe != s.Timeframe {
			t.Errorf("Within(%+v) = %v, want bars %d to %d", tc.span, got.Time, tc.from, tc.to-1)
		}
	}
}

// Appending to a part must not reach into the series that it is part of.
func TestSeries_Slice_is_capped(t *testing.T) {
	s := hours(4)
	part := s.Slice(1, 2)
	part.Append(market.Bar{Time: -1, Open: 9, High: 9, Low: 9, Close: 9})
	if s.Time[2] != 7200 || s.Close[2] == 9 {
		t.Errorf("appending to a part changed bar 2 of the whole to %+v", s.Bar(2))
	}
}

func TestSeries_Validate(t *testing.T) {
	for _, tc := range []struct {
		name  string
		spoil func(s *market.Series)
		want  string
	}{
		{"good", func(*market.Series) {}, ""},
		{"unknown_volume", func(s *market.Series) { s.Volume[1] = math.NaN() }, ""},
		{"short_column", func(s *market.Series) { s.Low = s.Low[:2] }, "EURUSD 1h: columns differ in length"},
		{"same_time", func(s *market.Series) { s.Time[2] = s.Time[1] }, "EURUSD 1h bar 2: time 1970-01-01T01:00:00Z does not follow 1970-01-01T01:00:00Z"},
		{"earlier_time", func(s *market.Series) { s.Time[2] = 5 }, "does not follow"},
		{"bad_bar", func(s *market.Series) { s.Close[1] = math.NaN() }, "EURUSD 1h bar 1 at 1970-01-01T01:00:00Z: close: NaN is not a price"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := hours(3)
			tc.spoil(&s)
			err := s.Validate()
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("Validate() = %v, want %q", err, tc.want)
			}
		})
	}
}

func TestBar_Check(t *testing.T) {
	good := market.Bar{Open: 1.5, High: 2, Low: 1, Close: 1.5, Volume: 3}
	for _, tc := range []struct {
		name, column string
		spoil        func(b *market.Bar)
	}{
		{"good", "", func(*market.Bar) {}},
		{"flat", "", func(b *market.Bar) { b.Open, b.High, b.Low, b.Close = 1, 1, 1, 1 }},
		{"no_volume", "", func(b *market.Bar) { b.Volume = 0 }},
		{"unknown_volume", "", func(b *market.Bar) { b.Volume = math.NaN() }},
		{"extremes", "", func(b *market.Bar) {
			b.Low, b.High, b.Volume = math.SmallestNonzeroFloat64, math.MaxFloat64, math.MaxFloat64
		}},
		{"nan_open", "open", func(b *market.Bar) { b.Open = math.NaN() }},
		{"nan_high", "high", func(b *market.Bar) { b.High = math.NaN() }},
		{"nan_low", "low", func(b *market.Bar) { b.Low = math.NaN() }},
		{"nan_close", "close", func(b *market.Bar) { b.Close = math.NaN() }},
		{"infinite_high", "high", func(b *market.Bar) { b.High = math.Inf(1) }},
		{"zero_low", "low", func(b *market.Bar) { b.Low = 0 }},
		{"negative_low", "low", func(b *market.Bar) { b.Low = -1 }},
		{"high_below_open", "high", func(b *market.Bar) { b.Open = 2.5 }},
		{"high_below_close", "high", func(b *market.Bar) { b.Close = 2.5 }},
		{"low_above_open", "low", func(b *market.Bar) { b.Open = 0.5 }},
		{"low_above_close", "low", func(b *market.Bar) { b.Close = 0.5 }},
		{"negative_volume", "volume", func(b *market.Bar) { b.Volume = -1 }},
		{"infinite_volume", "volume", func(b *market.Bar) { b.Volume = math.Inf(1) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := good
			tc.spoil(&b)
			err := b.Check()
			broken, _ := errors.AsType[*market.BarError](err)
			if tc.column == "" && err != nil || tc.column != "" && (broken == nil || broken.Column != tc.column) {
				t.Errorf("%+v.Check() = %v, want a problem with %q", b, err, tc.column)
			}
		})
	}
}

// The quick tests in Check and in Validate must say the same as the rules of Check,
// whatever the values are to one another.
func TestBar_Check_like_its_rules(t *testing.T) {
	values := []float64{math.NaN(), math.Inf(-1), -1, math.Copysign(0, -1), 0, math.SmallestNonzeroFloat64, 1, 2, math.MaxFloat64, math.Inf(1)}
	series := hours(2)
	series.Append(series.Bar(1))
	for i := range 100_000 {
		b := market.Bar{Time: series.Time[1] + int64(1+i%2), Open: values[i%10], High: values[i/10%10], Low: values[i/100%10], Close: values[i/1000%10], Volume: values[i/10_000]}
		want := b.Volume != b.Volume || b.Volume >= 0 && !math.IsInf(b.Volume, 1)
		for _, p := range []float64{b.Open, b.High, b.Low, b.Close} {
			want = want && p > 0 && !math.IsInf(p, 1) && b.Low <= p && p <= b.High
		}
		if err := b.Check(); (err == nil) != want {
			t.Fatalf("%+v.Check() = %v, want good: %t", b, err, want)
		}
		series.Time[2], series.Open[2], series.High[2], series.Low[2], series.Close[2], series.Volume[2] = b.Time, b.Open, b.High, b.Low, b.Close, b.Volume
		if err := series.Validate(); (err == nil) != want {
			t.Fatalf("Validate() of a series that ends with %+v = %v, want good: %t", b, err, want)
		}
		if series.Time[2] = series.Time[1] - int64(i%2); series.Validate() == nil {
			t.Fatal("a time that does not follow was not seen")
		}
	}
}

func TestParseSpan(t *testing.T) {
	day := func(s string) int64 {
		u, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		return u.Unix()
	}
	for _, tc := range []struct {
		start, end string
		want       market.Span
		wantErr    string
	}{
		{"", "", market.Span{}, ""},
		{"2020-01-01", "", market.Span{From: day("2020-01-01")}, ""},
		{"", "2020-01-31", market.Span{To: day("2020-02-01")}, ""},
		{"2020-01-01", "2020-01-01", market.Span{From: day("2020-01-01"), To: day("2020-01-02")}, ""},
		{"2020-01-01T06:00:00", "2020-01-01T07:00:00Z", market.Span{From: day("2020-01-01") + 21600, To: day("2020-01-01") + 25201}, ""},
		{"2020-01-01 06:00:00", "2020-01-01T08:00:00+01:00", market.Span{From: day("2020-01-01") + 21600, To: day("2020-01-01") + 25201}, ""},
		{"2020-01-02", "2020-01-01", market.Span{}, "end date 2020-01-01 lies before start date 2020-01-02"},
		{"2020-02-30", "", market.Span{}, `start date: "2020-02-30" is not a date`},
		{"", "yesterday", market.Span{}, `end date: "yesterday" is not a date`},
	} {
		got, err := market.ParseSpan(tc.start, tc.end)
		if got != tc.want || (err == nil) != (tc.wantErr == "") || err != nil && !strings.Contains(err.Error(), tc.wantErr) {
			t.Errorf("ParseSpan(%q, %q) = %+v, %v; want %+v, %q", tc.start, tc.end, got, err, tc.want, tc.wantErr)
		}
	}
}

func FuzzParseSpan(f *testing.F) {
	f.Add("2020-01-01", "2020-12-31T10:00:00Z")
	f.Add("", "2020-01-01 00:00:00")
	f.Fuzz(func(t *testing.T, start, end string) {
		span, err := market.ParseSpan(start, end)
		if err == nil && span.From != 0 && span.To != 0 && span.From >= span.To {
			t.Fatalf("ParseSpan(%q, %q) = %+v, which is empty", start, end, span)
		}
	})
}

func ExampleSeries() {
	bars := market.NewSeries("EURUSD", market.Hour1, 2)
	bars.Append(market.Bar{Time: 0, Open: 1.1, High: 1.2, Low: 1.0, Close: 1.15, Volume: math.NaN()})
	bars.Append(market.Bar{Time: 3600, Open: 1.15, High: 1.2, Low: 1.1, Close: 1.12, Volume: math.NaN()})
	fmt.Println(bars.Validate(), bars.Len(), bars.Within(market.Span{From: 1}).Close, market.Stamp(bars.Available(1)))
	// Output:
	// <nil> 2 [1.12] 1970-01-01T02:00:00Z
}

func ExampleParseSpan() {
	span, err := market.ParseSpan("2020-01-01", "2020-01-31")
	fmt.Println(market.Stamp(span.From), market.Stamp(span.To), err)
	// Output:
	// 2020-01-01T00:00:00Z 2020-02-01T00:00:00Z <nil>
}

// A regression makes importing and decoding bars slower.
func BenchmarkSeries_Validate(b *testing.B) {
	const bars = 100_000
	s := hours(bars)
	b.Run(fmt.Sprintf("bars=%d", bars), func(b *testing.B) {
		b.SetBytes(48 * bars)
		b.ReportAllocs()
		for b.Loop() {
			if err := s.Validate(); err != nil {
				b.Fatal(err)
			}
		}
		low := s.Low[bars-1]
		s.Low[bars-1] = 2 * s.High[bars-1]
		if s.Validate() == nil {
			b.Fatal("the last bar is not looked at")
		}
		s.Low[bars-1] = low
	})
}

func TestSeries_quotes(t *testing.T) {
	s := market.NewSeries("EURUSD", market.Hour1, 0)
	plain := hours(4)
	for i, q := range []market.Quote{market.NoQuote(), market.NoQuote(), {Bid: 1.25, Ask: 1.5}, market.NoQuote()} {
		if s.AppendQuoted(plain.Bar(i), q); s.HasQuotes() != (i >= 2) {
			t.Fatalf("after bar %d: HasQuotes() = %t", i, s.HasQuotes())
		}
	}
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	for i, want := range []bool{false, false, true, false} {
		if q := s.Quote(i); q.IsKnown() != want || want && q.Spread() != 0.25 {
			t.Errorf("Quote(%d) = %v", i, q)
		}
	}
	if part := s.Slice(2, 3); !part.HasQuotes() || part.Quote(0) != s.Quote(2) {
		t.Errorf("the quote of a part is %v", part.Quote(0))
	}
	if q := plain.Quote(0); q.IsKnown() {
		t.Errorf("a series without quotes has %v", q)
	}
	for name, c := range map[string]struct {
		spoil func(s *market.Series)
		want  string
	}{
		"crossed":   {func(s *market.Series) { s.Ask[2] = 1.125 }, "EURUSD 1h bar 2 at 1970-01-01T02:00:00Z: ask: 1.125 lies below the bid 1.25: the quotes are crossed"},
		"one_sided": {func(s *market.Series) { s.Bid[2] = math.NaN() }, "bid: NaN is not a price"},
		"no_ask":    {func(s *market.Series) { s.Ask[2] = math.NaN() }, "ask: NaN is not a price"},
		"negative":  {func(s *market.Series) { s.Bid[2] = -1 }, "bid: -1 is not a price"},
		"infinite":  {func(s *market.Series) { s.Ask[2] = math.Inf(1) }, "ask: +Inf is not a price"},
		"short":     {func(s *market.Series) { s.Ask = s.Ask[:3] }, "columns differ in length"},
		"one":       {func(s *market.Series) { s.Ask = nil }, "columns differ in length"},
	} {
		other := s
		other.Bid, other.Ask = append([]float64(nil), s.Bid...), append([]float64(nil), s.Ask...)
		c.spoil(&other)
		if err := other.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: Validate() = %v, want %q", name, err, c.want)
		}
	}
}
