package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/edge/command"
)

func newWorkersDrain(c *command.Console) *cobra.Command {
	var wait bool
	cmd := &cobra.Command{
		Use: "drain ID", Short: "Take a worker out of service: it finishes what it runs and gets nothing new", Args: command.Arguments(1, 1),
		Long: `Take a worker out of service: it finishes what it runs and gets nothing new. That
belongs to its id and outlives restarts of the worker and of the backend, until
"ktrdr workers undrain". With --wait the command returns when the worker is idle
and can be stopped or updated.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.Client(cmd)
			if err != nil {
				return err
			}
			w, err := client.DrainWorker(cmd.Context(), args[0])
			if err == nil && wait {
				w, err = awaitIdle(cmd.Context(), c, client, w)
			}
			if err != nil {
				return err
			}
			return c.Show(w, func(out io.Writer) {
				if w.CurrentOperationID == nil {
					fmt.Fprintf(out, "%s is idle and gets no new operation\n", w.ID)
				} else {
					fmt.Fprintf(out, "%s finishes %s and gets no new operation\n", w.ID, *w.CurrentOperationID)
				}
			})
		},
	}
	cmd.Flags().BoolVar(&wait, "wait", false, "wait until the worker is idle")
	return cmd
}

// awaitIdle waits until the worker runs nothing.
func awaitIdle(ctx context.Context, c *command.Console, client *wire.Client, w fleet.Worker) (fleet.Worker, error) {
	for w.CurrentOperationID != nil {
		if err := wire.Pause(ctx, command.PollInterval); err != nil {
			return w, err
		}
		var err error
		if w, err = client.Worker(ctx, w.ID); err != nil {
			return w, err
		}
	}
	return w, nil
}

func newWorkersUndrain(c *command.Console) *cobra.Command {
	return &cobra.Command{
		Use: "undrain ID", Short: "Put a worker back into service", Args: command.Arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.Client(cmd)
			if err != nil {
				return err
			}
			w, err := client.UndrainWorker(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return c.Show(w, func(out io.Writer) { fmt.Fprintf(out, "%s is %s\n", w.ID, c.Status(string(w.Status))) })
		},
	}
}

func newWorkersRemove(c *command.Console) *cobra.Command {
	return &cobra.Command{
		Use: "remove ID", Short: "Take an idle worker off the list; one that lives comes back with its next heartbeat", Args: command.Arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.Client(cmd)
			if err != nil {
				return err
			}
			done, err := client.RemoveWorker(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return c.Show(done, func(out io.Writer) { fmt.Fprintln(out, done.Message) })
		},
	}
}
