package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/edge/command"
	"github.com/ktrdr/ktrdr/internal/edge/display"
	"github.com/ktrdr/ktrdr/internal/edge/exit"
	"github.com/ktrdr/ktrdr/internal/edge/settings"
)

func newAdminCleanup(c *command.Console) *cobra.Command {
	var req wire.CleanupRequest
	olderThan := 0
	cmd := &cobra.Command{
		Use: "cleanup", Short: "Delete old operations and checkpoints, and artifacts that nothing refers to", Args: command.Arguments(0, 0),
		Long: `Delete old operations with their results, events and metrics, old checkpoints, and
artifacts that nothing refers to. What is old is in the settings of the backend
(retention.*), which cleans up by itself as well. Operations that have not ended
stay, and so do those that made a model. An artifact goes in two steps: a first
clean-up puts it aside, and one that comes retention.grace later deletes it, unless
somebody has asked for it.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("older-than") {
				if olderThan < 0 {
					return exit.Usagef("--older-than %d: want a number of days from 0", olderThan)
				}
				req.OlderThanDays = &olderThan
			}
			client, err := c.Client(cmd)
			if err != nil {
				return err
			}
			r, err := client.Cleanup(cmd.Context(), req)
			if err != nil {
				return err
			}
			return c.Show(r, func(w io.Writer) { printCleanup(c, w, r) })
		},
	}
	cmd.Flags().BoolVar(&req.DryRun, "dry-run", false, "only say what would be deleted")
	cmd.Flags().IntVar(&olderThan, "older-than", 0, "delete operations that ended so many days ago, instead of what the settings say; 0 is all that have ended")
	settings.Bind(cmd, settings.RoleClient)
	return cmd
}

func printCleanup(c *command.Console, w io.Writer, r wire.CleanupReport) {
	title := "Cleaned up"
	if r.DryRun {
		title = "Would be cleaned up"
	}
	if len(r.Operations) > 0 {
		var rows [][]string
		for _, o := range r.Operations {
			rows = append(rows, []string{o.OperationID, string(o.OperationType), c.Status(string(o.Status)), display.Moment(o.CompletedAt)})
		}
		display.Columns(w, []string{"operation", "type", "status", "ended (UTC)"}, rows)
	}
	amount := func(a wire.CleanedArtifacts) string {
		return fmt.Sprintf("%s, %s", display.Integer(a.Count), display.Size(a.SizeBytes))
	}
	display.Facts(w, title, []display.Fact{{"operations", display.Integer(r.OperationsCount)}, {"other checkpoints", display.Integer(r.Checkpoints)},
		{"artifacts put aside", amount(r.Retired)}, {"artifacts deleted", amount(r.Deleted)}})
}
