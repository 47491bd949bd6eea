package cli

import (
	"github.com/spf13/cobra"
)

func newAdmin(c *console) *cobra.Command {
	return group("admin", "Back up what a backend keeps, restore it, and clean it up", newAdminBackup(c), newAdminRestore(c), newAdminCleanup(c))
}
