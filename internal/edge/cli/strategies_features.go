package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// A printedFeature is one input of the network in the JSON of strategies
// features.
type printedFeature struct {
	FeatureID       string    `json:"feature_id"`
	Timeframe       string    `json:"timeframe"`
	IndicatorID     string    `json:"indicator_id"`
	IndicatorOutput string    `json:"indicator_output,omitempty"`
	Indicator       string    `json:"indicator"`
	Function        string    `json:"function"`
	Parameters      []float64 `json:"parameters"`
}

func newStrategiesFeatures(c *console) *cobra.Command {
	return &cobra.Command{
		Use: "features FILE", Short: "List the inputs of a strategy's network, in their order", Args: arguments(1, 1),
		Long: "List the inputs of a strategy's network, in their order: what each is computed from\nand the membership function that makes it a degree. Works without a backend.",
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := c.readStrategy(args[0])
			if err != nil {
				return err
			}
			all := features(s)
			return c.show(all, func(w io.Writer) {
				var rows [][]string
				for _, f := range all {
					source := f.Indicator
					if f.IndicatorOutput != "" {
						source += "." + f.IndicatorOutput
					}
					rows = append(rows, []string{f.FeatureID, f.Timeframe, source, f.Function, fmt.Sprint(f.Parameters)})
				}
				columns(w, []string{"feature", "timeframe", "of", "function", "parameters"}, rows)
			})
		},
	}
}

func features(s *strategy.Strategy) []printedFeature {
	all := []printedFeature{}
	for _, f := range s.Features() {
		used := s.Indicators[f.Indicator]
		all = append(all, printedFeature{
			FeatureID: f.Name, Timeframe: f.Timeframe.String(), IndicatorID: used.ID,
			IndicatorOutput: used.Indicator.Outputs()[f.Output], Indicator: used.Indicator.Key(),
			Function: f.Set.Kind().String(), Parameters: f.Set.Params(),
		})
	}
	return all
}
