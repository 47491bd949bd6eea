package tabular

import (
	"fmt"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // zones are known on machines without a database of them

	"github.com/ktrdr/ktrdr/internal/core/market"
)

// Options say what a file holds. Symbol and Timeframe are required.
type Options struct {
	Symbol    market.Symbol
	Timeframe market.Timeframe
	Location  *time.Location // zone of times that state none; nil means UTC
	Columns   Columns        // names in the file, where they are not recognised by themselves
	SkipBad   bool           // import the good rows of a file with bad ones and report the others
}

// CSVOptions say what a CSV file holds and how it is written. Symbol and
// Timeframe are required.
type CSVOptions struct {
	Options
	Delimiter byte  // 0 means that the first line decides between tab, ';' and ','
	MaxBytes  int64 // largest file; 0 means 1 GiB
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
	Unsorted       int      // rows that stood behind a newer row
	UnknownVolumes int      // bars without a volume
	Ignored        []string // columns of the file that were not used
	Skipped        BadRows  // rows left out; only with SkipBad
}

// maxBadRows is how many bad rows are kept; more are counted.
const maxBadRows = 100

// A BadRow says where a row is wrong and which rule it breaks.
type BadRow struct {
	Line    int    // counted from 1; in a Parquet file the row
	Column  string // as the file names it; "" if the row as a whole is wrong
	Problem string
}

// BadRows is the error for a file that has bad rows.
type BadRows struct {
	File  string
	Rows  []BadRow // the first 100, ordered by line
	Total int
}

func (b *BadRows) Error() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s: %d bad rows, nothing was imported: mend them, or skip bad rows", b.File, b.Total)
	for _, r := range b.Rows {
		fmt.Fprintf(&s, "\n%s:%d: ", b.File, r.Line)
		if r.Column != "" {
			s.WriteString(r.Column + ": ")
		}
		s.WriteString(r.Problem)
	}
	if more := b.Total - len(b.Rows); more > 0 {
		fmt.Fprintf(&s, "\nand %d more", more)
	}
	return s.String()
}

func (b *BadRows) add(r BadRow) {
	b.Total++
	if len(b.Rows) < maxBadRows {
		b.Rows = append(b.Rows, r)
	}
}

func (b *BadRows) sort() {
	slices.SortStableFunc(b.Rows, func(x, y BadRow) int { return x.Line - y.Line })
}

// ParseZone returns the time zone with an IANA name; "" is UTC.
func ParseZone(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" { // the same file must mean the same bars everywhere
		return nil, fmt.Errorf("time zone %q is not known: want an IANA name such as UTC or America/New_York", name)
	}
	return zone, nil
}
