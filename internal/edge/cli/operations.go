package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/edge/command"
	"github.com/ktrdr/ktrdr/internal/edge/display"
	"github.com/ktrdr/ktrdr/internal/edge/settings"
)

func newOperations(c *command.Console) *cobra.Command {
	cmd := command.Group("operations", "List, follow, cancel, resume and retry operations",
		newOperationsList(c), newOperationsStatus(c), newOperationsFollow(c), newOperationsCancel(c), newOperationsResume(c), newOperationsRetry(c))
	cmd.Aliases = []string{"ops"}
	settings.Bind(cmd, settings.RoleClient)
	return cmd
}

// operationFacts are the lines that describe one operation.
func operationFacts(c *command.Console, op wire.Operation) []display.Fact {
	all := []display.Fact{
		{"type", string(op.Type)},
		{"status", c.Status(string(op.Status)) + display.Waiting(op)},
		{"progress", fmt.Sprintf("%.0f %%  %s", op.Progress.Percentage, op.Progress.CurrentStep)},
		{"about", display.Optional(op.Metadata.Symbol) + " " + display.Optional(op.Metadata.Timeframe)},
		{"period", display.Optional(op.Metadata.StartDate) + " to " + display.Optional(op.Metadata.EndDate)},
		{"worker", op.WorkerID},
		// Attempts that no worker has taken, or that one has handed back, are not lost.
		{"attempt", fmt.Sprintf("%d; it fails when %d are lost", op.Attempt, op.MaxAttempts)},
		{"created", display.Moment(op.CreatedAt)},
	}
	if op.Deadline != nil {
		all = append(all, display.Fact{"deadline", display.Moment(*op.Deadline)})
	}
	if op.StartedAt != nil {
		all = append(all, display.Fact{"started", display.Moment(*op.StartedAt)})
	}
	if op.CompletedAt != nil {
		all = append(all, display.Fact{"ended", display.Moment(*op.CompletedAt)})
	}
	if op.StartedAt != nil && op.CompletedAt != nil {
		all = append(all, display.Fact{"took", display.Duration(op.CompletedAt.Sub(*op.StartedAt))})
	}
	all = append(all, display.Fact{"specification", op.SpecHash})
	if op.ErrorMessage != nil {
		all = append(all, display.Fact{"error", *op.ErrorMessage})
	}
	for _, e := range op.Errors {
		all = append(all, display.Fact{"earlier attempt", e})
	}
	for _, w := range op.Warnings {
		all = append(all, display.Fact{"warning", w})
	}
	return all
}

func newOperationsStatus(c *command.Console) *cobra.Command {
	return &cobra.Command{
		Use: "status ID", Short: "Show one operation, with its report when it has ended", Args: command.Arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.Client(cmd)
			if err != nil {
				return err
			}
			op, err := client.Operation(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			children, err := client.Children(cmd.Context(), op.ID, wire.OperationFilter{Limit: operation.MaxChildren})
			if err != nil {
				return err
			}
			return c.Show(operationWithChildren{op, children.Data}, func(w io.Writer) {
				display.Facts(w, op.ID, operationFacts(c, op))
				printChildren(c, w, children)
				if op.Status == operation.Completed {
					display.Result(w, c.Yellow, client.URL(), op, op.Result)
				}
			})
		},
	}
}

// An operationWithChildren is the JSON of operations status.
type operationWithChildren struct {
	wire.Operation
	Children []wire.OperationSummary `json:"children"`
}

// printChildren writes how far the children of an operation are: each while they
// are few, else how many there are of each status.
func printChildren(c *command.Console, w io.Writer, list wire.OperationList) {
	const few = 16
	switch {
	case len(list.Data) == 0:
	case len(list.Data) <= few:
		fmt.Fprintln(w, "Children")
		printOperations(c, w, list)
	default:
		counts := map[operation.Status]int{}
		for _, op := range list.Data {
			counts[op.Status]++
		}
		var all []display.Fact
		for _, s := range operation.Statuses() {
			if counts[s] > 0 {
				all = append(all, display.Fact{string(s), display.Integer(counts[s])})
			}
		}
		display.Facts(w, fmt.Sprintf("%s children", display.Integer(list.TotalCount)), all)
	}
}

func newOperationsCancel(c *command.Console) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "cancel ID", Short: "Stop an operation", Args: command.Arguments(1, 1),
		Long: "Stop an operation. A waiting one is cancelled at once; a running one when its\nworker has really stopped computing, which this command waits for.",
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.Client(cmd)
			if err != nil {
				return err
			}
			answer, err := client.Cancel(cmd.Context(), args[0], reason)
			if err != nil {
				return err
			}
			if !answer.Status.Terminal() {
				op, err := c.AwaitEnd(cmd.Context(), client, args[0])
				if err != nil {
					return err
				}
				answer.Status, answer.CancelledAt, answer.TaskCancelled = op.Status, op.CompletedAt, op.Status == operation.Cancelled
			}
			return c.Show(answer, func(w io.Writer) {
				fmt.Fprintf(w, "%s is %s\n", answer.OperationID, c.Status(string(answer.Status)))
			})
		},
	}
	cmd.Flags().StringVarP(&reason, "reason", "r", "", "why, for the record")
	return cmd
}

func newOperationsFollow(c *command.Console) *cobra.Command {
	return &cobra.Command{
		Use: "follow ID", Short: "Watch an operation until it ends; Ctrl+C stops watching, not the operation", Args: command.Arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.Client(cmd)
			if err != nil {
				return err
			}
			op, err := c.Follow(cmd.Context(), client, args[0])
			if cmd.Context().Err() != nil {
				c.Say("No longer watching %s; it goes on. To stop it: ktrdr operations cancel %s", args[0], args[0])
				return err
			}
			if err != nil {
				return err
			}
			return c.ShowOutcome(client, op)
		},
	}
}
