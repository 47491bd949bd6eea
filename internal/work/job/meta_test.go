package job_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/data/sample"
	"github.com/ktrdr/ktrdr/internal/work/job"
)

// TestMeta trains a model, then one on its decisions on later bars, and backtests
// both together on bars that neither has seen.
func TestMeta(t *testing.T) {
	c := &cast{world: newWorld()}
	c.hours = sample.Generate(sample.Options{Symbol: "SAMPLE", Timeframe: market.Hour1, Seed: 3, Bars: 8_000})
	text := map[string]string{}
	for _, name := range []string{"sample_momentum", "sample_meta", "ensembles/sample_meta"} {
		file, err := os.ReadFile(filepath.Join("..", "..", "..", "strategies", name+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		text[name] = string(file)
	}
	text["sample_momentum"] = strings.Replace(text["sample_momentum"], "confidence_threshold: 0.45", "confidence_threshold: 0.3", 1)
	if err := c.trainOn(t, "trend", text["sample_momentum"], 0, 3_000, nil); err != nil {
		t.Fatal(err)
	}
	primary := c.members[0]
	if err := c.trainOn(t, "judge", text["sample_meta"], 2_000, 5_000, &primary); err == nil || !strings.Contains(err.Error(), "its decisions before then say nothing about new bars: train from") {
		t.Errorf("a training on decisions that the primary model was trained on: %v", err)
	}
	if err := c.trainOn(t, "judge", text["sample_meta"], 3_000, 5_000, nil); err == nil || !strings.Contains(err.Error(), "learns from the decisions of model sample_momentum_1h") {
		t.Errorf("a training without its primary model: %v", err)
	}
	if err := c.trainOn(t, "judge", text["sample_meta"], 3_000, 5_000, &primary); err != nil {
		t.Fatal(err)
	}
	order := func(yaml string) wire.EnsembleOrder {
		o := c.order(t, yaml, 8_000)
		o.StrategyName = "sample_meta"
		return o
	}
	judged, _ := c.backtest(t, order(text["ensembles/sample_meta"]))
	none, _ := c.backtest(t, order(strings.Replace(text["ensembles/sample_meta"], "threshold: 0.5", "threshold: 1", 1)))
	all, _ := c.backtest(t, order(strings.NewReplacer("threshold: 0.5", "threshold: 0", "use: size", "use: filter").Replace(text["ensembles/sample_meta"])))
	alone := order(strings.NewReplacer("  judge:", "", "    model: sample_meta_1h", "", "    output_type: meta_classification", "", "    of: trend", "", "    threshold: 0.5", "", "    use: size", "").Replace(text["ensembles/sample_meta"]))
	alone.Members = alone.Members[:1]
	one, _ := c.backtest(t, alone)
	if judged.Decisions[decision.Skipped] == 0 || judged.TradeCount == 0 || judged.TradeCount > one.TradeCount {
		t.Errorf("%d trades of %d, %d signals skipped", judged.TradeCount, one.TradeCount, judged.Decisions[decision.Skipped])
	}
	if none.TradeCount != 0 {
		t.Errorf("%d trades where every signal is skipped", none.TradeCount)
	}
	if one.TradeCount == 0 || all.OrderHash != one.OrderHash {
		t.Errorf("where every signal is taken there are %d trades, without the meta-model %d", all.TradeCount, one.TradeCount)
	}
	other := order(text["ensembles/sample_meta"])
	if err := c.trainOn(t, "trend", strings.Replace(text["sample_momentum"], "seed: 7", "seed: 9", 1), 0, 3_000, nil); err != nil {
		t.Fatal(err)
	}
	other.Members = []wire.MemberOrder{c.members[2], c.members[1]}
	_, err := c.run(t, job.Backtest(), other)
	if err == nil || !strings.Contains(err.Error(), "was trained on the decisions of model") {
		t.Errorf("with another primary model: %v", err)
	}
}
