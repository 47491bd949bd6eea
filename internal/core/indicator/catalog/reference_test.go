package catalog_test

import (
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/indicator/indicatortest"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

var nan = math.NaN()

// reference returns the rows of a file of numbers from elsewhere.
func reference(t *testing.T, name string) [][]string {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	reader := csv.NewReader(file)
	reader.Comment = '#'
	rows, err := reader.ReadAll()
	if err != nil || len(rows) < 30 {
		t.Fatalf("%s: %d rows, error %v", name, len(rows), err)
	}
	return rows
}

// TestOriginal compares the definition ktrdr with numbers of the original, to
// the 8 decimals they have. Where an output is not determined yet, NaN stands
// for what the original shows.
func TestOriginal(t *testing.T) {
	rows := reference(t, "ktrdr.csv")
	s, bars := indicatortest.Original(), []int{19, 60, 199}
	for _, row := range rows {
		t.Run(strings.Join(row[:3], "/"), func(t *testing.T) {
			in := original(t, row[0], row[1])
			c := slices.Index(in.Outputs(), row[2])
			if c < 0 {
				t.Fatalf("%s has no output %q", in.Key(), row[2])
			}
			column, first := in.Compute(s)[c], in.Lookbacks()[c]
			for k, i := range bars {
				want, err := strconv.ParseFloat(row[3+k], 64)
				if err != nil {
					t.Fatal(err)
				}
				if i < first {
					want = nan
				}
				if !near(column[i], want, 6e-9) {
					t.Errorf("%s %s[%d] = %.10f, want %.8f", in.Key(), row[2], i, column[i], want)
				}
			}
		})
	}
}

// original makes an indicator as the original defines it; setting is empty or
// name=value.
func original(t *testing.T, name, setting string) indicator.Indicator {
	t.Helper()
	spec, params := lookup(t, name), map[string]indicator.Value{}
	if slices.ContainsFunc(spec.Params, func(p indicator.Param) bool { return p.Name == "definition" }) {
		params["definition"] = indicator.Text("ktrdr")
	}
	switch param, value, _ := strings.Cut(setting, "="); param {
	case "":
	case "adjust":
		params[param] = indicator.Flag(value == "true")
	case "ma_type":
		params[param] = indicator.Text(value)
	default:
		n, err := strconv.Atoi(value)
		if err != nil {
			t.Fatal(err)
		}
		params[param] = indicator.Int(n)
	}
	return build(t, name, params)
}

func near(got, want, allowed float64) bool {
	return math.IsNaN(got) && math.IsNaN(want) || math.Abs(got-want) <= allowed
}

// seriesForComparison returns random walks and, where they are at hand, real
// bars.
func seriesForComparison(t *testing.T) map[string]market.Series {
	t.Helper()
	all := map[string]market.Series{"walk": indicatortest.Series(7, 0, 5000), "gaps": indicatortest.Series(8, 2, 5000)}
	for _, name := range []string{"EURUSD_4h", "USDJPY_1h"} {
		if s, ok := realBars(t, name); ok {
			all[name] = s
		}
	}
	if len(all) == 2 {
		t.Log("no real bars in ../shared/data/market beside the repository: compared on random ones only")
	}
	return all
}

// realBars reads a file of ../shared/data/market, found from the root of the
// repository: timestamp,open,high,low,close,volume.
func realBars(t *testing.T, name string) (market.Series, bool) {
	t.Helper()
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			break
		}
		root = filepath.Dir(root)
	}
	file, err := os.Open(filepath.Join(root, "..", "shared", "data", "market", name+".csv"))
	if err != nil {
		return market.Series{}, false
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	s := market.NewSeries("TEST", market.Hour1, len(rows))
	for i, row := range rows[1:] {
		var p [4]float64
		for k := range p {
			if p[k], err = strconv.ParseFloat(row[1+k], 64); err != nil {
				t.Fatal(err)
			}
		}
		s.Append(market.Bar{Time: int64(3600 * i), Open: p[0], High: p[1], Low: p[2], Close: p[3], Volume: nan})
	}
	return s, true
}
