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

// TestRouted_refuses: each entry has exits, and one kind of them.
func TestRouted_refuses(t *testing.T) {
	some := []decision.Exits{{StopLoss: 0.1}}
	for name, c := range map[string]struct {
		routed backtest.Routed
		o      backtest.Options
		want   string
	}{
		"too_few":  {backtest.Routed{Exits: some, At: []uint8{0}}, backtest.Options{}, "for 2 bars of 1"},
		"beside":   {backtest.Routed{Exits: some, At: []uint8{0, 0}}, backtest.Options{Exits: some[0]}, "none beside them"},
		"no_such":  {backtest.Routed{Exits: some, At: []uint8{0, 1}}, backtest.Options{}, "exits number 1 of 1"},
		"barriers": {backtest.Routed{Exits: []decision.Exits{{UpperBarrier: 1, LowerBarrier: 1}}, At: []uint8{0, 0}}, backtest.Options{}, "0 values of volatility"},
	} {
		in := backtest.Input{Series: flat(64, 64), Signals: signals("Bh"), Routed: &c.routed}
		if _, err := backtest.New(in, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
}
