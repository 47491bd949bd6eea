package market

import (
	"fmt"
	"math"
	"sort"
	"time"
)

// A Bar is one row of a Series. Time is the Unix second, UTC, at which the bar
// opens. Volume is NaN where the source reports none.
type Bar struct {
	Time                           int64
	Open, High, Low, Close, Volume float64
}

// A Series holds the bars of one symbol and timeframe as columns of one length,
// oldest first. The zero value is an empty series of no symbol. Its columns may
// be memory-mapped and shared: a Series is never written to once it is handed on.
type Series struct {
	Symbol    Symbol
	Timeframe Timeframe
	Time      []int64 // Unix seconds, UTC, at which each bar opens; strictly increasing
	Open      []float64
	High      []float64
	Low       []float64
	Close     []float64
	Volume    []float64 // NaN where not reported

	// The quotes when each bar ends, NaN where not known; nil where none of them is.
	Bid, Ask []float64
}

// NewSeries returns an empty series with room for n bars.
func NewSeries(symbol Symbol, tf Timeframe, n int) Series {
	return Series{
		Symbol: symbol, Timeframe: tf, Time: make([]int64, 0, n),
		Open: make([]float64, 0, n), High: make([]float64, 0, n), Low: make([]float64, 0, n),
		Close: make([]float64, 0, n), Volume: make([]float64, 0, n),
	}
}

// Append adds b at the end without checking it; see Validate. A series with quotes
// grows by AppendQuoted.
func (s *Series) Append(b Bar) {
	s.Time = append(s.Time, b.Time)
	s.Open = append(s.Open, b.Open)
	s.High = append(s.High, b.High)
	s.Low = append(s.Low, b.Low)
	s.Close = append(s.Close, b.Close)
	s.Volume = append(s.Volume, b.Volume)
}

// Len returns the number of bars.
func (s Series) Len() int { return len(s.Time) }

// Bar returns bar i.
func (s Series) Bar(i int) Bar {
	return Bar{Time: s.Time[i], Open: s.Open[i], High: s.High[i], Low: s.Low[i], Close: s.Close[i], Volume: s.Volume[i]}
}

// Available returns the Unix second from which bar i may be used.
func (s Series) Available(i int) int64 { return s.Timeframe.End(s.Time[i]) }

// Slice returns bars i to j-1, sharing memory with s.
func (s Series) Slice(i, j int) Series {
	part := Series{
		Symbol: s.Symbol, Timeframe: s.Timeframe, Time: s.Time[i:j:j],
		Open: s.Open[i:j:j], High: s.High[i:j:j], Low: s.Low[i:j:j], Close: s.Close[i:j:j], Volume: s.Volume[i:j:j],
	}
	if s.HasQuotes() {
		part.Bid, part.Ask = s.Bid[i:j:j], s.Ask[i:j:j]
	}
	return part
}

// Search returns the index of the first bar that opens at or after t, which is
// Len where there is none.
func (s Series) Search(t int64) int {
	return sort.Search(len(s.Time), func(i int) bool { return s.Time[i] >= t })
}

// Within returns the bars that open in span, sharing memory with s.
func (s Series) Within(span Span) Series {
	from, to := 0, s.Len()
	if span.From != 0 {
		from = s.Search(span.From)
	}
	if span.To != 0 {
		to = s.Search(span.To)
	}
	return s.Slice(from, max(from, to))
}

// Check returns what is wrong with the bar, or nil: prices must be finite and
// positive, high and low must enclose open and close, and the volume must be
// NaN (not reported) or finite and at least zero.
func (b Bar) Check() error {
	// The usual case in one go: a comparison with NaN is false, and what lies
	// between two finite positive numbers is one.
	if 0 < b.Low && b.Low <= min(b.Open, b.Close) && max(b.Open, b.Close) <= b.High && b.High <= math.MaxFloat64 &&
		!(b.Volume < 0 || b.Volume > math.MaxFloat64) {
		return nil
	}
	for _, p := range [...]struct {
		name  string
		price float64
	}{{"open", b.Open}, {"high", b.High}, {"low", b.Low}, {"close", b.Close}} {
		if math.IsNaN(p.price) || math.IsInf(p.price, 0) || p.price <= 0 {
			return &BarError{Column: p.name, Problem: fmt.Sprintf("%v is not a price: want a finite number above 0", p.price)}
		}
	}
	switch {
	case b.High < b.Open || b.High < b.Close:
		return &BarError{Column: "high", Problem: fmt.Sprintf("%v lies below the open or the close", b.High)}
	case b.Low > b.Open || b.Low > b.Close:
		return &BarError{Column: "low", Problem: fmt.Sprintf("%v lies above the open or the close", b.Low)}
	case b.Volume < 0 || math.IsInf(b.Volume, 0):
		return &BarError{Column: "volume", Problem: fmt.Sprintf("%v is not a volume: want a number of at least 0", b.Volume)}
	}
	return nil
}

