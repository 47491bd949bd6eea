package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/edge/command"
)

func newOperationsResume(c *command.Console) *cobra.Command {
	var detach bool
	cmd := &cobra.Command{
		Use: "resume ID", Short: "Take a failed or cancelled operation up again from its checkpoint", Args: command.Arguments(1, 1),
		Long: `Take a failed or cancelled operation up again from its checkpoint. It goes on under
its id, on any worker, to the same result as if it had never stopped. Ctrl+C
stops it again.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.Client(cmd)
			if err != nil {
				return err
			}
			r, err := client.Resume(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if detach {
				return c.Show(r, func(w io.Writer) {
					fmt.Fprintf(w, "%s goes on after %s %d\nFollow live: ktrdr operations follow %s\n", r.OperationID, r.ResumedFrom.Unit, r.ResumedFrom.Position, r.OperationID)
				})
			}
			c.Say("%s goes on after %s %d", r.OperationID, r.ResumedFrom.Unit, r.ResumedFrom.Position)
			op, err := c.FollowStarted(cmd.Context(), client, r.OperationID)
			if err != nil {
				return err
			}
			return c.ShowOutcome(client, op)
		},
	}
	cmd.Flags().BoolVarP(&detach, "detach", "d", false, "do not wait for the end (also --no-follow)")
	command.RenameFlags(cmd, map[string]string{"no-follow": "detach"})
	return cmd
}

func newOperationsRetry(c *command.Console) *cobra.Command {
	var detach bool
	cmd := &cobra.Command{
		Use: "retry ID", Short: "Submit a failed or cancelled operation once more, from its beginning", Args: command.Arguments(1, 1),
		Long: `Submit a failed or cancelled operation once more, from its beginning, as a new
operation with the same order. The retry of a sweep keeps the chunks that have
completed, unless what they stored is damaged or this version computes otherwise,
and ends with what an undisturbed sweep finds. To go on from a checkpoint instead: ktrdr operations
resume ID.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.Client(cmd)
			if err != nil {
				return err
			}
			op, err := client.Retry(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return c.AfterStart(cmd.Context(), client, wire.Started{Success: true, OperationID: op.ID, QueuePosition: op.QueuePosition, SpecHash: op.SpecHash}, detach, "")
		},
	}
	cmd.Flags().BoolVarP(&detach, "detach", "d", false, "do not wait for the end (also --no-follow)")
	command.RenameFlags(cmd, map[string]string{"no-follow": "detach"})
	return cmd
}
