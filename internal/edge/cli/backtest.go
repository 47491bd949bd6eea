package cli

import (
	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/edge/command"
	"github.com/ktrdr/ktrdr/internal/edge/settings"
	"github.com/ktrdr/ktrdr/internal/edge/study"
	"github.com/ktrdr/ktrdr/internal/edge/submission"
)

func newBacktest(c *command.Console) *cobra.Command {
	cmd := command.Group("backtest", "Run backtests", submission.Backtest(c))
	settings.Bind(cmd, settings.RoleClient)
	return cmd
}

func newEnsemble(c *command.Console) *cobra.Command {
	cmd := command.Group("ensemble", "Put several models together", submission.Ensemble(c), study.ValidateEnsemble(c), study.EnsembleSchema(c))
	settings.Bind(cmd, settings.RoleClient)
	return cmd
}
