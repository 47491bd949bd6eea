package api_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// TestContextIsPinned: bars that a strategy reads beside those of its symbol are
// checked and pinned as those are, to the end of the span.
func TestContextIsPinned(t *testing.T) {
	b := newBackend(t)
	b.worker("w2", fleet.Training)
	text, err := os.ReadFile("testdata/strategies/momentum.yaml")
	if err != nil {
		t.Fatal(err)
	}
	ask := func(symbol string) (int, string) {
		yaml := strings.Replace(string(text), "indicators:\n", `context_data:
  - {provider: ib, symbol: `+symbol+`, timeframe: 4h}
indicators:
  other: {type: roc, data_source: `+symbol+`}
`, 1)
		yaml = strings.Replace(yaml, "nn_inputs:\n", "nn_inputs:\n  - {raw_indicator: other, timeframes: all}\n", 1)
		encoded, err := json.Marshal(map[string]string{"strategy_yaml": yaml})
		if err != nil {
			t.Fatal(err)
		}
		rec := b.do("POST", train, merge(t, goodTraining, string(encoded)))
		return rec.Code, rec.Body.String()
	}
	if code, body := ask("AUDUSD"); code != 404 || !strings.Contains(body, "Data not found for AUDUSD (4h)") {
		t.Errorf("context that is not held: %d %s", code, body)
	}
	if _, err := b.bars.Merge(t.Context(), series("USDJPY", market.Hour4, 31*6)); err != nil {
		t.Fatal(err)
	}
	if code, body := ask("USDJPY"); code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	op := b.controller.operations[len(b.controller.operations)-1]
	var order wire.TrainingOrder
	if err := json.Unmarshal(op.Spec, &order); err != nil {
		t.Fatal(err)
	}
	if len(order.Data) != 2 || len(op.Artifacts) != 2 {
		t.Fatalf("data %+v and artifacts %+v, want two of each", order.Data, op.Artifacts)
	}
	last := time.Date(2020, 1, 15, 20, 0, 0, 0, time.UTC).Unix()
	if ref := order.Data[1]; ref.Symbol != "USDJPY" || ref.Timeframe != market.Hour4 || ref.Last != last {
		t.Errorf("pinned %+v, want USDJPY 4h to %s", ref, market.Stamp(last))
	}
}
