package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

func newOperationsResume(c *console) *cobra.Command {
	var detach bool
	cmd := &cobra.Command{
		Use: "resume ID", Short: "Take a failed or cancelled operation up again from its checkpoint", Args: arguments(1, 1),
		Long: `Take a failed or cancelled operation up again from its checkpoint. It goes on under
its id, on any worker, to the same result as if it had never stopped. Ctrl+C
stops it again.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.client(cmd)
			if err != nil {
				return err
			}
			r, err := client.Resume(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if detach {
				return c.show(r, func(w io.Writer) {
					fmt.Fprintf(w, "%s goes on after %s %d\nFollow live: ktrdr operations follow %s\n", r.OperationID, r.ResumedFrom.Unit, r.ResumedFrom.Position, r.OperationID)
				})
			}
			c.say("%s goes on after %s %d", r.OperationID, r.ResumedFrom.Unit, r.ResumedFrom.Position)
			op, err := c.followStarted(cmd.Context(), client, r.OperationID)
			if err != nil {
				return err
			}
			return c.showOutcome(cmd.Context(), client, op)
		},
	}
	cmd.Flags().BoolVarP(&detach, "detach", "d", false, "do not wait for the end (also --no-follow)")
	renameFlags(cmd, map[string]string{"no-follow": "detach"})
	return cmd
}
