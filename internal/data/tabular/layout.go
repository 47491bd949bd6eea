package tabular

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ktrdr/ktrdr/internal/core/spell"
)

// A layout says where in a row the columns of a bar stand; -1 is nowhere.
type layout struct {
	width       int // fields in every row
	time, clock int
	prices      [4]int // open, high, low, close; of the bid where isMiddle
	asks        [4]int // where isMiddle: prices are the middle of bid and ask
	isMiddle    bool
	volume      int
	bid, ask    int // when the bar ends
}

// layoutByShape finds the layout of a file without header from its first row.
func layoutByShape(row [][]byte) (layout, error) {
	at := 1 // of the prices
	clock := -1
	if len(row) > 1 {
		date, problem := parseMoment(row[0])
		_, rest, notClock := cutClock(row[1])
		if problem == "" && date.dateOnly && notClock == "" && len(rest) == 0 {
			clock, at = 1, 2
		}
	}
	l := layout{width: len(row), time: 0, clock: clock, prices: [4]int{at, at + 1, at + 2, at + 3}, volume: -1, bid: -1, ask: -1}
	switch len(row) - at {
	case 4:
	case 5:
		l.volume = at + 4
	case 7:
		if clock < 0 {
			return layout{}, noLayout(len(row))
		}
		l.volume = at + 4
	default:
		return layout{}, noLayout(len(row))
	}
	return l, nil
}

func noLayout(columns int) error {
	return fmt.Errorf("it has no header and %d columns: want time, open, high, low, close and volume, or a header that names them", columns)
}

// Names of columns as normal gives them, likeliest first.
var (
	timeNames   = []string{"timestamp", "datetime", "opentime", "gmttime", "date", "time", "", "index", "indexlevel0", "unnamed:0"}
	priceNames  = [4][]string{{"open", "o"}, {"high", "h"}, {"low", "l"}, {"close", "c"}}
	volumeNames = []string{"volume", "tickvolume", "tickvol", "vol", "v"}
)

// normal returns a column's name without case, brackets, blanks and underscores.
func normal(name string) string {
	return strings.ToLower(strings.NewReplacer("<", "", ">", "", " ", "", "_", "").Replace(name))
}

// A header finds columns by name and notes the first that is missing.
type header struct {
	columns []string
	used    []bool
	err     error
}

// layoutByHeader finds the layout of a file with a header, and the columns that
// it leaves unused.
func layoutByHeader(columns []string, given Columns) (l layout, n names, ignored []string, err error) {
	h := &header{columns: columns, used: make([]bool, len(columns))}
	l.width = len(columns)
	l.time = h.find("time", given.Time, timeNames)
	if l.clock = -1; given.Clock != "" {
		l.clock = h.find("clock", given.Clock, nil)
	} else if given.Time == "" && l.time >= 0 && normal(columns[l.time]) == "date" {
		l.clock = h.search([]string{"time"})
	}
	h.prices(&l, given)
	h.quotes(&l)
	if l.volume = -1; given.Volume != "" {
		l.volume = h.find("volume", given.Volume, nil)
	} else {
		l.volume = h.search(volumeNames)
	}
	if h.err != nil {
		return layout{}, names{}, nil, h.err
	}
	for i, name := range columns {
		if !h.used[i] {
			ignored = append(ignored, name)
		}
	}
	n.time = columns[l.time]
	for i, at := range l.prices {
		if n.prices[i] = columns[at]; l.isMiddle {
			n.asks[i] = columns[l.asks[i]]
		}
	}
	if l.bid >= 0 {
		n.bid, n.ask = columns[l.bid], columns[l.ask]
	}
	if l.clock >= 0 {
		n.clock = columns[l.clock]
	}
	if l.volume >= 0 {
		n.volume = columns[l.volume]
	}
	if n.time == "" {
		n.time = "time"
	}
	return l, n, ignored, nil
}

// find returns the column called given, or else the first of the usual names.
func (h *header) find(what, given string, usual []string) int {
	if given != "" {
		i := slices.Index(h.columns, given)
		if i < 0 {
			h.fail(fmt.Errorf("it has no column %q to take as %s%s: it has %s", given, what, spell.Hint(given, h.columns), h.list()))
			return -1
		}
		return h.use(i)
	}
	i := h.search(usual)
	if i < 0 {
		h.fail(fmt.Errorf("it has no column for %s: it has %s; want one called %s, or say which it is", what, h.list(), usual[0]))
	}
	return i
}

func (h *header) search(usual []string) int {
	for _, name := range usual {
		if i := slices.IndexFunc(h.columns, func(c string) bool { return normal(c) == name }); i >= 0 {
			return h.use(i)
		}
	}
	return -1
}

// use marks a column, which must not be used already nor be there twice.
func (h *header) use(i int) int {
	if again := slices.Index(h.columns[i+1:], h.columns[i]); again >= 0 || h.used[i] {
		h.fail(fmt.Errorf("column %q is there or wanted twice: it has %s", h.columns[i], h.list()))
	}
	h.used[i] = true
	return i
}

func (h *header) fail(err error) {
	if h.err == nil {
		h.err = err
	}
}

func (h *header) list() string {
	const shown = 20
	if len(h.columns) <= shown {
		return fmt.Sprintf("%.40q", h.columns)
	}
	return fmt.Sprintf("%.40q and %d more", h.columns[:shown], len(h.columns)-shown)
}
