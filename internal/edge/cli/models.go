package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/edge/command"
	"github.com/ktrdr/ktrdr/internal/edge/display"
	"github.com/ktrdr/ktrdr/internal/edge/settings"
	"github.com/ktrdr/ktrdr/internal/edge/submission"
)

func newModels(c *command.Console) *cobra.Command {
	cmd := command.Group("models", "Train, list and fetch models",
		submission.Training(c), newModelsList(c), newModelsShow(c), newModelsDownload(c))
	settings.Bind(cmd, settings.RoleClient)
	return cmd
}

func newModelsList(c *command.Console) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the trained models, newest first", Args: command.Arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := c.Client(cmd)
			if err != nil {
				return err
			}
			all, err := client.Models(cmd.Context())
			if err != nil {
				return err
			}
			if all == nil {
				all = []wire.Model{}
			}
			return c.Show(all, func(w io.Writer) {
				if len(all) == 0 {
					fmt.Fprintln(w, "No models. Train one with: ktrdr models train STRATEGY")
					return
				}
				var rows [][]string
				for _, m := range all {
					rows = append(rows, []string{m.ID, m.StrategyName, display.Joined(m.Symbols), display.Joined(m.Timeframes), display.Percent(m.TestAccuracy, 1), display.Moment(m.CreatedAt)})
				}
				display.Columns(w, []string{"model", "strategy", "symbols", "timeframes", "test accuracy", "created (UTC)"}, rows, 5)
			})
		},
	}
}

func newModelsShow(c *command.Console) *cobra.Command {
	return &cobra.Command{
		Use: "show MODEL", Short: "Show one model, by its id or name", Args: command.Arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.Client(cmd)
			if err != nil {
				return err
			}
			m, err := client.Model(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return c.Show(m, func(w io.Writer) { display.Facts(w, m.ID, modelFacts(client.URL(), m)) })
		},
	}
}

func modelFacts(url string, m wire.Model) []display.Fact {
	return []display.Fact{
		{"name", fmt.Sprintf("%s, version %d", m.Name, m.Version)},
		{"strategy", m.StrategyName},
		{"symbols", display.Joined(m.Symbols)},
		{"timeframes", display.Joined(m.Timeframes)},
		{"training accuracy", display.Percent(m.TrainingAccuracy, 1)},
		{"test accuracy", display.Percent(m.TestAccuracy, 1)},
		{"trained on", "bars from " + display.Moment(m.TrainStart) + " to " + display.Moment(m.TrainEnd)},
		{"created", display.Moment(m.CreatedAt)},
		{"operation", m.OperationID},
		{"features", m.FeatureHash},
		{"artifact", m.SHA256},
		{"bytes", display.Integer(int(m.Bytes))},
		{"url", modelURL(url, m.ID)},
	}
}

func modelURL(url, id string) string {
	return url + strings.Replace(wire.PathModelArtifact, "{model}", id, 1)
}
