package trial

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"unsafe"

	"github.com/ktrdr/ktrdr/internal/core/backtest"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/ledger"
	"github.com/ktrdr/ktrdr/internal/core/sweep"
)

// HasVectors tells that this processor takes trials on in rounds.
func HasVectors() bool { return hasVectors }

// First is first.
var First = first

// WithoutRounds returns sh for trials one by one, which is the reference.
func (sh *Shared) WithoutRounds() *Shared {
	other := *sh
	other.rounds = false
	return &other
}

// A Stretch is a span of a lane: its bars, the levels that are looked for, and, of the
// bars before one is met, the extremes.
type Stretch struct {
	From, To     int
	Below, Above float64
	Least, Most  float64
}

// Stretches ends some stretches of columns where a level is met and finds the extremes
// until then, by vectors or in plain Go.
func Stretches(low, high []float64, all []Stretch, plain bool) {
	var s spans
	for i, x := range all {
		s.entry[i], s.end[i], s.below[i], s.above[i] = int64(x.From), int64(x.To), keyOf(x.Below), keyOf(x.Above)
	}
	x := extremesOf(low, high)
	if plain {
		x.leavesPlain(&s, len(all))
		x.betweenPlain(&s, len(all))
	} else {
		x.allLeave(&s, len(all))
		x.allBetween(&s, len(all))
	}
	for i := range all {
		all[i].To, all[i].Least, all[i].Most = int(s.end[i]), priceOf(s.least[i]), priceOf(s.most[i])
	}
}

// A Decline is what is known of the drawdown of a trial: the last peak, the lowest since,
// and the greatest drawdown before and its share of the peak.
type Decline struct{ Peak, Trough, Drawdown, DrawdownPct float64 }

// After returns what becomes of d, up to now, while a position is held at closes from
// from to to-1: at once or a close at a time.
func (d Decline) After(closes []float64, from, to int, sign, quantity, value, rest float64, atOnce bool) Decline {
	b := book{shared: shared{closes: extremesOf(closes, closes)}, peak: d.Peak, trough: d.Trough, drawdown: d.Drawdown, drawdownPct: d.DrawdownPct}
	if w := (worth{rest, sign, quantity, value}); atOnce {
		low, high := b.reach(&w, from, to)
		b.passes(&w, from, to, low, high)
	} else {
		for _, price := range closes[from:to] {
			b.mark(w.at(price))
		}
	}
	b.fall() // so far
	return Decline{b.peak, b.trough, b.drawdown, b.drawdownPct}
}

// A Standing is what is known of a trial after one of its trades.
type Standing struct {
	Money                      [6]float64 // realised, the peak, the drawdown and its share of the peak, won, lost
	Held, Trades, Wins, Losses int
	Entered, Flat, Decides     int // bars
	Orders                     ledger.OrderStream
	ended                      []float64 // at the ends of days
}

func (s *simulation) standing() Standing {
	b := s.book
	if b.trough < b.peak {
		b.fall()
	}
	return Standing{[6]float64{b.realised, b.peak, b.drawdown, b.drawdownPct, b.won, b.lost}, b.held, b.trades, b.wins, b.losses,
		s.open.bar, s.flat, s.decides(), s.orders, b.ended[:b.day]}
}

// Is tells that two standings have the same bits.
func (a Standing) Is(b Standing) bool {
	sameBits := func(x, y float64) bool { return math.Float64bits(x) == math.Float64bits(y) }
	return slices.EqualFunc(a.Money[:], b.Money[:], sameBits) && slices.EqualFunc(a.ended, b.ended, sameBits) && a.Orders == b.Orders &&
		[...]int{a.Held, a.Trades, a.Wins, a.Losses, a.Entered, a.Flat, a.Decides} == [...]int{b.Held, b.Trades, b.Wins, b.Losses, b.Entered, b.Flat, b.Decides}
}

// lane returns everything that c has of lane i.
func (c *columns) lane(i int) (words []uint64) {
	all := unsafe.Slice((*uint64)(unsafe.Pointer(c)), int(unsafe.Sizeof(*c)/8))
	for ; i < len(all); i += Together {
		words = append(words, all[i])
	}
	return words
}

// EachTrade takes the trials of s, at most Together plain ones, on by one trade at a time:
// by settle, and each by itself from order to order.
func (sh *Shared) EachTrade(s sweep.Space, compare comparison) error {
	variants, err := sweep.VariantsOf(sh.in.Strategy)
	if err != nil {
		return err
	}
	l, slow, n := newLanes(sh), newLanes(sh), sh.bars.Len()
	for i := range s.Len() {
		st, err := variants.Strategy(s.Trial(i))
		if err != nil {
			return err
		}
		p, on := policy{rules: decision.RulesOf(st), options: backtest.OptionsOf(st, sh.in.Options)}, new(signals)
		on.none(sh.all)
		on.atLeast(p.leastConfidence(), sh.all)
		l.sims[i].begin(p, on, nil)
		slow.sims[i].begin(p, on, nil)
		l.columns.load(i, &l.sims[i])
	}
	for left := l.plain(s.Len()); left != 0; {
		left = l.seek(left, n)
		sh.curves.closes.allBetween(&l.columns.spans, Together)
		before := l.columns
		for from := 0; from < Together; from += 8 {
			booked, passing := l.settle(from, uint8(left>>from))
			for i := from; i < from+8; i++ {
				if !l.settled(i, &slow.sims[i], &before, left>>i&1 != 0, booked>>(i-from)&1 != 0, passing>>(i-from)&1 != 0, compare) {
					left &^= 1 << i
				}
			}
		}
	}
	return nil
}

// A comparison is told of a trade, whether settle has to leave it to others, and of an
// error if settle did what it may not.
type comparison func(trial int, isRare bool, oneByOne, inRounds Standing, err error)

// settled compares lane i after settle with what slow becomes by the same trade, and
// reports whether the trial goes on. before is what the columns were.
func (l *lanes) settled(i int, slow *simulation, before *columns, trades, isBooked, isPassing bool, compare comparison) bool {
	var err error
	if !isBooked && (isPassing || !slices.Equal(before.lane(i), l.columns.lane(i))) {
		err = errors.New("the lane of no trade that was booked was written to")
	}
	if !trades {
		if isBooked || err != nil {
			compare(i, false, Standing{}, Standing{}, errors.New("a lane without a trade was booked, or written to"))
		}
		return false
	}
	closed := slow.book.wins + slow.book.losses
	slow.trade(int(before.entry[i]) - 1)
	isRare, goesOn := slow.state != running || slow.book.wins+slow.book.losses == closed, true
	if isBooked == isRare {
		err = fmt.Errorf("booked %v, rare %v", isBooked, isRare)
	}
	if isPassing {
		l.pass(i)
	}
	if c := &l.columns; isBooked {
		l.sims[i].book.days(int(c.last[i]), int(c.flat[i]), c.before[i], c.rest[i], float64(1+2*c.short[i]), c.quantity[i], c.value[i])
		c.store(i, &l.sims[i])
	} else {
		goesOn = l.rare(i)
	}
	compare(i, isRare, slow.standing(), l.sims[i].standing(), err)
	return goesOn
}
