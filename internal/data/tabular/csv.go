package tabular

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

const (
	defaultMaxBytes = 1 << 30
	maxLineBytes    = 64 << 10
	maxFields       = 256
)

// ReadCSV reads bars from r; name is what errors call the file. The error is a
// *BadRows if single rows are wrong.
func ReadCSV(r io.Reader, name string, o CSVOptions) (market.Series, Report, error) {
	c, err := newCollector(name, o.Options)
	if err != nil {
		return market.Series{}, Report{}, err
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = defaultMaxBytes
	}
	p := parser{collector: c, lines: newLines(r, o.MaxBytes), delimiter: o.Delimiter, zone: zone{location: c.o.Location}}
	if err := p.run(); err != nil {
		return market.Series{}, Report{}, fmt.Errorf("%s: %w", name, err)
	}
	return c.finish()
}

// A parser feeds the lines of a file to a collector.
type parser struct {
	*collector
	lines     *lines
	delimiter byte
	layout    layout
	zone      zone
	fields    [][]byte // of the line at hand
}

func (p *parser) run() error {
	first, err := p.lines.next()
	if errors.Is(err, io.EOF) {
		return errors.New("it is empty: want rows of time, open, high, low, close and volume")
	}
	if err != nil {
		return err
	}
	if p.delimiter == 0 {
		p.delimiter = detectDelimiter(first)
	}
	p.split(first)
	header, err := p.detect()
	if err != nil {
		return err
	}
	if !header {
		p.row()
	}
	for {
		line, err := p.lines.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		p.split(line)
		p.row()
	}
}

// detect finds the layout from the first line and says whether that is a header.
func (p *parser) detect() (header bool, err error) {
	numbers := 0
	for _, f := range p.fields[1:] {
		if _, ok := parseNumber(f); ok {
			numbers++
		}
	}
	if _, problem := parseMoment(p.fields[0]); problem == "" || numbers > 1 { // a row, if perhaps a bad one
		if p.o.Columns != (Columns{}) {
			return false, errors.New("columns are named, but the first line is not a header: add one")
		}
		p.layout, err = layoutByShape(p.fields)
		return false, err
	}
	columns := make([]string, len(p.fields))
	for i, f := range p.fields {
		columns[i] = string(f)
	}
	p.layout, p.names, p.report.Ignored, err = layoutByHeader(columns, p.o.Columns)
	return true, err
}

func detectDelimiter(line []byte) byte {
	for _, d := range [...]byte{'\t', ';'} {
		if bytes.IndexByte(line, d) >= 0 {
			return d
		}
	}
	return ','
}

func (p *parser) split(line []byte) {
	p.fields = p.fields[:0]
	for len(p.fields) < maxFields {
		end := bytes.IndexByte(line, p.delimiter)
		if end < 0 {
			p.fields = append(p.fields, trim(line))
			return
		}
		p.fields = append(p.fields, trim(line[:end]))
		line = line[end+1:]
	}
}

// row gives the row in fields to the collector.
func (p *parser) row() {
	p.report.Rows++
	line, l := p.lines.number, &p.layout
	if len(p.fields) != l.width {
		p.reject(line, "", fmt.Sprintf("%d fields, want %d as in the first line", len(p.fields), l.width))
		return
	}
	t, problem := p.time()
	if problem != "" {
		p.reject(line, p.names.time, problem)
		return
	}
	f := figures{volume: unknown}
	for i, from := range l.prices {
		var ok bool
		if f.prices[i], ok = parseNumber(p.fields[from]); !ok && l.isMiddle {
			f.prices[i], ok = parseUnknown(p.fields[from])
		}
		if !ok {
			p.reject(line, p.names.prices[i], notNumber(p.fields[from]))
			return
		}
	}
	if l.volume >= 0 {
		var ok bool
		if f.volume, ok = parseUnknown(p.fields[l.volume]); !ok {
			p.reject(line, p.names.volume, notNumber(p.fields[l.volume]))
			return
		}
	}
	if (l.isMiddle || l.bid >= 0) && !p.quotes(line, &f) {
		return
	}
	p.add(line, t, &f)
}

// quotes reads the quotes of the row in fields and tells whether they are numbers.
func (p *parser) quotes(line int, f *figures) bool {
	read := func(from int, name string, to *float64) (ok bool) {
		if *to, ok = parseUnknown(p.fields[from]); !ok {
			p.reject(line, name, notNumber(p.fields[from]))
		}
		return ok
	}
	if l := &p.layout; !l.isMiddle {
		return read(l.bid, p.names.bid, &f.quote.Bid) && read(l.ask, p.names.ask, &f.quote.Ask)
	}
	for i, from := range p.layout.asks {
		if !read(from, p.names.asks[i], &f.asks[i]) {
			return false
		}
	}
	return true
}

func notNumber(b []byte) string {
	if bytes.IndexByte(b, ',') >= 0 {
		return fmt.Sprintf("%.40q is not a number: want a point before decimals and nothing between thousands", b)
	}
	return fmt.Sprintf("%.40q is not a number", b)
}

// time returns the Unix second that the row in fields states.
func (p *parser) time() (t int64, problem string) {
	m, problem := parseMoment(p.fields[p.layout.time])
	if problem != "" {
		return 0, problem
	}
	if p.layout.clock >= 0 {
		if !m.dateOnly {
			return 0, fmt.Sprintf("%.40q is not a date, and column %s holds the time of day", p.fields[p.layout.time], p.names.clock)
		}
		second, rest, problem := cutClock(p.fields[p.layout.clock])
		if problem != "" {
			return 0, problem
		}
		if len(rest) > 0 {
			return 0, fmt.Sprintf("%.40q is not a time of day: want 15:04 or 15:04:05", p.fields[p.layout.clock])
		}
		m.seconds += second
	}
	return p.zone.unix(m)
}
