package backtest_test

import (
	"math"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/backtest"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// TestVolumeLimitOfUnknownVolume: bars without volumes cannot be shared out.
func TestVolumeLimitOfUnknownVolume(t *testing.T) {
	in := backtest.Input{Series: flat(64, 64), Signals: signals("Bh")}
	in.Series.Volume[1] = math.NaN()
	o := backtest.Options{Fills: strategy.Fills{VolumeLimit: 0.1}}
	if _, err := backtest.New(in, o); err == nil || !strings.Contains(err.Error(), "is not known: leave the limit out") {
		t.Errorf("error %v", err)
	}
}

func TestOptions_IsPlain(t *testing.T) {
	plain := backtest.Options{Capital: 5, Commission: 0.1, Slippage: 0.1, Fraction: 1, FractionalUnits: true}
	if !plain.IsPlain() || !(backtest.Options{}).IsPlain() {
		t.Error("the plain policy is not plain")
	}
	for name, change := range map[string]func(*backtest.Options){
		"exits":      func(o *backtest.Options) { o.Exits.MaxHoldingBars = 1 },
		"sizing":     func(o *backtest.Options) { o.Sizing.Method = "confidence" },
		"costs":      func(o *backtest.Options) { o.Costs = decision.Costs{Minimum: 1} },
		"separation": func(o *backtest.Options) { o.SeparationSeconds = 1 },
	} {
		o := plain
		if change(&o); o.IsPlain() {
			t.Errorf("%s: plain", name)
		}
	}
}
