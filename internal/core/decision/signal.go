package decision

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// A Signal is a direction to trade in. The zero value is Hold.
type Signal int8

// The signals.
const (
	Sell Signal = -1
	Hold Signal = 0
	Buy  Signal = 1
)

// String returns BUY, HOLD or SELL.
func (s Signal) String() string {
	switch s {
	case Sell:
		return "SELL"
	case Hold:
		return "HOLD"
	case Buy:
		return "BUY"
	}
	return fmt.Sprintf("Signal(%d)", int8(s))
}

// ParseSignal returns the signal named BUY, HOLD or SELL.
func ParseSignal(name string) (Signal, error) {
	for _, s := range [...]Signal{Buy, Hold, Sell} {
		if s.String() == name {
			return s, nil
		}
	}
	return Hold, fmt.Errorf("unknown signal %q: want BUY, HOLD or SELL", name)
}

// MarshalText implements encoding.TextMarshaler.
func (s Signal) MarshalText() ([]byte, error) {
	if s < Sell || s > Buy {
		return nil, fmt.Errorf("%v is not a signal", s)
	}
	return []byte(s.String()), nil
}

// UnmarshalText implements encoding.TextUnmarshaler with ParseSignal.
func (s *Signal) UnmarshalText(text []byte) error {
	parsed, err := ParseSignal(string(text))
	if err != nil {
		return err
	}
	*s = parsed
	return nil
}

// A Position is the side that is held. Its sign is that of the Signal that
// opens it. The zero value is Flat.
type Position int8

// The positions.
const (
	Short Position = -1
	Flat  Position = 0
	Long  Position = 1
)

// String returns LONG, FLAT or SHORT.
func (p Position) String() string {
	switch p {
	case Short:
		return "SHORT"
	case Flat:
		return "FLAT"
	case Long:
		return "LONG"
	}
	return fmt.Sprintf("Position(%d)", int8(p))
}

// MarshalText implements encoding.TextMarshaler.
func (p Position) MarshalText() ([]byte, error) {
	if p < Short || p > Long {
		return nil, fmt.Errorf("%v is not a position", p)
	}
	return []byte(p.String()), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (p *Position) UnmarshalText(text []byte) error {
	for _, candidate := range [...]Position{Short, Flat, Long} {
		if candidate.String() == string(text) {
			*p = candidate
			return nil
		}
	}
	return fmt.Errorf("unknown position %q: want LONG, FLAT or SHORT", text)
}

// A Raw is what the model says at one bar. The zero value is a bar at which it
// could not be asked. Confidence lies in [0, 1] and is 0 where Known is false.
type Raw struct {
	Confidence float32
	Signal     Signal
	Known      bool // false where the features of the bar are incomplete

	// Withheld, where it is not Acted, is why whoever asked the model lets nothing
	// follow from its Signal: the rules answer with Hold and this reason.
	Withheld Reason
	// Leave closes what is held, whatever Signal and Withheld say. While flat it
	// means nothing.
	Leave bool
}

// A Reason says why a decision came out as it did.
type Reason uint8

// The reasons. All but Acted belong to Hold.
const (
	Acted           Reason = iota // the signal stands: an order follows
	NoFeatures                    // the features of the bar are incomplete, so the model was not asked
	ModelHold                     // the model itself says hold
	BelowCost                     // the predicted return does not exceed the cost threshold (regression)
	BelowConfidence               // the model is less sure than the confidence threshold (classification)
	Holding                       // the position is already on that side; it is not added to
	ShortNotAllowed               // a sell while flat, where shorts are not allowed
	Separation                    // an entry too soon after the last one
	NoVolatility                  // an entry whose exits or size need the volatility of the bar, which is not known
	NoEvent                       // the model was trained on events, and the bar is none
	NoRegime                      // the regime of the bar is not known
	OutOfRegime                   // no model trades in the regime of the bar
	BelowContext                  // sure enough for the model, but not for the context of the bar
	Skipped                       // a meta-model says that following the model does not pay
	reasonCount
)

var reasonNames = [reasonCount]string{
	Acted: "acted", NoFeatures: "no_features", ModelHold: "model_hold", BelowCost: "below_cost",
	BelowConfidence: "below_confidence", Holding: "holding", ShortNotAllowed: "short_not_allowed", Separation: "separation", NoVolatility: "no_volatility",
	NoEvent: "no_event", NoRegime: "no_regime", OutOfRegime: "out_of_regime", BelowContext: "below_context", Skipped: "skipped",
}

// String returns the name, for example below_confidence.
func (r Reason) String() string {
	if r >= reasonCount {
		return fmt.Sprintf("Reason(%d)", uint8(r))
	}
	return reasonNames[r]
}

// Reasons returns all reasons in a fixed order.
func Reasons() []Reason {
	all := make([]Reason, reasonCount)
	for i := range all {
		all[i] = Reason(i)
	}
	return all
}

// Counts holds how many decisions had each reason, indexed by Reason.
type Counts [reasonCount]int

// Total returns the number of decisions.
func (c Counts) Total() int {
	total := 0
	for _, n := range c {
		total += n
	}
	return total
}

// MarshalJSON writes an object with one key per reason, in the order of Reasons.
func (c Counts) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	for i, n := range c {
		separator := `,"`
		if i == 0 {
			separator = `{"`
		}
		b.WriteString(separator + reasonNames[i] + `":` + strconv.Itoa(n))
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// UnmarshalJSON reads what MarshalJSON writes. A reason that is not there counts
// 0; an unknown one is an error.
func (c *Counts) UnmarshalJSON(text []byte) error {
	byName := map[string]int{}
	if err := json.Unmarshal(text, &byName); err != nil {
		return fmt.Errorf("decision counts: %w", err)
	}
	*c = Counts{}
	for i, name := range reasonNames {
		c[i] = byName[name]
		delete(byName, name)
	}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		return fmt.Errorf("decision counts: unknown reason %q", name)
	}
	return nil
}
