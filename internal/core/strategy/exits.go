package strategy

import (
	"fmt"

	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/label"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// Exits say when a position is left without a signal against it. A field that is
// zero says never. Fractions are of the price at which the position was entered,
// before slippage.
type Exits struct {
	FromLabel      bool    // as the labels place their barriers and their time limit; then nothing else is set
	StopLoss       float64 // fraction against the position
	TakeProfit     float64 // fraction in favour of it
	TrailingStop   float64 // fraction against it, from the best price at the close of a bar
	MaxHoldingBars int     // bars after which it is left at the close
	SessionEnd     Clock   // time of day at which it is left
}

// A Clock is a time of day in UTC as minutes from midnight, from 1 to 1440. The
// zero value is none.
type Clock int

// ParseClock reads hh:mm, from 00:01 to 24:00.
func ParseClock(s string) (Clock, error) {
	digit := func(i int) int { return int(s[i]) - '0' }
	isDigit := func(i int) bool { return s[i] >= '0' && s[i] <= '9' }
	if len(s) == 5 && s[2] == ':' && isDigit(0) && isDigit(1) && isDigit(3) && isDigit(4) && digit(3) < 6 {
		c := Clock(60*(10*digit(0)+digit(1)) + 10*digit(3) + digit(4))
		if c >= 1 && c <= 24*60 {
			return c, nil
		}
	}
	return 0, fmt.Errorf("%.20q is not a time of day: want hh:mm in UTC, from 00:01 to 24:00", s)
}

// String returns hh:mm, or "" for the zero value.
func (c Clock) String() string {
	if c == 0 {
		return ""
	}
	return fmt.Sprintf("%02d:%02d", int(c)/60, int(c)%60)
}

// MarshalText implements encoding.TextMarshaler.
func (c Clock) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (c *Clock) UnmarshalText(text []byte) error {
	if *c = 0; len(text) == 0 {
		return nil
	}
	parsed, err := ParseClock(string(text))
	if err != nil {
		return err
	}
	*c = parsed
	return nil
}

// exitsFromLabel is the value of exits that takes them from the labels.
const exitsFromLabel = "from_label"

var exitsShape = document.Keys{
	Names: []string{"stop_loss", "take_profit", "trailing_stop", "max_holding_bars", "session_end"},
	Hints: map[string]string{
		"stop":               "the key is called stop_loss",
		"sl":                 "the key is called stop_loss",
		"target":             "the key is called take_profit",
		"tp":                 "the key is called take_profit",
		"max_holding_period": "the key is called max_holding_bars",
		"from_label":         "write exits: from_label",
	},
}

func (d *decoder) exits(s *Strategy, f document.Mapping) {
	n, ok := f.Get("exits")
	if !ok {
		return
	}
	if n.IsScalar() {
		_, s.Decisions.Exits.FromLabel = n.Choice([]string{exitsFromLabel})
		return
	}
	if f, ok = n.Mapping(exitsShape); !ok {
		return
	}
	x, below1 := &s.Decisions.Exits, document.Interval{Low: 0, LowOpen: true, High: 1, HighOpen: true}
	x.StopLoss = f.Number("stop_loss", 0, below1)
	x.TakeProfit = f.Number("take_profit", 0, document.Interval{Low: 0, LowOpen: true, High: 100})
	x.TrailingStop = f.Number("trailing_stop", 0, below1)
	x.MaxHoldingBars = f.Whole("max_holding_bars", 0, 1, maxBars)
	if n, ok := f.Get("session_end"); ok {
		d.sessionEnd(x, n)
	}
	if n, ok := f.Get("stop_loss"); ok && x.TrailingStop > 0 && x.StopLoss >= x.TrailingStop {
		n.Problem("it would have no effect: the trailing_stop of %v is at least as near from the start: remove one", x.TrailingStop)
	}
}

func (d *decoder) sessionEnd(x *Exits, n document.Node) {
	v, ok := n.Text()
	if !ok {
		return
	}
	clock, err := ParseClock(v)
	if err != nil {
		n.Problem("%s", err.Error())
		return
	}
	x.SessionEnd = clock
}

// exitsFit reports exits of the decisions n that cannot act with the labels or
// the timeframe, which are read after them.
func (d *decoder) exitsFit(s *Strategy, n document.Node) {
	at := n
	if x, ok := n.Peek("exits"); ok {
		at = x
	}
	x := s.Decisions.Exits
	switch source := s.Training.Labels.Source; {
	case !x.FromLabel || source == "" || source == label.TripleBarrier || source == label.ForwardReturn:
	default:
		at.Problem("%s labels have no exit to take over: want labels of source triple_barrier or forward_return, or the exits written out, for example {stop_loss: 0.02, take_profit: 0.04}", source)
	}
	if base := d.decidesOn(s); x.SessionEnd != 0 && base >= market.Day1 {
		at.Problem("%s", sessionOfDays(base))
	}
}

// sessionOfDays says why bars of tf have no session_end.
func sessionOfDays(tf market.Timeframe) string {
	return fmt.Sprintf("session_end would close every position on the bar of its entry: the bars of base timeframe %s are not shorter than a day", tf)
}

// exitsValue is the exits in the form of the file.
func exitsValue(x Exits) any {
	if x.FromLabel {
		return exitsFromLabel
	}
	var o object
	for _, m := range []member{{"stop_loss", x.StopLoss}, {"take_profit", x.TakeProfit}, {"trailing_stop", x.TrailingStop}} {
		if m.value != 0.0 {
			o = append(o, m)
		}
	}
	if x.MaxHoldingBars > 0 {
		o = append(o, member{"max_holding_bars", x.MaxHoldingBars})
	}
	if x.SessionEnd != 0 {
		o = append(o, member{"session_end", x.SessionEnd.String()})
	}
	return o
}
