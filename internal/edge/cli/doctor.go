package cli

import (
	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/edge/command"
	"github.com/ktrdr/ktrdr/internal/edge/settings"
	"github.com/ktrdr/ktrdr/internal/edge/study"
)

func newDoctor(c *command.Console) *cobra.Command {
	cmd := command.Group("doctor", "Look for what is wrong", study.Leaks(c))
	settings.Bind(cmd, settings.RoleClient)
	return cmd
}
