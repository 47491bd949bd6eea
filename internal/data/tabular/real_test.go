package tabular_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/data/barstore"
	"github.com/ktrdr/ktrdr/internal/data/tabular"
)

// realFiles returns the files of ../shared/data/market beside the repository.
func realFiles(t *testing.T) []string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "..", "shared", "data", "market", "*.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skip("no real bars in ../shared/data/market beside the repository: nothing to import")
	}
	return files
}

// Every real file is imported whole, without skipping a row; merged twice it
// changes nothing the second time; and it is read back from the store, from a
// snapshot, from CSV and from Parquet as it was.
func TestReadCSV_real_bars(t *testing.T) {
	store, err := barstore.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	bars := map[string]int{"1h": 57_600, "4h": 14_400, "1d": 2_400}
	for _, file := range realFiles(t) {
		symbol, timeframe, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".csv"), "_")
		t.Run(symbol+"_"+timeframe, func(t *testing.T) {
			tf, err := market.ParseTimeframe(timeframe)
			if err != nil {
				t.Fatal(err)
			}
			o := tabular.Options{Symbol: market.Symbol(symbol), Timeframe: tf}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s, report, err := tabular.ReadCSV(bytes.NewReader(text), file, tabular.CSVOptions{Options: o})
			if err != nil {
				t.Fatal(err)
			}
			want := bars[timeframe]
			if report.Rows != want || report.Bars != want || report.Duplicates+report.Unsorted+report.UnknownVolumes != 0 {
				t.Errorf("report %+v, want %d rows without defects", report, want)
			}
			for _, change := range []barstore.Change{{Added: want}, {Same: want}} {
				if got, err := store.Merge(t.Context(), s); err != nil || got != change {
					t.Errorf("Merge = %+v, %v; want %+v", got, err, change)
				}
			}
			snapshot := barstore.Encode(nil, s)
			check := func(from string, got market.Series, err error) {
				t.Helper()
				if err != nil || !bytes.Equal(barstore.Encode(nil, got), snapshot) {
					t.Errorf("%s gives other bars: %d, %v", from, got.Len(), err)
				}
			}
			got, err := store.Read(t.Context(), s.Symbol, tf, market.Span{})
			check("the store", got, err)
			got, err = barstore.Decode(snapshot)
			check("the snapshot", got, err)
			var out bytes.Buffer
			if err := tabular.WriteCSV(&out, s); err != nil {
				t.Fatal(err)
			}
			got, _, err = tabular.ReadCSV(&out, "again.csv", tabular.CSVOptions{Options: o})
			check("CSV", got, err)
			out.Reset()
			if err := tabular.WriteParquet(&out, s); err != nil {
				t.Fatal(err)
			}
			got, _, err = tabular.ReadParquet(bytes.NewReader(out.Bytes()), int64(out.Len()), "again.parquet", tabular.ParquetOptions{Options: o})
			check("Parquet", got, err)

			o.Timeframe = map[string]market.Timeframe{"1h": market.Hour4, "4h": market.Day1, "1d": market.Hour1}[timeframe]
			if _, _, err := tabular.ReadCSV(bytes.NewReader(text), file, tabular.CSVOptions{Options: o}); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("seems to have %s", tf)) {
				t.Errorf("taken for %s: %v", o.Timeframe, err)
			}
		})
	}
}
