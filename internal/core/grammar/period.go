package grammar

import (
	"errors"

	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

var dateRangeShape = document.Keys{
	Names: []string{"start", "end"},
	Hints: map[string]string{"from": "the key is called start", "to": "the key is called end",
		"start_date": "the key is called start", "end_date": "the key is called end"},
}

// dateRange reads the range of bars that are trained on.
func (d *decoder) dateRange(s *strategy.Strategy, f document.Mapping) {
	n, ok := f.Get("date_range")
	if !ok {
		return
	}
	if f, ok = n.Mapping(dateRangeShape); !ok {
		return
	}
	start, hasStart := moment(f, "start")
	end, hasEnd := moment(f, "end")
	switch period, err := market.ParseSpan(start, end); {
	case err != nil:
		n.Problem("%v", err)
	case !hasStart && !hasEnd && !f.IsRefused():
		n.Problem("it says nothing: want start, end or both, for example {start: 2012-01-01, end: 2017-12-31}")
	default:
		s.Period = period
	}
}

// moment reads a day or moment, in quotes or without; there tells that the key is
// there, even if it is wrong.
func moment(f document.Mapping, key string) (text string, there bool) {
	n, there := f.Get(key)
	if !there {
		return "", false
	}
	text = n.Raw()
	if !n.IsDate() {
		var ok bool
		if text, ok = n.Text(); !ok {
			return "", true
		}
	}
	if _, err := market.ParseSpan(text, ""); err != nil {
		n.Problem("%v", errors.Unwrap(err))
		return "", true
	}
	return text, true
}
