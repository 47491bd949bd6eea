package strategy

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

var dateRangeShape = document.Keys{
	Names: []string{"start", "end"},
	Hints: map[string]string{"from": "the key is called start", "to": "the key is called end",
		"start_date": "the key is called start", "end_date": "the key is called end"},
}

// dateRange reads the range of bars that are trained on.
func (d *decoder) dateRange(s *Strategy, f document.Mapping) {
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

// TrainingDates returns the first and the last day or moment of a training for
// which somebody asks for those, as market.ParseSpan reads them; "" asks for
// nothing and stands for no bound. Where nothing is asked for it is the range that
// the file names; dates that are asked for come before those of the file and must
// lie in its range.
func (s *Strategy) TrainingDates(start, end string) (first, last string, err error) {
	asked, err := market.ParseSpan(start, end)
	if err != nil {
		return "", "", err
	}
	p := s.Period
	outside := p.From != 0 && (asked.From != 0 && asked.From < p.From || asked.To != 0 && asked.To <= p.From) ||
		p.To != 0 && (asked.To > p.To || asked.From >= p.To)
	if outside {
		return "", "", fmt.Errorf("a training from %s to %s is outside of what strategy %s is written for: training_data.date_range is %s. Choose dates in it, or change the file",
			cmp.Or(start, "the first bar"), cmp.Or(end, "the last bar"), s.Name, s.PeriodText())
	}
	from, to := periodDates(p)
	return cmp.Or(start, from), cmp.Or(end, to), nil
}

// PeriodText says which bars are trained on where a request does not; "" where the
// file does not say it either.
func (s *Strategy) PeriodText() string {
	if s.Period == (market.Span{}) {
		return ""
	}
	from, to := periodDates(s.Period)
	return cmp.Or(from, "the first bar") + " to " + cmp.Or(to, "the last bar")
}

// periodDates writes the ends of p as market.ParseSpan reads them, "" for one that
// is open.
func periodDates(p market.Span) (start, end string) {
	const day = 86400
	if start = ""; p.From != 0 {
		if start = market.Stamp(p.From); p.From%day == 0 {
			start = start[:len(time.DateOnly)]
		}
	}
	if end = ""; p.To != 0 {
		if end = market.Stamp(p.To - 1); p.To%day == 0 {
			end = end[:len(time.DateOnly)]
		}
	}
	return start, end
}

func (s *Strategy) periodObject() object {
	var o object
	start, end := periodDates(s.Period)
	if start != "" {
		o = append(o, member{"start", start})
	}
	if end != "" {
		o = append(o, member{"end", end})
	}
	return o
}
