package train_test

import (
	"sync"
	"testing"
	"testing/synctest"

	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// A meeting keeps no columns, and holds whoever asks for one of a symbol until all
// symbols have been asked for.
type meeting struct {
	all *sync.WaitGroup
	one *sync.Once // of the symbol
}

func (m meeting) Get(string, int) ([]float32, bool) {
	m.one.Do(m.all.Done)
	m.all.Wait()
	return nil, false
}

func (meeting) Put(string, []float32) {}

// TestRun_symbols_side_by_side: with two threads the features of two symbols are
// computed at the same time. One after the other, the first would wait for ever.
func TestRun_symbols_side_by_side(t *testing.T) {
	in := twoSymbols(t, source, 500)
	want := artifact(t, in)
	synctest.Test(t, func(t *testing.T) {
		var all sync.WaitGroup
		all.Add(len(in.Frames))
		for i := range in.Frames {
			f := &in.Frames[i]
			f.Kept = meeting{&all, &sync.Once{}}
			f.Hashes = map[strategy.Bars]string{{Symbol: f.Symbol, Timeframe: market.Hour1}: "of " + string(f.Symbol)}
		}
		in.Threads = 2
		if string(artifact(t, in)) != string(want) {
			t.Error("another model")
		}
	})
}
