package strategy

import (
	"fmt"

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

// ExitsFromLabel is the value of exits that takes them from the labels.
const ExitsFromLabel = "from_label"

// Fit returns an error where x cannot act on base bars of tf.
func (x Exits) Fit(tf market.Timeframe) error {
	if x.SessionEnd == 0 || tf < market.Day1 {
		return nil
	}
	return fmt.Errorf("session_end would close every position on the bar of its entry: the bars of base timeframe %s are not shorter than a day", tf)
}

// exitsValue is the exits in the form of the file.
func exitsValue(x Exits) any {
	if x.FromLabel {
		return ExitsFromLabel
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
