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
// lie in its range: bars that the file leaves out are kept for something else, and
// nobody should use them by a slip.
func (s *Strategy) TrainingDates(start, end string) (first, last string, err error) {
	return s.datesIn(s.Period, "training", "training_data.date_range", start, end)
}

// BacktestDates is TrainingDates of a backtest. What its range leaves out is kept for
// a last look, or for a training.
func (s *Strategy) BacktestDates(start, end string) (first, last string, err error) {
	return s.datesIn(s.BacktestPeriod, "backtest", "backtest.date_range", start, end)
}

// datesIn returns the dates of work for which somebody asks for start and end; p is
// what the file says about it under key.
func (s *Strategy) datesIn(p market.Span, work, key, start, end string) (first, last string, err error) {
	asked, err := market.ParseSpan(start, end)
	if err != nil {
		return "", "", err
	}
	outside := p.From != 0 && (asked.From != 0 && asked.From < p.From || asked.To != 0 && asked.To <= p.From) ||
		p.To != 0 && (asked.To > p.To || asked.From >= p.To)
	if outside {
		return "", "", fmt.Errorf("a %s from %s to %s is outside of what strategy %s is written for: %s is %s. Choose dates in it, or change the file",
			work, cmp.Or(start, "the first bar"), cmp.Or(end, "the last bar"), s.Name, key, PeriodText(p))
	}
	from, to := periodDates(p)
	return cmp.Or(start, from), cmp.Or(end, to), nil
}

// PeriodText says which bars a range of a file holds; "" where it does not say it.
func PeriodText(p market.Span) string {
	if p == (market.Span{}) {
		return ""
	}
	from, to := periodDates(p)
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

// periodObject is p in the form of the file, nil where it says nothing.
func periodObject(p market.Span) object {
	var o object
	start, end := periodDates(p)
	if start != "" {
		o = append(o, member{"start", start})
	}
	if end != "" {
		o = append(o, member{"end", end})
	}
	return o
}
