package sample

import (
	"hash/fnv"
	"math"
	"time"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

// Options describe a sample market. Symbol, Timeframe and Bars are required.
type Options struct {
	Symbol    market.Symbol // takes part in the seed, so that symbols differ
	Timeframe market.Timeframe
	Seed      uint64
	Start     int64 // Unix second; no bar opens before it; 0 means 2015-01-05T00:00:00Z
	Bars      int
	Quotes    bool // the bars have quotes; they are the same without
}

const defaultStart = 1420416000 // Monday 2015-01-05T00:00:00Z

// Generate returns the first o.Bars bars of a sample market that open at
// o.Start or later. It panics if o.Timeframe is not set or o.Bars is negative.
// Its cost is that of the minutes in the bars, some 40 ns each.
func Generate(o Options) market.Series {
	if o.Start == 0 {
		o.Start = defaultStart
	}
	s := market.NewSeries(o.Symbol, o.Timeframe, o.Bars)
	m := newMinutes(o)
	var bar market.Bar
	last := int64(0)            // minute of bar
	end := int64(math.MinInt64) // of bar; there is none yet
	for {
		minute := m.next()
		if minute.Time < end {
			bar.High = max(bar.High, minute.High)
			bar.Low = min(bar.Low, minute.Low)
			bar.Close = minute.Close
			bar.Volume += minute.Volume
			last = minute.Time
			continue
		}
		if end != math.MinInt64 && bar.Time >= o.Start {
			if s.Len() == o.Bars {
				return s
			}
			if o.Quotes {
				s.AppendQuoted(bar, m.quote(last, bar.Close))
			} else {
				s.Append(bar)
			}
		}
		bar, last = minute, minute.Time
		bar.Time = floor(o.Timeframe, minute.Time)
		end = o.Timeframe.End(bar.Time)
	}
}

const (
	minute = 60
	day    = 86400
	week   = 7 * day
)

// floor returns the time at which the bar that contains t opens: weeks open on
// Monday, months on their first day.
func floor(tf market.Timeframe, t int64) int64 {
	switch tf {
	case market.Month1:
		u := time.Unix(t, 0).UTC()
		return time.Date(u.Year(), u.Month(), 1, 0, 0, 0, 0, time.UTC).Unix()
	case market.Week1:
		return t - intoWeek(t)
	default:
		return t - modulo(t, tf.Seconds())
	}
}

// intoWeek returns the seconds since Monday 00:00; Unix time began on a Thursday.
func intoWeek(t int64) int64 { return modulo(t+3*day, week) }

func modulo(a, n int64) int64 { return (a%n + n) % n }

// The market, per minute. Volatility and drift are fractions of the price.
const (
	anchor      = 1.1
	ticksPerOne = 1e5
	volatility  = 1.1e-4     // about 0.085 % in an hour
	drift       = 4e-6       // 0.024 % in an hour
	pull        = 6e-6       // of the distance to the anchor
	weekendGap  = 8          // standard deviations of a minute
	halfSpread  = 3e-5       // in a lively hour
	firstHour   = 4          // times the spread after a weekend
	driftSwitch = 1.0 / 6000 // chance that a drift ends: 100 hours on average
	moodSwitch  = 1.0 / 7200 // chance that a volatility ends: five days of trading
)

var moods = [...]float64{0.65, 1, 1.6} // volatility: calm, usual, nervous

// hours is how lively each hour of the day is, UTC: Asia, Europe, America, night.
var hours = [24]float64{
	0.7, 0.8, 0.7, 0.6, 0.6, 0.7, 0.9, 1.2, 1.3, 1.2, 1.1, 1.1,
	1.2, 1.4, 1.5, 1.4, 1.2, 1.0, 0.9, 0.8, 0.8, 0.6, 0.5, 0.6,
}

// minutes is the state of a market between two of its minutes.
type minutes struct {
	random    splitMix
	quotes    uint64  // seed of them
	time      int64   // of the next minute
	price     float64 // unrounded
	direction int     // of the drift: -1, 0, 1
	mood      int     // index of moods
}

func newMinutes(o Options) *minutes {
	name := fnv.New64a()
	name.Write([]byte(o.Symbol))
	return &minutes{
		random: splitMix{o.Seed ^ name.Sum64()}, quotes: name.Sum64() - o.Seed,
		time:  o.Start - intoWeek(o.Start), // so that every start in a week sees the same week
		price: anchor, mood: 1,
	}
}

func (m *minutes) next() market.Bar {
	if intoWeek(m.time) == 5*day {
		m.time += 2 * day
		m.price *= 1 + float64(float64(volatility*weekendGap)*m.random.normal())
	}
	m.switchRegime()
	lively := moods[m.mood] * hours[modulo(m.time, day)/3600]
	deviation := volatility * lively

	bar := market.Bar{Time: m.time, Open: toTick(m.price)}
	change := float64(deviation*m.random.normal()) + float64(drift*float64(m.direction))
	change -= float64(pull * (m.price/anchor - 1))
	m.price *= 1 + change
	bar.Close = toTick(m.price)

	bits := m.random.next()
	bar.High = toTick(max(bar.Open, bar.Close) * (1 + float64(deviation*unit(bits))))
	bar.Low = toTick(min(bar.Open, bar.Close) * (1 - float64(deviation*unit(bits>>16))))
	bar.Volume = 1 + math.Floor(60*lively*unit(bits>>32))
	m.time += minute
	return bar
}

// quote returns that of the end of the minute at t, which ends at price. It takes
// nothing from random, so that prices are the same with it and without.
func (m *minutes) quote(t int64, price float64) market.Quote {
	random := splitMix{m.quotes ^ uint64(t)}
	half := float64(halfSpread*(0.5+random.uniform())) / hours[modulo(t, day)/3600]
	if intoWeek(t) < 3600 {
		half *= firstHour
	}
	return market.Quote{Bid: toTick(price * (1 - half)), Ask: toTick(price * (1 + half))}
}

func (m *minutes) switchRegime() {
	bits := m.random.next()
	if fraction(bits) < driftSwitch {
		m.direction = (m.direction+2+int(bits&1))%3 - 1 // one of the other two
	}
	if fraction(bits<<32) < moodSwitch {
		m.mood = (m.mood + 1 + int(bits>>32&1)) % 3
	}
}

// toTick rounds a price to the nearest tick.
func toTick(price float64) float64 {
	return math.Floor(float64(price*ticksPerOne)+0.5) / ticksPerOne
}

// splitMix is Vigna's SplitMix64.
type splitMix struct{ state uint64 }

func (s *splitMix) next() uint64 {
	s.state += 0x9E3779B97F4A7C15
	z := s.state
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// uniform returns a number in [0, 1). Its product with a power of two is exact,
// so that it does not matter whether a compiler fuses it with a sum.
func (s *splitMix) uniform() float64 { return float64(s.next()>>11) * 0x1p-53 }

// normal returns a number with mean 0 and variance 1 in (-3.5, 3.5): the scaled
// sum of four uniform numbers of 16 bits.
func (s *splitMix) normal() float64 {
	z := s.next()
	sum := z&0xffff + z>>16&0xffff + z>>32&0xffff + z>>48
	return float64(int64(sum)-2*0xffff) * (1.7320508 / 0x1p16)
}

// unit returns the lowest 16 bits as a number in [0, 1).
func unit(bits uint64) float64 { return float64(bits&0xffff) * 0x1p-16 }

// fraction returns the highest 32 bits as a number in [0, 1).
func fraction(bits uint64) float64 { return float64(bits>>32) * 0x1p-32 }
