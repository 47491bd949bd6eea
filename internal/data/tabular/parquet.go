package tabular

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

const defaultMaxRows = 50_000_000

var unknown = math.NaN()

// ReadParquet reads bars from a Parquet file of size bytes; name is what errors
// call it. Columns are found by the names that ReadCSV knows. Times are
// timestamps, dates, or integers that count Unix seconds or milliseconds; the
// lines of the report and of errors are rows, counted from 1.
//
// The rows are limited, but the pages of a file that was made to do harm can
// still unpack to gigabytes; CSV is the format for files of unknown origin.
func ReadParquet(r io.ReaderAt, size int64, name string, o ParquetOptions) (s market.Series, rep Report, err error) {
	c, err := newCollector(name, o.Options)
	if err != nil {
		return market.Series{}, Report{}, err
	}
	if o.MaxRows == 0 {
		o.MaxRows = defaultMaxRows
	}
	if err := c.readParquet(r, size, o.MaxRows); err != nil {
		return market.Series{}, Report{}, fmt.Errorf("%s: %w", name, err)
	}
	return c.finish()
}

// readParquet gives the rows of a file to the collector. The decoder panics on
// some damaged files, which is one more way for them to be unreadable.
func (c *collector) readParquet(r io.ReaderAt, size, maxRows int64) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("it is not a Parquet file that can be read: %v", p)
		}
	}()
	if err := checkFooter(r, size); err != nil {
		return fmt.Errorf("it is not a Parquet file that can be read: %w", err)
	}
	f, err := parquet.OpenFile(r, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return fmt.Errorf("it is not a Parquet file that can be read: %w", err)
	}
	if f.NumRows() > maxRows {
		return fmt.Errorf("it has %d rows, more than %d: split it, or allow more", f.NumRows(), maxRows)
	}
	columns := f.Root().Columns()
	labels := make([]string, len(columns))
	for i, column := range columns {
		labels[i] = column.Name()
	}
	l, n, ignored, err := layoutByHeader(labels, c.o.Columns)
	if err != nil {
		return err
	}
	if l.clock >= 0 {
		return fmt.Errorf("column %q holds a time of day apart from the date: want one column with both", n.clock)
	}
	c.names, c.report.Ignored = n, ignored
	reader := rowReader{collector: c, zone: zone{location: c.o.Location}, columns: []*parquet.Column{columns[l.time]}}
	reader.figures.volume = unknown
	reader.place(l, columns)
	if err := reader.checkTypes(); err != nil {
		return err
	}
	for _, group := range f.RowGroups() {
		if err := reader.readGroup(group); err != nil {
			return err
		}
	}
	return nil
}

// checkFooter refuses a footer that claims more bytes than the file has, for
// which the decoder would find memory first.
func checkFooter(r io.ReaderAt, size int64) error {
	var end [8]byte // the size of the footer, and PAR1
	if _, err := r.ReadAt(end[:], size-int64(len(end))); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if footer := int64(binary.LittleEndian.Uint32(end[:])); footer > size-int64(len(end)) {
		return fmt.Errorf("a footer of %d bytes in a file of %d", footer, size)
	}
	return nil
}

// A rowReader gives the rows of a Parquet file to a collector.
type rowReader struct {
	*collector
	columns []*parquet.Column // the time, then what goes to numbers
	figures figures           // of the row at hand
	numbers []*float64        // in figures, of columns[1:]
	zone    zone
	moment  func(parquet.Value) (m moment, problem string)
}

// place says which column goes where.
func (r *rowReader) place(l layout, columns []*parquet.Column) {
	put := func(from int, to *float64) {
		if from >= 0 {
			r.columns, r.numbers = append(r.columns, columns[from]), append(r.numbers, to)
		}
	}
	f := &r.figures
	for i, from := range l.prices {
		if put(from, &f.prices[i]); l.isMiddle {
			put(l.asks[i], &f.asks[i])
		}
	}
	put(l.volume, &f.volume)
	put(l.bid, &f.quote.Bid)
	put(l.ask, &f.quote.Ask)
}

func (r *rowReader) checkTypes() (err error) {
	for i, column := range r.columns {
		if !column.Leaf() || column.Repeated() {
			return fmt.Errorf("column %q holds more than one value in a row", column.Name())
		}
		switch codec := column.Compression().CompressionCodec(); codec {
		case format.Uncompressed, format.Snappy, format.Gzip, format.Zstd:
		default: // the decoder of LZ4 takes memory without end for a damaged page
			return fmt.Errorf("column %q is compressed with %s: want snappy, gzip, zstd or nothing", column.Name(), codec)
		}
		if i == 0 {
			r.moment, err = momentReader(column)
			if err != nil {
				return err
			}
			continue
		}
		switch column.Type().Kind() {
		case parquet.Double, parquet.Float:
		case parquet.Int32, parquet.Int64:
			if !isPlain(column.Type()) {
				return fmt.Errorf("column %q is %s: want double", column.Name(), column.Type())
			}
		default:
			return fmt.Errorf("column %q is %s: want double", column.Name(), column.Type())
		}
	}
	return nil
}

