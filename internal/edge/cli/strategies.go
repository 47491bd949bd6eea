package cli

import (
	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/edge/command"
	"github.com/ktrdr/ktrdr/internal/edge/settings"
	"github.com/ktrdr/ktrdr/internal/edge/study"
)

func newStrategies(c *command.Console) *cobra.Command {
	cmd := command.Group("strategies", "Check, list, explain and migrate strategies",
		study.Validate(c), newStrategiesList(c), study.Features(c), study.Explain(c), study.Migrate(c), study.Schema(c))
	settings.Bind(cmd, settings.RoleClient)
	return cmd
}
