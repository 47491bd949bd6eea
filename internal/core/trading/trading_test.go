package trading_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/core/trading"
)

var kind = document.Kind{Name: "file", Keys: "decisions"}

// The decisions of a file with two mistakes.
func ExampleRead() {
	f, n, _ := document.Open("decisions.yaml", kind, []byte("output_format: classification\nexits: {stop: 0.02}\ncosts: {spread: wide}\n"))
	trading.Read(n, market.Hour1)
	fmt.Println(f.Problems())
	// Output:
	// decisions.yaml:2:9: exits.stop: not a key here: the key is called stop_loss
	// decisions.yaml:3:17: costs.spread: "wide" is not a distance of prices: want a number, or a number of pips or bps, for example 0.0002, 0.8 pips or 2 bps
}

// A request says something else about the costs.
func ExampleVary() {
	file := []byte("decisions: {output_format: classification, costs: {slippage: 0.001}, exits: {stop_loss: 0.02}}\n")
	_, top, err := trading.Vary(kind, file, []byte(`{"costs": {"spread": "0.8 pips"}, "exits": null}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	decisions, _ := top.Peek("decisions")
	d := trading.Read(decisions, market.Hour1)
	fmt.Println(d.Costs.Spread.Usual, *d.Costs.Slippage, d.Exits == strategy.Exits{})
	// Output: 0.8 pips 0.001 true
}

// TestReadShared: what several models share is read as the same words of a strategy,
// with the same defaults and the same complaints.
func TestReadShared(t *testing.T) {
	for _, said := range []string{
		"filters: {}",
		"filters: {min_signal_separation: 4h}",
		"exits: {stop_loss: 0.02, session_end: 21:00}",
		"exits: {stop_los: 0.02}",
		"sizing: {method: volatility_target, bar_volatility: 0.001}",
		"sizing: {method: kelly}",
		"costs: {commission: ib_tiered, commission_minimum: 1}",
		"account: {leverage: 20}",
		"fills: {intrabar: 5m, volume_limit: 0.1}",
		"fills: 3",
	} {
		of := func(text string, read func(document.Node) strategy.Decisions) (strategy.Decisions, string) {
			f, n, _ := document.Open("x.yaml", kind, []byte(text))
			d := read(n)
			d.OutputFormat, d.ConfidenceThreshold, d.PositionAwareness = "", 0, false
			return d, f.Problems().Error()
		}
		shared, problems := of("decisions:\n  "+said+"\n", func(n document.Node) strategy.Decisions {
			m, _ := n.Entries()
			return trading.ReadShared(m, "decisions", false)
		})
		own, complaints := of("decisions:\n  "+said+"\n  output_format: classification\n", func(n document.Node) strategy.Decisions {
			n, _ = n.Peek("decisions")
			d := trading.Read(n, market.Hour1)
			trading.Fit(d, n, "", market.Hour1)
			return d
		})
		complaints = strings.Replace(complaints, ", or from_label with triple_barrier labels", "", 1) // there are none
		if diff := cmp.Diff(own, shared); diff != "" || problems != complaints {
			t.Errorf("%s (-strategy +shared):\n%s\n%s\nof a strategy: %s", said, diff, problems, complaints)
		}
	}
}

// TestDecide holds what a trial says to what the model was made for.
func TestDecide(t *testing.T) {
	s := &strategy.Strategy{Base: market.Day1, Decisions: strategy.Decisions{OutputFormat: strategy.Classification}}
	for said, want := range map[string]string{
		"{output_format: regression, cost_model: {round_trip_cost: 0.1, min_edge_multiplier: 1}}": "the model was trained for classification",
		"{output_format: classification, exits: {session_end: 21:00}}":                            "are not shorter than a day",
		"{output_format: classification, confidence_threshold: 0.7}":                              "",
	} {
		_, n, _ := document.Open("x.yaml", kind, []byte(said))
		switch decided, err := trading.Decide(s, "trial", n.YAML()); {
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: error %v, want %q", said, err, want)
		case want == "" && (err != nil || decided.Decisions.ConfidenceThreshold != 0.7 || s.Decisions.ConfidenceThreshold != 0):
			t.Errorf("%s: %+v, %v", said, decided, err)
		}
	}
}
