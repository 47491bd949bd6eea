package tabular

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

// A collector turns rows into a series and says what became of them.
type collector struct {
	file   string
	o      Options
	names  names // of the file's columns, for errors
	series market.Series
	lines  []uint32 // of the rows in series
	bad    BadRows
	report Report
}

// names holds what a file calls the columns of a bar.
type names struct {
	time, clock string
	prices      [4]string // of the bid where there are asks
	asks        [4]string // "" where prices are all there is
	volume      string
	bid, ask    string
}

var plainNames = names{time: "time", clock: "clock", prices: [4]string{"open", "high", "low", "close"}, volume: "volume"}

// of returns what the file calls a column that market.BarError names.
func (n names) of(column string) string {
	i := slices.Index(plainNames.prices[:], column)
	switch {
	case i >= 0 && n.asks[i] != "":
		return "the middle of " + n.prices[i] + " and " + n.asks[i]
	case i >= 0:
		return n.prices[i]
	case column == "bid":
		return n.bid
	case column == "ask":
		return n.ask
	}
	return n.volume
}

// figures are the numbers of a row. What the file has no column for is not used.
type figures struct {
	prices, asks [4]float64
	volume       float64
	quote        market.Quote
}

func newCollector(file string, o Options) (*collector, error) {
	if _, err := market.ParseSymbol(string(o.Symbol)); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if _, err := market.ParseTimeframe(o.Timeframe.String()); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if o.Location == nil {
		o.Location = time.UTC
	}
	return &collector{
		file: file, o: o, series: market.NewSeries(o.Symbol, o.Timeframe, 0), bad: BadRows{File: file},
		names: plainNames,
	}, nil
}

// add takes a row over unless it is bad. A volume of -1 means not reported.
func (c *collector) add(line int, t int64, f *figures) {
	if f.volume == -1 {
		f.volume = math.NaN()
	}
	if c.names.asks[0] != "" {
		if !c.middle(line, f) {
			return
		}
	} else if c.names.bid == "" {
		f.quote = market.NoQuote()
	} else if !c.isQuoted(line, f.quote) {
		return
	}
	b := market.Bar{Time: t, Open: f.prices[0], High: f.prices[1], Low: f.prices[2], Close: f.prices[3], Volume: f.volume}
	err := b.Check()
	if err == nil {
		err = f.quote.Check()
	}
	if err != nil {
		if broken, ok := errors.AsType[*market.BarError](err); ok {
			c.reject(line, c.names.of(broken.Column), broken.Problem)
		} else {
			c.reject(line, "", err.Error())
		}
		return
	}
	c.series.AppendQuoted(b, f.quote)
	c.lines = append(c.lines, uint32(line))
}

// isQuoted tells that both sides are there; a row without them is rejected.
func (c *collector) isQuoted(line int, q market.Quote) bool {
	for _, side := range [...]struct {
		name  string
		price float64
	}{{c.names.bid, q.Bid}, {c.names.ask, q.Ask}} {
		if side.price != side.price {
			c.reject(line, side.name, "there is no quote: want one in every row, or no columns of quotes")
			return false
		}
	}
	return true
}

// middle puts the middle of bid and ask in the place of the prices, and their
// closes in that of the quote. A row in which they are crossed is rejected.
//
//	price = (bid + ask) / 2
func (c *collector) middle(line int, f *figures) bool {
	for i, bid := range f.prices {
		q := market.Quote{Bid: bid, Ask: f.asks[i]}
		name, problem := c.names.asks[i], ""
		if !q.IsKnown() {
			problem = "there is no quote: want a bid and an ask in every row"
		} else if broken, ok := errors.AsType[*market.BarError](q.Check()); ok {
			if problem = broken.Problem; broken.Column == "bid" {
				name = c.names.prices[i]
			}
		}
		if problem != "" {
			c.reject(line, name, problem)
			return false
		}
		f.prices[i], f.quote = (bid+f.asks[i])/2, q
	}
	return true
}

func (c *collector) reject(line int, column, problem string) {
	c.bad.add(BadRow{Line: line, Column: column, Problem: problem})
}

// finish sorts the rows, checks them against each other, and returns what may be
// imported.
func (c *collector) finish() (market.Series, Report, error) {
	c.sort()
	c.dropDuplicates()
	if err := c.checkSpacing(); err != nil {
		return market.Series{}, Report{}, err
	}
	c.bad.sort()
	if c.bad.Total > 0 && !c.o.SkipBad {
		return market.Series{}, Report{}, &c.bad
	}
	if c.series.Len() == 0 {
		return market.Series{}, Report{}, fmt.Errorf("%s: it has no good row: want at least one bar", c.file)
	}
	for _, v := range c.series.Volume {
		if v != v {
			c.report.UnknownVolumes++
		}
	}
	c.report.Bars = c.series.Len()
	c.report.Skipped = c.bad
	return c.series, c.report, nil
}

// sort orders the rows by time, rows of one time as they stood in the file.
func (c *collector) sort() {
	newest := int64(math.MinInt64)
	for _, t := range c.series.Time {
		if t < newest {
			c.report.Unsorted++
		}
		newest = max(newest, t)
	}
	if c.report.Unsorted == 0 {
		return
	}
	index := make([]int, c.series.Len())
	for i := range index {
		index[i] = i
	}
	slices.SortStableFunc(index, func(i, j int) int {
		switch a, b := c.series.Time[i], c.series.Time[j]; {
		case a < b:
			return -1
		case a > b:
			return 1
		}
		return 0
	})
	c.keep(index)
}

// keep replaces the rows by those at the indices.
func (c *collector) keep(index []int) {
	old, lines := c.series, c.lines
	c.series = market.NewSeries(old.Symbol, old.Timeframe, len(index))
	c.lines = make([]uint32, 0, len(index))
	for _, i := range index {
		c.series.AppendQuoted(old.Bar(i), old.Quote(i))
		c.lines = append(c.lines, lines[i])
	}
}

// dropDuplicates keeps one of equal rows and rejects all rows of a time that has
// different ones.
func (c *collector) dropDuplicates() {
	times := c.series.Time
	repeated := false
	for i := 1; i < len(times) && !repeated; i++ {
		repeated = times[i] == times[i-1]
	}
	if !repeated {
		return
	}
	var index []int
	for i := 0; i < len(times); {
		j := i + 1
		equal := true
		for ; j < len(times) && times[j] == times[i]; j++ {
			equal = equal && sameBar(c.series.Bar(j), c.series.Bar(i)) && (!c.series.HasQuotes() || c.series.Quote(j) == c.series.Quote(i))
		}
		if equal {
			index = append(index, i)
			c.report.Duplicates += j - i - 1
		} else {
			c.rejectConflict(i, j)
		}
		i = j
	}
	c.keep(index)
}

func (c *collector) rejectConflict(i, j int) {
	for k := i; k < j; k++ {
		other := c.lines[i]
		if k == i {
			other = c.lines[i+1]
		}
		c.reject(int(c.lines[k]), c.names.time, fmt.Sprintf("%s stands on line %d too, with other values", market.Stamp(c.series.Time[k]), other))
	}
}

func sameBar(a, b market.Bar) bool {
	if a.Volume != a.Volume && b.Volume != b.Volume {
		a.Volume, b.Volume = 0, 0
	}
	return a == b
}
