package tabular

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

// checkQuotes refuses quotes of some bars, which no reader would take.
func checkQuotes(s market.Series) error {
	for i := range s.Bid {
		if !s.Quote(i).IsKnown() {
			return fmt.Errorf("the bar at %s has no quote, and others have: write those with quotes, or none of them", market.Stamp(s.Time[i]))
		}
	}
	return nil
}

// WriteCSV writes s with a header, UTC times (2006-01-02T15:04:05Z), the
// shortest numbers that stand for the same bits, nothing for a volume that is not
// reported, and columns bid and ask where all bars have quotes; if only some have,
// it is an error. ReadCSV gives the same bits back.
func WriteCSV(w io.Writer, s market.Series) error {
	if err := checkQuotes(s); err != nil {
		return fmt.Errorf("write CSV of %s %s: %w", s.Symbol, s.Timeframe, err)
	}
	header := "timestamp,open,high,low,close,volume"
	if s.HasQuotes() {
		header += ",bid,ask"
	}
	out := bufio.NewWriterSize(w, 1<<16)
	if _, err := out.WriteString(header + "\n"); err != nil {
		return fmt.Errorf("write CSV of %s %s: %w", s.Symbol, s.Timeframe, err)
	}
	for i := range s.Len() {
		b := s.Bar(i)
		line := time.Unix(b.Time, 0).UTC().AppendFormat(out.AvailableBuffer(), time.RFC3339)
		for _, price := range [...]float64{b.Open, b.High, b.Low, b.Close} {
			line = strconv.AppendFloat(append(line, ','), price, 'f', -1, 64)
		}
		line = append(line, ',')
		if b.Volume == b.Volume {
			line = strconv.AppendFloat(line, b.Volume, 'f', -1, 64)
		}
		if s.HasQuotes() {
			q := s.Quote(i)
			line = strconv.AppendFloat(append(line, ','), q.Bid, 'f', -1, 64)
			line = strconv.AppendFloat(append(line, ','), q.Ask, 'f', -1, 64)
		}
		if _, err := out.Write(append(line, '\n')); err != nil {
			return fmt.Errorf("write CSV of %s %s: %w", s.Symbol, s.Timeframe, err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write CSV of %s %s: %w", s.Symbol, s.Timeframe, err)
	}
	return nil
}

// row is a bar in a Parquet file.
type row struct {
	Time   int64   `parquet:"timestamp,timestamp(millisecond)"`
	Open   float64 `parquet:"open"`
	High   float64 `parquet:"high"`
	Low    float64 `parquet:"low"`
	Close  float64 `parquet:"close"`
	Volume float64 `parquet:"volume"`
}

// quotedRow is a bar with its quote.
type quotedRow struct {
	row
	Bid float64 `parquet:"bid"`
	Ask float64 `parquet:"ask"`
}

// WriteParquet writes s as columns timestamp (milliseconds, UTC), open, high,
// low, close and volume (double; NaN where not reported), and bid and ask as
// WriteCSV does, compressed with Snappy. ReadParquet gives the same bits back.
func WriteParquet(w io.Writer, s market.Series) error {
	plain := func(i int) row {
		b := s.Bar(i)
		return row{1000 * b.Time, b.Open, b.High, b.Low, b.Close, b.Volume}
	}
	err := checkQuotes(s)
	switch {
	case err != nil:
	case s.HasQuotes():
		err = writeRows(w, s.Len(), func(i int) quotedRow { return quotedRow{plain(i), s.Bid[i], s.Ask[i]} })
	default:
		err = writeRows(w, s.Len(), plain)
	}
	if err != nil {
		return fmt.Errorf("write Parquet of %s %s: %w", s.Symbol, s.Timeframe, err)
	}
	return nil
}

func writeRows[R any](w io.Writer, n int, at func(i int) R) error {
	out := parquet.NewGenericWriter[R](w, parquet.Compression(&parquet.Snappy))
	rows := make([]R, 0, 1024)
	for i := range n {
		rows = append(rows, at(i))
		if len(rows) == cap(rows) || i == n-1 {
			if _, err := out.Write(rows); err != nil {
				return err
			}
			rows = rows[:0]
		}
	}
	return out.Close()
}
