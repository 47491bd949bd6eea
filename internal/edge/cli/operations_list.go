package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/edge/command"
	"github.com/ktrdr/ktrdr/internal/edge/display"
	"github.com/ktrdr/ktrdr/internal/edge/exit"
)

func newOperationsList(c *command.Console) *cobra.Command {
	var (
		f            wire.OperationFilter
		status, kind string
		children     bool
	)
	cmd := &cobra.Command{
		Use: "list", Short: "List operations, newest first", Args: command.Arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if f.Status, err = optional(status, operation.ParseStatus); err != nil {
				return err
			}
			if f.Type, err = optional(kind, operation.ParseType); err != nil {
				return err
			}
			if f.Limit < 1 || f.Limit > 1000 || f.Offset < 0 {
				return exit.Usagef("--limit %d --offset %d: want 1 to 1000, and at least 0", f.Limit, f.Offset)
			}
			client, err := c.Client(cmd)
			if err != nil {
				return err
			}
			f.Roots = !children
			list, err := client.Operations(cmd.Context(), f)
			if err != nil {
				return err
			}
			return c.Show(list, func(w io.Writer) { printOperations(c, w, list) })
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&status, "status", "s", "", "only this status: pending, running, resuming, completed, failed or cancelled")
	flags.StringVarP(&kind, "type", "t", "", "only this type: training, backtesting, …")
	flags.BoolVarP(&f.Active, "active", "a", false, "only those that have not ended")
	flags.BoolVar(&children, "children", false, "also those that are parts of others, such as the chunks of a sweep")
	flags.IntVarP(&f.Limit, "limit", "l", 50, "at most so many, up to 1000")
	flags.IntVar(&f.Offset, "offset", 0, "leave out the newest so many")
	return cmd
}

// optional parses a flag that may be left out.
func optional[T ~string](s string, parse func(string) (T, error)) (T, error) {
	if s == "" {
		return "", nil
	}
	v, err := parse(s)
	if err != nil {
		return "", exit.Usagef("%w", err)
	}
	return v, nil
}

func printOperations(c *command.Console, w io.Writer, list wire.OperationList) {
	if len(list.Data) == 0 {
		fmt.Fprintln(w, "No operations.")
		return
	}
	var rows [][]string
	for _, op := range list.Data {
		status := c.Status(string(op.Status))
		if op.QueuePosition > 0 {
			status += fmt.Sprintf(" #%d", op.QueuePosition)
		}
		took := "–"
		if op.DurationSeconds != nil {
			took = display.Duration(time.Duration(*op.DurationSeconds * float64(time.Second)))
		}
		rows = append(rows, []string{op.OperationID, string(op.Type), status, fmt.Sprintf("%.0f %%", op.ProgressPercentage),
			display.Optional(op.Symbol), display.Optional(op.Timeframe), took, display.Moment(op.CreatedAt)})
	}
	display.Columns(w, []string{"operation", "type", "status", "progress", "symbol", "timeframe", "took", "created (UTC)"}, rows, 4, 7)
	fmt.Fprintf(w, "%d of %d operations, %d active\n", len(list.Data), list.TotalCount, list.ActiveCount)
}
