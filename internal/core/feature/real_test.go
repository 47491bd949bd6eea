package feature_test

import (
	"context"
	"encoding/csv"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// marketFolder holds real bars beside the repository, where somebody has put
// them.
const marketFolder = "../../../../shared/data/market"

// readBars reads a file of timestamp, open, high, low, close, volume.
func readBars(t *testing.T, symbol market.Symbol, tf market.Timeframe) market.Series {
	t.Helper()
	file, err := os.Open(filepath.Join(marketFolder, string(symbol)+"_"+tf.String()+".csv"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("needs real bars in ../shared/data/market beside the repository: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	records, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	s := market.NewSeries(symbol, tf, len(records))
	for _, record := range records[1:] {
		at, err := time.Parse(time.RFC3339, record[0])
		if err != nil {
			t.Fatal(err)
		}
		var v [5]float64
		for i := range v {
			if v[i], err = strconv.ParseFloat(record[i+1], 64); err != nil {
				t.Fatal(err)
			}
		}
		s.Append(market.Bar{Time: at.Unix(), Open: v[0], High: v[1], Low: v[2], Close: v[3], Volume: v[4]})
	}
	return s
}

// TestRealStrategy holds a real strategy on real bars to what always holds, at
// random positions: no bar that is not yet available changes a row, and a row
// asked for alone, as a backtest does, has the bits it has in training.
func TestRealStrategy(t *testing.T) {
	src, err := os.ReadFile("../../../strategies/gbpusd_two_timeframes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s := parse(t, string(src))
	f := frame(readBars(t, "GBPUSD", market.Hour1), readBars(t, "GBPUSD", market.Hour4))
	whole, err := feature.Build(context.Background(), s, f, market.Span{})
	if err != nil {
		t.Fatal(err)
	}
	complete := 0
	for i := range whole.Len() {
		if whole.Complete(i) {
			complete++
		}
	}
	// All but the warm-up of the four-hour ADX and MACD, and holes in the bars.
	if least := whole.Len() - 1000; complete < least {
		t.Errorf("%d of %d rows are complete, want at least %d", complete, whole.Len(), least)
	}
	random, base := rand.New(rand.NewPCG(1, 2)), f.Series[s.Base]
	for range 12 {
		row := 500 + random.IntN(whole.Len()-500)
		changed, err := feature.Build(context.Background(), s, change(f, base.Available(row), 1.3), market.Span{})
		if err != nil {
			t.Fatal(err)
		}
		if known := (row + 1) * whole.Width; !sameBits(changed.Data[:known], whole.Data[:known]) {
			t.Errorf("rows up to %s saw bars that close later", market.Stamp(base.Time[row]))
		}
		alone, err := feature.Build(context.Background(), s, f, market.Span{From: base.Time[row], To: base.Time[row] + 1})
		if err != nil {
			t.Fatal(err)
		}
		if alone.Len() != 1 || !sameBits(alone.Row(0), whole.Row(row)) {
			t.Errorf("row %s is another one when only it is asked for", market.Stamp(base.Time[row]))
		}
	}
}
