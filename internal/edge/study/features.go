package study

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/core/fuzzy"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/edge/command"
	"github.com/ktrdr/ktrdr/internal/edge/display"
)

// A printedFeature is one input of the network in the JSON of strategies
// features.
type printedFeature struct {
	FeatureID       string    `json:"feature_id"`
	Timeframe       string    `json:"timeframe"`
	DataSource      string    `json:"data_source,omitempty"` // whose bars are read, where not those of the symbol
	IndicatorID     string    `json:"indicator_id"`
	IndicatorOutput string    `json:"indicator_output,omitempty"`
	Indicator       string    `json:"indicator"`
	Reference       string    `json:"reference,omitempty"` // the price that is divided by the indicator first
	Lag             int       `json:"lag,omitempty"`       // bars before the decision bar
	Function        string    `json:"function"`            // a kind of fuzzy set, or raw
	Parameters      []float64 `json:"parameters"`          // empty for a set that a training places
	Hedge           string    `json:"hedge,omitempty"`
	Place           string    `json:"place,omitempty"`         // of a set that a training places
	Normalization   string    `json:"normalization,omitempty"` // of a raw value
}

// Features is the command that lists the inputs of a strategy's network.
func Features(c *command.Console) *cobra.Command {
	return &cobra.Command{
		Use: "features FILE|NAME", Short: "List the inputs of a strategy's network, in their order", Args: command.Arguments(1, 1),
		Long: "List the inputs of a strategy's network, in their order: what each is computed from,\nand the membership function that makes it a degree or how its value is scaled. A file is read without\na backend; a name means a strategy that the backend holds.",
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.OpenStrategy(cmd, args[0])
			if err != nil {
				return err
			}
			all := features(s)
			return c.Show(all, func(w io.Writer) {
				var rows [][]string
				for _, f := range all {
					rows = append(rows, []string{f.FeatureID, f.Timeframe, f.origin(), f.lastStep(), f.parameters()})
				}
				display.Columns(w, []string{"feature", "timeframe", "of", "function", "parameters"}, rows)
			})
		},
	}
}

func features(s *strategy.Strategy) []printedFeature {
	all := []printedFeature{}
	for _, f := range s.Features() {
		used := s.Indicators[f.Indicator]
		one := printedFeature{
			FeatureID: f.Name, Timeframe: f.Timeframe.String(), DataSource: f.Source, IndicatorID: used.ID,
			IndicatorOutput: used.Indicator.Outputs()[f.Output], Indicator: used.Indicator.Key(),
			Reference: f.Reference, Lag: f.Lag, Function: "raw", Parameters: []float64{}, Place: f.Place, Normalization: f.Normalization,
		}
		if !f.IsRaw() {
			shape := fuzzy.Shape{Kind: f.Set.Kind(), Hedge: f.Set.Hedge()}
			if f.Place != "" {
				shape = s.FuzzySets[f.FuzzySet].Shapes[f.Member]
			} else {
				one.Parameters = f.Set.Params()
			}
			one.Function = shape.Kind.String()
			if shape.Hedge != fuzzy.Plain {
				one.Hedge = shape.Hedge.String()
			}
		}
		all = append(all, one)
	}
	return all
}

// lastStep says what becomes of the indicator's value.
func (f printedFeature) lastStep() string {
	return strings.Join(strings.Fields(f.Hedge+" "+f.Function+" "+f.Normalization), " ")
}

// origin says what the feature is made of.
func (f printedFeature) origin() string {
	of := f.Indicator
	if f.IndicatorOutput != "" {
		of += "." + f.IndicatorOutput
	}
	if f.Reference != "" {
		of = f.Reference + "/" + of
	}
	if f.DataSource != "" {
		of += " of " + f.DataSource
	}
	return of
}

// parameters writes the parameters, or where they will come from.
func (f printedFeature) parameters() string {
	if f.Place != "" && len(f.Parameters) == 0 {
		return "by " + f.Place
	}
	return fmt.Sprint(f.Parameters)
}
