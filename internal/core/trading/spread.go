package trading

import (
	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

var (
	spreadShape        = document.Keys{Names: []string{"usual", "time_zone", "sessions"}, Hints: map[string]string{"default": "the key is called usual", "timezone": "the key is called time_zone"}}
	spreadSessionShape = document.Keys{Names: []string{"from", "to", "spread"}}
)

// maxSessions bounds the sessions of a spread: more are a table and not a rule.
const maxSessions = 24

// readSpread reads quotes, a distance, or a mapping with sessions.
func readSpread(n document.Node) *strategy.Spread {
	if n.IsScalar() {
		if n.Raw() == strategy.SpreadQuotes {
			return &strategy.Spread{Quotes: true}
		}
		if v, ok := readDistance(n); ok {
			return &strategy.Spread{Usual: v}
		}
		return nil
	}
	f, ok := n.Mapping(spreadShape)
	if !ok {
		return nil
	}
	s := &strategy.Spread{}
	if n, ok := f.Need("usual", "the spread outside of the sessions, for example 0.8 pips"); ok {
		s.Usual, _ = readDistance(n)
	}
	if n, ok := f.Get("time_zone"); ok {
		if v, ok := n.Text(); ok {
			var err error
			if s.Zone, err = market.ParseZone(v); err != nil {
				n.Problem("%s", err.Error())
			}
		}
	}
	n, ok = f.Need("sessions", "when the spread is another one, for example [{from: 17:00, to: 18:00, spread: 3 pips}]; without them write spread: 0.8 pips")
	if !ok {
		return s
	}
	items, ok := n.List()
	if ok && (len(items) == 0 || len(items) > maxSessions) {
		n.Problem("want 1 to %d sessions, have %d", maxSessions, len(items))
		return s
	}
	for _, item := range items {
		if f, ok := item.Mapping(spreadSessionShape); ok {
			s.Sessions = append(s.Sessions, readSession(f))
		}
	}
	return s
}

func readSession(f document.Mapping) (s strategy.SpreadSession) {
	for _, c := range []struct {
		key string
		at  *strategy.Clock
	}{{"from", &s.From}, {"to", &s.To}} {
		if n, ok := f.Need(c.key, "a time of day such as 17:00"); ok {
			*c.at = readClock(n)
		}
	}
	if n, ok := f.Need("spread", "the spread of the session, for example 3 pips"); ok {
		s.Spread, _ = readDistance(n)
	}
	return s
}

// readClock reads hh:mm; 00:00 is the midnight that ends the day.
func readClock(n document.Node) strategy.Clock {
	v, ok := n.Text()
	if !ok {
		return 0
	}
	if v == "00:00" {
		v = "24:00"
	}
	c, err := strategy.ParseClock(v)
	if err != nil {
		n.Problem("%.20q is not a time of day: want hh:mm", v)
	}
	return c
}

var otherQuotes = map[string]bool{"bid_ask": true, "columns": true, "from_data": true, "data": true, "bars": true, "quote": true}

// readDistance reads a distance, which may be a bare number.
func readDistance(n document.Node) (strategy.Distance, bool) {
	if !n.IsScalar() || n.IsNull() {
		n.Problem("want a distance of prices such as 0.0002, 0.8 pips or 2 bps, have %s", n.Describe())
		return strategy.Distance{}, false
	}
	switch word := n.Raw(); {
	case word == strategy.SpreadQuotes:
		n.Problem("quotes are a spread by themselves, which changes from bar to bar: write spread: quotes, or a distance here")
		return strategy.Distance{}, false
	case otherQuotes[word]:
		n.Problem("the spread that bars bring along is called quotes: write spread: quotes, or a distance such as 0.8 pips")
		return strategy.Distance{}, false
	}
	v, err := strategy.ParseDistance(n.Raw())
	if err != nil {
		n.Problem("%s", err.Error())
	}
	return v, err == nil
}
