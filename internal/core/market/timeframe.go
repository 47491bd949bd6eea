package market

import (
	"fmt"
	"strings"
	"time"
)

// A Timeframe is the length of a bar. The zero value is not a timeframe and
// panics where a length is asked of it; ParseTimeframe makes one that cannot be
// wrong.
type Timeframe uint8

// The timeframes, shortest first, so that they compare with <.
const (
	Minute1 Timeframe = iota + 1
	Minute5
	Minute15
	Minute30
	Hour1
	Hour2
	Hour4
	Day1
	Week1
	Month1
)

var timeframeNames = [...]string{Minute1: "1m", Minute5: "5m", Minute15: "15m", Minute30: "30m",
	Hour1: "1h", Hour2: "2h", Hour4: "4h", Day1: "1d", Week1: "1w", Month1: "1M"}

var timeframeSeconds = [...]int64{Minute1: 60, Minute5: 300, Minute15: 900, Minute30: 1800,
	Hour1: 3600, Hour2: 7200, Hour4: 14400, Day1: 86400, Week1: 7 * 86400, Month1: 30 * 86400}

// Timeframes returns all timeframes, shortest first.
func Timeframes() []Timeframe {
	return []Timeframe{Minute1, Minute5, Minute15, Minute30, Hour1, Hour2, Hour4, Day1, Week1, Month1}
}

// TimeframeNames returns how the timeframes of list are written.
func TimeframeNames(list []Timeframe) []string {
	names := make([]string, len(list))
	for i, tf := range list {
		names[i] = tf.String()
	}
	return names
}

// ParseTimeframe returns the timeframe named s. Names are exact: 1m is a
// minute and 1M a month.
func ParseTimeframe(s string) (Timeframe, error) {
	for _, tf := range Timeframes() {
		if timeframeNames[tf] == s {
			return tf, nil
		}
	}
	return 0, fmt.Errorf("unknown timeframe %.40q: want one of %s", s, strings.Join(timeframeNames[1:], " "))
}

// String returns the name, for example 1h, or Timeframe(n) for a value that is
// not a timeframe.
func (tf Timeframe) String() string {
	if tf < Minute1 || tf > Month1 {
		return fmt.Sprintf("Timeframe(%d)", uint8(tf))
	}
	return timeframeNames[tf]
}

// MarshalText implements encoding.TextMarshaler; it refuses the zero value.
func (tf Timeframe) MarshalText() ([]byte, error) {
	if tf < Minute1 || tf > Month1 {
		return nil, fmt.Errorf("%v is not a timeframe", tf)
	}
	return []byte(timeframeNames[tf]), nil
}

// UnmarshalText implements encoding.TextUnmarshaler with ParseTimeframe.
func (tf *Timeframe) UnmarshalText(text []byte) error {
	parsed, err := ParseTimeframe(string(text))
	if err != nil {
		return err
	}
	*tf = parsed
	return nil
}

// Seconds returns the nominal length of a bar in seconds; 30 days for a month.
// Use End where the end of one bar matters.
func (tf Timeframe) Seconds() int64 {
	if tf < Minute1 || tf > Month1 {
		panic("market: " + tf.String() + " has no length")
	}
	return timeframeSeconds[tf]
}

// End returns the Unix second at which the bar that opens at open ends, and so
// becomes available: open plus the length, or the same day of the next month
// for Month1.
func (tf Timeframe) End(open int64) int64 {
	if tf == Month1 {
		return time.Unix(open, 0).UTC().AddDate(0, 1, 0).Unix()
	}
	return open + tf.Seconds()
}
