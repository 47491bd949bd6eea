package tabular

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

// Options say what a file holds. Symbol and Timeframe are required.
type Options struct {
	Symbol    market.Symbol
	Timeframe market.Timeframe
	Columns   Columns // names in the file, where they are not recognised by themselves
	SkipBad   bool    // import the good rows of a file with bad ones and report the others
}

// CSVOptions say what a CSV file holds and how it is written. Symbol and
// Timeframe are required.
type CSVOptions struct {
	Options
	Location  *time.Location // zone of times that state none; nil means UTC
	Delimiter byte           // 0 means that the first line decides between ',', ';' and tab
	MaxBytes  int64          // largest file; 0 means 1 GiB
}

// ParquetOptions say what a Parquet file holds. Symbol and Timeframe are
// required.
type ParquetOptions struct {
	Options
	MaxRows int64 // most rows; 0 means 50 million
}

// Columns names columns by the header of the file. An empty name is recognised
// among the usual ones.
type Columns struct {
	Time, Clock, Open, High, Low, Close, Volume string // Clock is the time of day where Time holds only the date
}

// A Report says what became of the rows of a file.
type Report struct {
	Rows           int      // data rows read
	Bars           int      // bars in the series
	Duplicates     int      // rows dropped because an equal row was there
	Unsorted       int      // rows that stood before an older row
	UnknownVolumes int      // bars without a volume
	Ignored        []string // columns of the file that were not used
	Skipped        BadRows  // rows left out; only with SkipBad
}

// A BadRow says where a row is wrong and which rule it breaks.
type BadRow struct {
	Line    int    // counted from 1; in a Parquet file the row
	Column  string // as the file names it, or as market.Bar does where there is no header
	Problem string
}

// BadRows is the error for a file that has bad rows.
type BadRows struct {
	File  string
	Rows  []BadRow // the first 100
	Total int
}

func (b BadRows) Error() string { return fmt.Sprintf("%s: %d bad rows", b.File, b.Total) }

// ParseZone returns the time zone with an IANA name; "" is UTC.
func ParseZone(name string) (*time.Location, error) { return time.LoadLocation(name) }

var errUnwritten = errors.New("tabular: being written")

// ReadCSV reads bars from r; name is what errors call the file.
func ReadCSV(r io.Reader, name string, o CSVOptions) (market.Series, Report, error) {
	return market.Series{}, Report{}, errUnwritten
}

// ReadParquet reads bars from a Parquet file of size bytes.
func ReadParquet(r io.ReaderAt, size int64, name string, o ParquetOptions) (market.Series, Report, error) {
	return market.Series{}, Report{}, errUnwritten
}

// WriteCSV writes s so that ReadCSV gives the same bits back.
func WriteCSV(w io.Writer, s market.Series) error { return errUnwritten }

// WriteParquet writes s so that ReadParquet gives the same bits back.
func WriteParquet(w io.Writer, s market.Series) error { return errUnwritten }
