package cli

import (
	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/edge/command"
)

func newAdmin(c *command.Console) *cobra.Command {
	return command.Group("admin", "Back up what a backend keeps, restore it, and clean it up", newAdminBackup(c), newAdminRestore(c), newAdminCleanup(c))
}
