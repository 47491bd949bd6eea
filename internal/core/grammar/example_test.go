package grammar_test

import (
	"fmt"
	"strings"

	"github.com/ktrdr/ktrdr/internal/core/grammar"
)

func ExampleParse() {
	s, err := grammar.Parse("minimal.yaml", []byte(minimal))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range s.Features() {
		fmt.Println(f.Name)
	}

	_, err = grammar.Parse("mistyped.yaml", []byte(strings.NewReplacer("indicator: rsi_14", "indicator: rsi_41", "[8]", "[0]").Replace(minimal)))
	fmt.Println(err)
	// Output:
	// 1h_rsi_level_low
	// 1h_rsi_level_high
	// mistyped.yaml:9:26: fuzzy_sets.rsi_level.indicator: "rsi_41" is not defined (did you mean rsi_14?)
	// mistyped.yaml:14:34: model.architecture.hidden_layers[0]: want a whole number from 1 to 4096, have 0
}
