package catalog_test

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/indicator/indicatortest"
)

// TestTTR compares the definition textbook with the R package TTR, which shares
// no code with TA-Lib; testdata/ttr.csv names its version, and
// testdata/reference/ttr.R made it. What TTR does not know is not compared: some
// of its windows fill later.
func TestTTR(t *testing.T) {
	rows := reference(t, "ttr.csv")
	s := indicatortest.Original()
	for _, row := range rows {
		t.Run(strings.Join(row[:3], "/"), func(t *testing.T) {
			in := build(t, row[0], parametersOf(t, row[1]))
			c := slices.Index(in.Outputs(), row[2])
			if c < 0 {
				t.Fatalf("%s has no output %q", in.Key(), row[2])
			}
			column, known := in.Compute(s)[c], 0
			for k, text := range row[3:] {
				want, err := strconv.ParseFloat(text, 64)
				if err != nil {
					t.Fatal(err)
				}
				if want != want {
					continue
				}
				known++
				if i := 8*k + 7; !near(column[i], want, 1e-11*max(1, math.Abs(want))) {
					t.Errorf("%s %s[%d] = %.15g, want %.15g", in.Key(), row[2], i, column[i], want)
				}
			}
			if known < 20 {
				t.Errorf("%d values are known, want at least 20", known)
			}
		})
	}
}

// parametersOf reads name=value, apart by spaces: whole numbers and texts.
func parametersOf(t *testing.T, text string) map[string]indicator.Value {
	t.Helper()
	params := map[string]indicator.Value{}
	for _, one := range strings.Fields(text) {
		name, value, _ := strings.Cut(one, "=")
		if n, err := strconv.Atoi(value); err == nil {
			params[name] = indicator.Int(n)
		} else {
			params[name] = indicator.Text(value)
		}
	}
	return params
}
