package backtest

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
		if !isPrice(price) {
			return 0, priceError(conversion, last, "close", price)
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

// ratesFit returns why in cannot be counted in the currency of the account, or nil.
func (o Options) ratesFit(in Input) error {
	s := in.Series
	needed, err := strategy.Conversions(s.Symbol, o.Account.Currency)
	if err != nil {
		return err
	}
	if needed == nil != (in.Rates == nil) {
		return fmt.Errorf("currency %s: rates are given: %t, and needed for prices of %s: %t", o.Account.Currency, in.Rates != nil, s.Symbol, needed != nil)
	}
	if in.Rates == nil {
		return nil
	}
	if len(in.Rates.Open) != s.Len() || len(in.Rates.Close) != s.Len() {
		return fmt.Errorf("%s %s: %d and %d rates for %d bars", s.Symbol, s.Timeframe, len(in.Rates.Open), len(in.Rates.Close), s.Len())
	}
	for bar := range s.Len() {
		if !isPrice(in.Rates.Open[bar]) || !isPrice(in.Rates.Close[bar]) {
			return fmt.Errorf("%s %s bar at %s: the rates %v and %v are none", s.Symbol, s.Timeframe, market.Stamp(s.Time[bar]), in.Rates.Open[bar], in.Rates.Close[bar])
		}
	}
	return nil
}

// openRate and closeRate return what the currency of the prices is worth when bar
// opens and when it ends.
func (s *Simulation) openRate(bar int) float64 {
	if s.in.Rates == nil {
		return 1
	}
	return s.in.Rates.Open[bar]
}

func (s *Simulation) closeRate(bar int) float64 {
	if s.in.Rates == nil {
		return 1
	}
	return s.in.Rates.Close[bar]
}

// rateOf returns the rate at which the result of an exit is counted: that of the
// moment at which its bar opens or ends.
func (s *Simulation) rateOf(x exit) float64 {
	if x.time == s.in.Series.Time[x.bar] {
		return s.openRate(x.bar)
	}
	return s.closeRate(x.bar)
}
