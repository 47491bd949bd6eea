package strategy

import (
	"fmt"
	"math"
	"regexp"
	"strconv"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

// A Spread is how far the ask lies above the bid: by the quotes of the bars, or
// Usual, whose place Sessions take at their times of day.
type Spread struct {
	Quotes   bool            `json:"quotes,omitempty"` // the rest is zero then
	Usual    Distance        `json:"usual"`
	Zone     market.Zone     `json:"time_zone"` // of the sessions
	Sessions []SpreadSession `json:"sessions,omitempty"`
}

// A SpreadSession is a part of each day. One whose To is not after From reaches
// over midnight.
type SpreadSession struct {
	From   Clock    `json:"from"` // included; 24:00 is the midnight that begins a day
	To     Clock    `json:"to"`   // not included
	Spread Distance `json:"spread"`
}

// contains tells whether the session holds a minute of the day.
func (s SpreadSession) contains(minute int) bool {
	from, to := int(s.From)%(24*60), int(s.To)
	if from < to {
		return from <= minute && minute < to
	}
	return from <= minute || minute < to
}

// FromQuotes tells that the spread is that of the quotes of the bars. A nil spread
// is not.
func (s *Spread) FromQuotes() bool { return s != nil && s.Quotes }

// At returns the spread at the Unix second t, of one that is not FromQuotes: that
// of the first session that contains it, else the usual one.
func (s *Spread) At(t int64) Distance {
	if len(s.Sessions) > 0 {
		since := s.Zone.Local(t) % 86_400
		if since < 0 {
			since += 86_400
		}
		for _, session := range s.Sessions {
			if session.contains(int(since / 60)) {
				return session.Spread
			}
		}
	}
	return s.Usual
}

// All returns every distance that At can return.
func (s *Spread) All() []Distance {
	if s.Quotes {
		return nil
	}
	all := []Distance{s.Usual}
	for _, session := range s.Sessions {
		all = append(all, session.Spread)
	}
	return all
}

// A DistanceUnit says what the number of a Distance counts.
type DistanceUnit uint8

// The units.
const (
	InPrice DistanceUnit = iota // the currency that the price is in
	InPips                      // market.Currency.Pip of a pair of currencies
	InBps                       // ten-thousandths of the price
	distanceUnitCount
)

var distanceUnitNames = [distanceUnitCount]string{InPips: "pips", InBps: "bps"}

// A Distance is one between two prices. As text it is a number, which is in the
// currency of the price, or a number of pips or bps: 0.0002, 0.8 pips, 2 bps.
type Distance struct {
	Value float64
	Unit  DistanceUnit
}

var distancePattern = regexp.MustCompile(`^([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)? *(pips|bps)?$`)

// maxDistance bounds the number of a distance in each unit: a tenth of the price
// where that can be said.
var maxDistance = [distanceUnitCount]float64{InPrice: 1e9, InPips: 10_000, InBps: 1000}

// ParseDistance reads a distance of at least 0.
func ParseDistance(s string) (Distance, error) {
	wrong := fmt.Errorf("%.40q is not a distance of prices: want a number, or a number of pips or bps, for example 0.0002, 0.8 pips or 2 bps", s)
	match := distancePattern.FindStringSubmatchIndex(s)
	if match == nil {
		return Distance{}, wrong
	}
	d, number := Distance{}, s
	if match[4] >= 0 {
		number = s[:match[4]]
		for unit, name := range distanceUnitNames {
			if name == s[match[4]:match[5]] {
				d.Unit = DistanceUnit(unit)
			}
		}
	}
	for number[len(number)-1] == ' ' {
		number = number[:len(number)-1]
	}
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || v > maxDistance[d.Unit] {
		return Distance{}, fmt.Errorf("%.40q is too large: want at most %v %s", s, maxDistance[d.Unit], distanceUnitNames[d.Unit])
	}
	d.Value = v
	return d, nil
}

// String returns what ParseDistance reads.
func (d Distance) String() string {
	if d.Unit >= distanceUnitCount {
		return fmt.Sprintf("%v of unit %d", d.Value, d.Unit)
	}
	if name := distanceUnitNames[d.Unit]; name != "" {
		return text(d.Value) + " " + name
	}
	return text(d.Value)
}

// MarshalText implements encoding.TextMarshaler.
func (d Distance) MarshalText() ([]byte, error) {
	if d.Unit >= distanceUnitCount || !(d.Value >= 0 && d.Value <= maxDistance[d.Unit]) {
		return nil, fmt.Errorf("%v is not a distance of prices", d)
	}
	return []byte(d.String()), nil
}

// UnmarshalText implements encoding.TextUnmarshaler with ParseDistance.
func (d *Distance) UnmarshalText(text []byte) error {
	parsed, err := ParseDistance(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

// In returns the distance at a price of symbol, in its currency. Pips need a
// symbol that names a pair of currencies, which Fits checks.
func (d Distance) In(symbol market.Symbol, price float64) float64 {
	switch d.Unit {
	case InPips:
		_, quote, ok := symbol.Pair()
		if !ok {
			return math.NaN()
		}
		return float64(d.Value * quote.Pip())
	case InBps:
		return float64(price*d.Value) / 10_000
	default:
		return d.Value
	}
}

// Fits returns why the spread cannot be that of symbol, or nil.
func (s *Spread) Fits(symbol market.Symbol) error {
	for _, d := range s.All() {
		if _, _, ok := symbol.Pair(); d.Unit == InPips && !ok {
			return fmt.Errorf("a spread of %s: %s names no pair of currencies such as EURUSD, so nobody knows what its pip is: give the spread in bps, or as a price", d, symbol)
		}
	}
	return nil
}

// FitsBars returns why the spread cannot be that of trading bars, or nil: one
// FromQuotes needs a quote of each of them, at most MaxCostFraction of its price
// wide.
func (s *Spread) FitsBars(bars market.Series) error {
	if !s.FromQuotes() {
		return nil
	}
	if !bars.HasQuotes() {
		return fmt.Errorf("spread quotes: the bars of %s %s have no bid and ask: import a file with them (ktrdr data import FILE --symbol %s --timeframe %s), or give the spread as a distance such as 2 bps",
			bars.Symbol, bars.Timeframe, bars.Symbol, bars.Timeframe)
	}
	for i, low := range bars.Low {
		q := bars.Quote(i)
		if !q.IsKnown() {
			return fmt.Errorf("spread quotes: the %s %s bar at %s has no bid and ask: import bars with them for all of the window, trade a shorter one, or give the spread as a distance such as 2 bps",
				bars.Symbol, bars.Timeframe, market.Stamp(bars.Time[i]))
		}
		if wide := q.Spread(); !(wide <= MaxCostFraction*low) {
			return fmt.Errorf("spread quotes: bid %v and ask %v of the %s %s bar at %s lie %v apart, at a price of %v: want at most a tenth of the price: check the file that they came from",
				q.Bid, q.Ask, bars.Symbol, bars.Timeframe, market.Stamp(bars.Time[i]), wide, low)
		}
	}
	return nil
}

// Fit returns why the costs cannot be those of trading symbol in an account of a
// currency, or nil. The currency "" is not known.
func (c Costs) Fit(symbol market.Symbol, account market.Currency) error {
	if c.Spread != nil {
		if err := c.Spread.Fits(symbol); err != nil {
			return err
		}
	}
	return ScheduleFits(c.CommissionSchedule, symbol, account)
}

// ScheduleFits returns why a published schedule of commissions cannot be that of
// trading symbol in an account of a currency, or nil. All there are, are in USD;
// that of shares is taken to fit an account whose currency is not known.
func ScheduleFits(schedule string, symbol market.Symbol, account market.Currency) error {
	_, _, isPair := symbol.Pair()
	switch {
	case schedule == "":
		return nil
	case isPair && schedule == CommissionIBFixed:
		return fmt.Errorf("commission %s of %s: Interactive Brokers publishes no fixed commission for currencies: use %s", schedule, symbol, CommissionIBTiered)
	case account != "" && account != "USD":
		return fmt.Errorf("commission %s of %s is in USD, and the account is in %s: want an account in USD, or commission_per_unit and commission_minimum in %s",
			schedule, symbol, account, account)
	}
	return nil
}

// SpreadQuotes stands for the spread that the bars bring along, and otherQuotes is
// what people write for it.
const SpreadQuotes = "quotes"

// object is the spread in the form of the file.
func (s *Spread) object() any {
	if s.Quotes {
		return SpreadQuotes
	}
	if len(s.Sessions) == 0 {
		return s.Usual.String()
	}
	var sessions []object
	for _, x := range s.Sessions {
		sessions = append(sessions, object{{"from", x.From.String()}, {"to", x.To.String()}, {"spread", x.Spread.String()}})
	}
	return object{{"usual", s.Usual.String()}, {"time_zone", s.Zone.String()}, {"sessions", sessions}}
}
