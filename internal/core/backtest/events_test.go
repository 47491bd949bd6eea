package backtest_test

import (
	"math"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/backtest"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/label"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// TestInputOfEvents: a model that was trained on events is asked at events only,
// and the events of a window are those of the bars from the first one held.
func TestInputOfEvents(t *testing.T) {
	held := benchSeries(600)
	raws := alternatingSignals(600)
	s := &strategy.Strategy{}
	s.Decisions.OutputFormat = strategy.Classification
	s.Training.Labels = label.Default(label.TripleBarrier)
	if in := backtest.InputOf(s, held, held, raws); &in.Signals[0] != &raws[0] {
		t.Error("signals are copied where there are no events")
	}
	s.Training.Labels.CUSUM, s.Training.Labels.CUSUMThreshold = true, 0.0004
	in := backtest.InputOf(s, held, held.Slice(200, 600), raws[200:])
	up, down, found := 0.0, 0.0, 0
	for i := 1; i < held.Len(); i++ {
		r := math.Log(held.Close[i] / held.Close[i-1])
		up, down = max(0, up+r-0.0004), min(0, down+r+0.0004)
		isEvent := up > 0.0004 || down < -0.0004
		if up > 0.0004 {
			up = 0
		} else if isEvent {
			down = 0
		}
		if i < 200 {
			continue
		}
		if isEvent {
			found++
		}
		want := raws[i]
		if !isEvent {
			want.Withheld = decision.NoEvent
		}
		if in.Signals[i-200] != want {
			t.Fatalf("bar %d: %+v, want %+v", i, in.Signals[i-200], want)
		}
	}
	if found == 0 || found > 200 {
		t.Errorf("%d events of 400 bars say little", found)
	}
	if raws[200].Withheld != decision.Acted || raws[300].Withheld != decision.Acted {
		t.Error("the signals given were written to")
	}
}
