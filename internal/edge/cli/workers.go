package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/edge/command"
	"github.com/ktrdr/ktrdr/internal/edge/display"
	"github.com/ktrdr/ktrdr/internal/edge/settings"
)

func newWorkers(c *command.Console) *cobra.Command {
	cmd := command.Group("workers", "Show the registered workers, take them out of service and put them back",
		newWorkersList(c), newWorkersDrain(c), newWorkersUndrain(c), newWorkersRemove(c))
	settings.Bind(cmd, settings.RoleClient)
	return cmd
}

func newWorkersList(c *command.Console) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the registered workers and what they do", Args: command.Arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := c.Client(cmd)
			if err != nil {
				return err
			}
			all, err := client.Workers(cmd.Context())
			if err != nil {
				return err
			}
			if all == nil {
				all = []fleet.Worker{}
			}
			return c.Show(all, func(w io.Writer) { printWorkers(c, w, client.URL(), all) })
		},
	}
}

func printWorkers(c *command.Console, w io.Writer, url string, all []fleet.Worker) {
	if len(all) == 0 {
		fmt.Fprintf(w, "No workers are registered. Start one with: ktrdr worker backtest --url %s\n", url)
		return
	}
	var rows [][]string
	for _, x := range all {
		operation, gpu := "–", "no"
		if x.CurrentOperationID != nil {
			operation = *x.CurrentOperationID
		}
		if x.Capabilities.GPU() {
			gpu = "yes"
		}
		status := c.Status(string(x.Status))
		if x.Cordoned || x.Draining {
			status += ", draining"
		}
		rows = append(rows, []string{x.ID, string(x.Type), status, gpu, x.EndpointURL, operation})
	}
	display.Columns(w, []string{"worker", "type", "status", "gpu", "endpoint", "operation"}, rows)
}