// IsPrice tells that v is a finite number above 0.
func IsPrice(v float64) bool { return v > 0 && v <= math.MaxFloat64 }

// PriceError returns the error that value, in a column of bar, is not a price.
func (s Series) PriceError(bar int, column string, value float64) error {
	return fmt.Errorf("%s %s bar at %s: %s: %v is not a price: want a finite number above 0", s.Symbol, s.Timeframe, Stamp(s.Time[bar]), column, value)
}

// A BarError says which column of a bar is wrong and why.
type BarError struct{ Column, Problem string }

func (e *BarError) Error() string { return e.Column + ": " + e.Problem }

// Validate returns the first thing that is wrong with the series: columns of
// different lengths, times that do not increase, or a bar that fails Check.
func (s Series) Validate() error {
	n := len(s.Time)
	if len(s.Open) != n || len(s.High) != n || len(s.Low) != n || len(s.Close) != n || len(s.Volume) != n {
		return fmt.Errorf("%s %s: columns differ in length", s.Symbol, s.Timeframe)
	}
	opens, highs, lows, closes, volumes := s.Open[:n], s.High[:n], s.Low[:n], s.Close[:n], s.Volume[:n]
	for i, t := range s.Time {
		open, high, low, close, volume := opens[i], highs[i], lows[i], closes[i], volumes[i]
		if 0 < low && low <= open && open <= high && low <= close && close <= high && high <= math.MaxFloat64 &&
			!(volume < 0 || volume > math.MaxFloat64) && (i == 0 || s.Time[i-1] < t) {
			continue // what Check asks, without a Bar: an error is rare
		}
		if i > 0 && t <= s.Time[i-1] {
			return fmt.Errorf("%s %s bar %d: time %s does not follow %s", s.Symbol, s.Timeframe, i, Stamp(t), Stamp(s.Time[i-1]))
		}
		if err := s.Bar(i).Check(); err != nil {
			return fmt.Errorf("%s %s bar %d at %s: %w", s.Symbol, s.Timeframe, i, Stamp(t), err)
		}
	}
	return s.checkQuotes()
}

// Stamp formats a Unix second as 2006-01-02T15:04:05Z.
func Stamp(t int64) string { return time.Unix(t, 0).UTC().Format(time.RFC3339) }

// A Span is the half-open range of opening times [From, To) in Unix seconds. A
// zero From or To leaves that side open, so the zero Span is everything.
type Span struct{ From, To int64 }

// ParseSpan reads a start and an end, each empty (open), a date (2006-01-02) or
// a time (RFC 3339, or 2006-01-02T15:04:05 taken as UTC). A start date begins
// with its day. An end date includes its whole day, an end time is included to
// the second.
func ParseSpan(start, end string) (Span, error) {
	var span Span
	if start != "" {
		t, _, err := parseMoment(start)
		if err != nil {
			return Span{}, fmt.Errorf("start date: %w", err)
		}
		span.From = t
	}
	if end != "" {
		t, isDate, err := parseMoment(end)
		if err != nil {
			return Span{}, fmt.Errorf("end date: %w", err)
		}
		span.To = t + 1
		if isDate {
			span.To = t + 86400
		}
	}
	if span.From != 0 && span.To != 0 && span.To <= span.From {
		return Span{}, fmt.Errorf("end date %s lies before start date %s: swap them", end, start)
	}
	return span, nil
}

func parseMoment(s string) (unix int64, isDate bool, err error) {
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t.Unix(), true, nil
	}
	for _, layout := range [...]string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.Unix(), false, nil
		}
	}
	return 0, false, fmt.Errorf("%.40q is not a date: want 2006-01-02 or 2006-01-02T15:04:05Z", s)
}
