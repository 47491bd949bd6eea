package market

import (
	"fmt"
	"math"
)

// A Quote is the bid and the ask in force when a bar ends, which is when they
// become known. Both are NaN where they are not known ([NoQuote]); the zero value
// is not a quote. A bar that is made of finer ones has the quote of the last of
// them.
type Quote struct{ Bid, Ask float64 }

// NoQuote is the quote of a bar of which none is known.
func NoQuote() Quote { return Quote{Bid: math.NaN(), Ask: math.NaN()} }

// IsKnown tells whether there is a bid and an ask.
func (q Quote) IsKnown() bool { return q.Bid == q.Bid && q.Ask == q.Ask }

// Spread returns how far the ask lies above the bid, in the currency of the price;
// NaN where they are not known.
//
//	spread = ask - bid
func (q Quote) Spread() float64 { return q.Ask - q.Bid }

// Check returns what is wrong with the quote, or nil: both sides are NaN, or both
// are finite and positive and the ask is at least the bid.
func (q Quote) Check() error {
	if 0 < q.Bid && q.Bid <= q.Ask && q.Ask <= math.MaxFloat64 || q.Bid != q.Bid && q.Ask != q.Ask {
		return nil
	}
	for _, p := range [...]struct {
		name  string
		price float64
	}{{"bid", q.Bid}, {"ask", q.Ask}} {
		if !(p.price > 0 && p.price <= math.MaxFloat64) {
			return &BarError{Column: p.name, Problem: fmt.Sprintf("%v is not a price: want a finite number above 0", p.price)}
		}
	}
	return &BarError{Column: "ask", Problem: fmt.Sprintf("%v lies below the bid %v: the quotes are crossed", q.Ask, q.Bid)}
}

// HasQuotes tells whether the series has columns of quotes.
func (s Series) HasQuotes() bool { return len(s.Bid) > 0 }

// Quote returns the quote at the end of bar i.
func (s Series) Quote(i int) Quote {
	if !s.HasQuotes() {
		return NoQuote()
	}
	return Quote{Bid: s.Bid[i], Ask: s.Ask[i]}
}

// AppendQuoted adds b and its quote at the end without checking them. The first
// quote that is known gives the series its columns.
func (s *Series) AppendQuoted(b Bar, q Quote) {
	s.Append(b)
	if s.Bid == nil && !q.IsKnown() {
		return
	}
	for len(s.Bid) < s.Len()-1 {
		s.Bid, s.Ask = append(s.Bid, math.NaN()), append(s.Ask, math.NaN())
	}
	s.Bid, s.Ask = append(s.Bid, q.Bid), append(s.Ask, q.Ask)
}

// checkQuotes returns the first thing that is wrong with the columns of quotes.
func (s Series) checkQuotes() error {
	if s.Bid == nil && s.Ask == nil {
		return nil
	}
	if len(s.Bid) != s.Len() || len(s.Ask) != s.Len() {
		return fmt.Errorf("%s %s: columns differ in length", s.Symbol, s.Timeframe)
	}
	for i := range s.Time {
		if err := s.Quote(i).Check(); err != nil {
			return fmt.Errorf("%s %s bar %d at %s: %w", s.Symbol, s.Timeframe, i, Stamp(s.Time[i]), err)
		}
	}
	return nil
}
