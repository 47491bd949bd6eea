package fuzzy_test

import (
	"bufio"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/fuzzy"
)

// elsewhere returns the lines of testdata/fuzzy.csv of a kind: numbers of the R
// packages sets and e1071, whose versions its first line names.
func elsewhere(t *testing.T, kind string) (lines [][]string) {
	t.Helper()
	file, err := os.Open("testdata/fuzzy.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for s := bufio.NewScanner(file); s.Scan(); {
		if fields := strings.Split(s.Text(), ","); fields[0] == kind {
			lines = append(lines, fields[1:])
		}
	}
	return lines
}

// numbers reads numbers apart by spaces.
func numbers(t *testing.T, text string) (list []float64) {
	t.Helper()
	for _, one := range strings.Fields(text) {
		v, err := strconv.ParseFloat(one, 64)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, v)
	}
	return list
}

func TestDegree_elsewhere(t *testing.T) {
	lines := elsewhere(t, "degree")
	if len(lines) < 150 {
		t.Fatalf("%d degrees, want at least 150", len(lines))
	}
	for _, line := range lines {
		kind, err := fuzzy.ParseKind(line[0])
		if err != nil {
			t.Fatal(err)
		}
		f := must(kind, numbers(t, line[1])...)
		x, want := numbers(t, line[2])[0], numbers(t, line[3])[0]
		if got := f.Degree(x); math.Abs(got-want) > 1e-15+1e-13*want {
			t.Errorf("%v.Degree(%v) = %v, want %v", f, x, got, want)
		}
	}
}

// TestCMeans_elsewhere: another program that begins at the same quantiles ends at
// the same centres.
func TestCMeans_elsewhere(t *testing.T) {
	lines := elsewhere(t, "centres")
	if len(lines) != 4 {
		t.Fatalf("%d samples, want 4", len(lines))
	}
	for _, line := range lines {
		x, want := numbers(t, line[0]), numbers(t, line[1])
		have, err := fuzzy.CMeans(x, len(want))
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if math.Abs(have[i]-want[i]) > 1e-5*(slices.Max(x)-slices.Min(x)) {
				t.Errorf("centres of %d values are %v, want %v", len(x), have, want)
				break
			}
		}
	}
}

// TestCMeans_empty: where every value is on another centre, one that no value is
// near stays at its quantile.
func TestCMeans_empty(t *testing.T) {
	have, err := fuzzy.CMeans([]float64{0, 0, 1, 1}, 3)
	if err != nil || have[0] != 0 || have[1] != 0.5 || have[2] != 1 {
		t.Errorf("centres %v, %v, want 0, 1/2 and 1", have, err)
	}
}