// isPlain says whether an integer column counts nothing but itself.
func isPlain(t parquet.Type) bool {
	lt := t.LogicalType()
	if lt == nil || lt.Value == nil {
		return t.ConvertedType() == nil
	}
	_, integer := lt.Value.(*format.IntType)
	return integer
}

// momentReader returns what reads the times of a column.
func momentReader(column *parquet.Column) (func(parquet.Value) (moment, string), error) {
	t := column.Type()
	if lt := t.LogicalType(); lt != nil {
		switch v := lt.Value.(type) {
		case *format.TimestampType:
			if t.Kind() == parquet.Int64 && v.Unit.Value != nil {
				return countReader(int64(time.Second/v.Unit.Value.Duration()), v.IsAdjustedToUTC), nil
			}
		case *format.DateType:
			if t.Kind() == parquet.Int32 {
				return func(v parquet.Value) (moment, string) {
					return moment{seconds: daySeconds * int64(v.Int32()), dateOnly: true}, ""
				}, nil
			}
		}
	}
	if ct := t.ConvertedType(); ct != nil && t.Kind() == parquet.Int64 {
		switch *ct {
		case deprecated.TimestampMillis:
			return countReader(1e3, true), nil
		case deprecated.TimestampMicros:
			return countReader(1e6, true), nil
		}
	}
	if t.Kind() == parquet.Int64 && isPlain(t) {
		return func(v parquet.Value) (moment, string) {
			m, _, problem := parseUnix(fmt.Append(nil, v.Int64()))
			return m, problem
		}, nil
	}
	return nil, fmt.Errorf("column %q is %s: want a timestamp, a date, or Unix seconds as int64", column.Name(), t)
}

// countReader reads times that count parts of a second.
func countReader(perSecond int64, utc bool) func(parquet.Value) (moment, string) {
	return func(v parquet.Value) (moment, string) {
		n := v.Int64()
		if n%perSecond != 0 {
			return moment{}, fmt.Sprintf("%d/%d is not at a whole second", n, perSecond)
		}
		return moment{seconds: n / perSecond, zoned: utc}, ""
	}
}

func (r *rowReader) readGroup(group parquet.RowGroup) (err error) {
	chunks := group.ColumnChunks()
	cursors := make([]*cursor, len(r.columns))
	for i, column := range r.columns {
		cursors[i] = &cursor{pages: chunks[column.Index()].Pages()}
		defer func() { err = errors.Join(err, cursors[i].close()) }()
	}
	values := make([]parquet.Value, len(cursors))
	for range group.NumRows() {
		for i, c := range cursors {
			if values[i], err = c.next(); err != nil {
				return fmt.Errorf("row %d of column %q: %w", r.report.Rows+1, r.columns[i].Name(), err)
			}
		}
		r.report.Rows++
		r.row(values)
	}
	return nil
}

func (r *rowReader) row(values []parquet.Value) {
	line := r.report.Rows
	if values[0].IsNull() {
		r.reject(line, r.columns[0].Name(), "null is not a time")
		return
	}
	m, problem := r.moment(values[0])
	if problem == "" {
		m.seconds, problem = r.zone.unix(m)
	}
	if problem != "" {
		r.reject(line, r.columns[0].Name(), problem)
		return
	}
	for i, to := range r.numbers {
		*to = number(values[i+1])
	}
	r.add(line, m.seconds, &r.figures)
}

// number returns a value as float64, and null as NaN.
func number(v parquet.Value) float64 {
	switch {
	case v.IsNull():
		return unknown
	case v.Kind() == parquet.Double:
		return v.Double()
	case v.Kind() == parquet.Float:
		return float64(v.Float())
	case v.Kind() == parquet.Int32:
		return float64(v.Int32())
	default:
		return float64(v.Int64())
	}
}

// A cursor gives out the values of a column one by one.
type cursor struct {
	pages  parquet.Pages
	page   parquet.Page
	values parquet.ValueReader
	buffer [256]parquet.Value
	unread []parquet.Value
}

func (c *cursor) next() (parquet.Value, error) {
	for len(c.unread) == 0 {
		if c.values != nil {
			n, err := c.values.ReadValues(c.buffer[:])
			c.unread = c.buffer[:n]
			if err != nil && !errors.Is(err, io.EOF) {
				return parquet.Value{}, err
			}
			if n > 0 {
				break
			}
			parquet.Release(c.page)
			c.values = nil
		}
		page, err := c.pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return parquet.Value{}, io.ErrUnexpectedEOF
		}
		if err != nil {
			return parquet.Value{}, err
		}
		c.page, c.values = page, page.Values()
	}
	v := c.unread[0]
	c.unread = c.unread[1:]
	return v, nil
}

func (c *cursor) close() error {
	if c.values != nil {
		parquet.Release(c.page)
	}
	return c.pages.Close()
}
