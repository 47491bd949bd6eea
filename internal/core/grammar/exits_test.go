package grammar_test

import (
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

func TestParseExits(t *testing.T) {
	want := strategy.Exits{StopLoss: 0.02, TakeProfit: 0.05, TrailingStop: 0.03, MaxHoldingBars: 48, SessionEnd: 21 * 60}
	if got := good(t, "exits.yaml").Decisions.Exits; got != want {
		t.Errorf("exits = %+v, want %+v", got, want)
	}
	if got := good(t, "exits_from_label.yaml").Decisions.Exits; got != (strategy.Exits{FromLabel: true}) {
		t.Errorf("exits = %+v, want those of the label alone", got)
	}
}

func TestParseCosts(t *testing.T) {
	want := strategy.Costs{CommissionPerUnit: 0.005, CommissionMinimum: 1, FinancingLong: 0.05, FinancingShort: 0.03}
	if got := good(t, "costs.yaml").Decisions.Costs; got != want {
		t.Errorf("costs = %+v, want %+v", got, want)
	}
}

func TestParseSizing(t *testing.T) {
	d := good(t, "sizing.yaml").Decisions
	if want := (strategy.Sizing{Method: strategy.SizeKelly, KellyFraction: 0.25}); d.Sizing != want || d.MinSeparationSeconds != 5400 || d.MinSignalSeparation != 0 {
		t.Errorf("sizing %+v, separation of %d bars and %d s, want %+v, 0 and 5400", d.Sizing, d.MinSignalSeparation, d.MinSeparationSeconds, want)
	}
	d = good(t, "sizing_by_volatility.yaml").Decisions
	if want := (strategy.Sizing{Method: strategy.SizeVolatility, BarVolatility: 0.001, VolSpan: 50, VolMethod: "close"}); d.Sizing != want || d.MinSeparationSeconds != 2*86_400 {
		t.Errorf("sizing %+v, separation of %d s, want %+v and two days", d.Sizing, d.MinSeparationSeconds, want)
	}
}
