package fill

import (
	"fmt"

	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// Rates say what a unit of the currency of the prices is worth in that of the
// account, one value per bar: when it opens, and when it ends. RatesOf makes them.
type Rates struct{ Open, Close []float64 }

// maxRateAge is how old a rate may be, in seconds: over a weekend with holidays
// around it, but not over a hole in what is held.
const maxRateAge = 7 * 86_400

// RatesOf returns the rates at the bars of window by conversion: the last close
// that is available at that moment, or its inverse. A rate that is not known, or
// is older than a week, is an error.
func RatesOf(c strategy.Conversion, conversion, window market.Series) (*Rates, error) {
	n := window.Len()
	r := &Rates{Open: make([]float64, n), Close: make([]float64, n)}
	last := -1
	at := func(t int64) (float64, error) {
		for last+1 < conversion.Len() && conversion.Available(last+1) <= t {
			last++
		}
		if last < 0 || t-conversion.Available(last) > maxRateAge {
			return 0, fmt.Errorf("%s has no %s bar in the week before %s, so nobody knows what the results of %s are worth: import more of it, or begin later",
				conversion.Symbol, conversion.Timeframe, market.Stamp(t), window.Symbol)
		}
		price := conversion.Close[last]
		if !market.IsPrice(price) {
			return 0, conversion.PriceError(last, "close", price)
		}
		if c.Inverse {
			return 1 / price, nil
		}
		return price, nil
	}
	for bar := range n {
		var err error
		if r.Open[bar], err = at(window.Time[bar]); err != nil {
			return nil, err
		}
		if r.Close[bar], err = at(window.Available(bar)); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// fit returns why what s earns cannot be counted in the currency of the account at r,
// which is nil where that is none other, or nil.
func (r *Rates) fit(s market.Series, account market.Currency) error {
	needed, err := strategy.Conversions(s.Symbol, account)
	if err != nil {
		return err
	}
	if needed == nil != (r == nil) {
		return fmt.Errorf("currency %s: rates are given: %t, and needed for prices of %s: %t", account, r != nil, s.Symbol, needed != nil)
	}
	if r == nil {
		return nil
	}
	if len(r.Open) != s.Len() || len(r.Close) != s.Len() {
		return fmt.Errorf("%s %s: %d and %d rates for %d bars", s.Symbol, s.Timeframe, len(r.Open), len(r.Close), s.Len())
	}
	for bar := range s.Len() {
		if !market.IsPrice(r.Open[bar]) || !market.IsPrice(r.Close[bar]) {
			return fmt.Errorf("%s %s bar at %s: the rates %v and %v are none", s.Symbol, s.Timeframe, market.Stamp(s.Time[bar]), r.Open[bar], r.Close[bar])
		}
	}
	return nil
}

// OpenRate and CloseRate return what the currency of the prices is worth when bar
// opens and when it ends.
func (b *Broker) OpenRate(bar int) float64 {
	if b.rates == nil {
		return 1
	}
	return b.rates.Open[bar]
}

// CloseRate is OpenRate at the end of bar.
func (b *Broker) CloseRate(bar int) float64 {
	if b.rates == nil {
		return 1
	}
	return b.rates.Close[bar]
}
