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

func newCheckpoints(c *command.Console) *cobra.Command {
	cmd := command.Group("checkpoints", "Show and delete the states that operations can be resumed from",
		newCheckpointsList(c), newCheckpointsShow(c), newCheckpointsDelete(c))
	settings.Bind(cmd, settings.RoleClient)
	return cmd
}

func newCheckpointsList(c *command.Console) *cobra.Command {
	var olderThan int
	cmd := &cobra.Command{
		Use: "list", Short: "List checkpoints, newest first", Args: command.Arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if olderThan < 0 {
				return exit.Usagef("--older-than %d: want a number of days from 0", olderThan)
			}
			client, err := c.Client(cmd)
			if err != nil {
				return err
			}
			list, err := client.Checkpoints(cmd.Context(), olderThan)
			if err != nil {
				return err
			}
			return c.Show(list, func(w io.Writer) { printCheckpoints(w, list) })
		},
	}
	cmd.Flags().IntVar(&olderThan, "older-than", 0, "only those at least so many days old")
	return cmd
}

func printCheckpoints(w io.Writer, list wire.CheckpointList) {
	if len(list.Data) == 0 {
		fmt.Fprintln(w, "No checkpoints.")
		return
	}
	var rows [][]string
	for _, p := range list.Data {
		rows = append(rows, []string{p.OperationID, string(p.OperationStatus), string(p.Kind), place(p.StateSummary),
			display.Size(p.ArtifactsSizeBytes), display.Moment(p.CreatedAt)})
	}
	display.Columns(w, []string{"operation", "status", "kind", "after", "size", "created (UTC)"}, rows, 5)
}

// place says where the work stood.
func place(s wire.CheckpointState) string { return fmt.Sprintf("%s %d", s.Unit, s.Position) }

func newCheckpointsShow(c *command.Console) *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show the newest checkpoint of an operation", Args: command.Arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.Client(cmd)
			if err != nil {
				return err
			}
			p, err := client.Checkpoint(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return c.Show(p, func(w io.Writer) {
				all := []display.Fact{{"kind", string(p.Kind)}, {"after", place(p.State)}, {"attempt", fmt.Sprint(p.State.Attempt)},
					{"created", display.Moment(p.CreatedAt)}, {"size", display.Size(p.SizeBytes)}, {"content", p.SHA256}}
				for _, older := range p.Older {
					all = append(all, display.Fact{"before it", place(older.StateSummary) + ", kept in case the newest is damaged"})
				}
				display.Facts(w, p.OperationID, all)
			})
		},
	}
}

func newCheckpointsDelete(c *command.Console) *cobra.Command {
	return &cobra.Command{
		Use: "delete ID", Short: "Delete the checkpoints of an operation that has ended", Args: command.Arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.Client(cmd)
			if err != nil {
				return err
			}
			done, err := client.DeleteCheckpoint(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return c.Show(done, func(w io.Writer) {
				fmt.Fprintf(w, "The checkpoints of %s are deleted; it can no longer be resumed.\n", args[0])
			})
		},
	}
}
