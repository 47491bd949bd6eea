package strategy

import (
	"cmp"
	"fmt"
	"time"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

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
