package migration_test

import (
	"fmt"

	"github.com/ktrdr/ktrdr/internal/core/migration"
)

func ExampleMigrate() {
	r, err := migration.Migrate("old.yaml", []byte(`
name: old
version: "3.0"
training_data:
  symbols: {mode: single, symbol: EURUSD}
  timeframes: {mode: single, timeframe: 1h}
  history_required: 200
indicators:
  fast: {type: ema, period: 10} # the quick one
fuzzy_sets:
  level: {indicator: fast, low: [0, 1, 2]}
nn_inputs:
  - {fuzzy_set: level, timeframes: all}
model: {type: mlp, architecture: {hidden_layers: [8]}}
training: {labels: {source: zigzag}}
decisions: {output_format: classification}
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range r.Changes {
		fmt.Printf("%s: %s\n", c.Path, c.What)
	}
	fmt.Println(len(r.Refusals), "refusals")
	// Output:
	// training_data.history_required: removed 200: the history that the indicators need follows from their parameters
	// indicators.fast.definition: added ktrdr: the original's formula differs from the textbook
	// 0 refusals
}
