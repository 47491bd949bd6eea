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

// WriteCSV writes s with a header, UTC times (2006-01-02T15:04:05Z), the
// shortest numbers that stand for the same bits, and nothing for a volume that is
// not reported. ReadCSV gives the same bits back.
func WriteCSV(w io.Writer, s market.Series) error {
	out := bufio.NewWriterSize(w, 1<<16)
	if _, err := out.WriteString("timestamp,open,high,low,close,volume\n"); err != nil {
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

// WriteParquet writes s as columns timestamp (milliseconds, UTC), open, high,
// low, close and volume (double; NaN where not reported), compressed with Snappy.
// ReadParquet gives the same bits back.
func WriteParquet(w io.Writer, s market.Series) error {
	out := parquet.NewGenericWriter[row](w, parquet.Compression(&parquet.Snappy))
	rows := make([]row, 0, 1024)
	for i := range s.Len() {
		b := s.Bar(i)
		rows = append(rows, row{1000 * b.Time, b.Open, b.High, b.Low, b.Close, b.Volume})
		if len(rows) == cap(rows) || i == s.Len()-1 {
			if _, err := out.Write(rows); err != nil {
				return fmt.Errorf("write Parquet of %s %s: %w", s.Symbol, s.Timeframe, err)
			}
			rows = rows[:0]
		}
	}
	if err := out.Close(); err != nil {
		return fmt.Errorf("write Parquet of %s %s: %w", s.Symbol, s.Timeframe, err)
	}
	return nil
}
