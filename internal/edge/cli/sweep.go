package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/edge/command"
	"github.com/ktrdr/ktrdr/internal/edge/display"
	"github.com/ktrdr/ktrdr/internal/edge/exit"
	"github.com/ktrdr/ktrdr/internal/edge/settings"
	"github.com/ktrdr/ktrdr/internal/edge/submission"
	"github.com/ktrdr/ktrdr/internal/work/job"
)

func newSweep(c *command.Console) *cobra.Command {
	cmd := submission.Sweep(c)
	cmd.AddCommand(newSweepShow(c), newSweepTrial(c), newSweepDownload(c))
	settings.Bind(cmd, settings.RoleClient)
	return cmd
}

// sweepOf returns a sweep that has completed, and its result.
func sweepOf(ctx context.Context, client *wire.Client, id string) (wire.Operation, job.SweepResult, error) {
	var r job.SweepResult
	op, err := client.Operation(ctx, id)
	if err != nil {
		return op, r, err
	}
	if op.Type != operation.Sweep {
		return op, r, exit.Usagef("%s is not a sweep but %s", id, op.Type)
	}
	if op.Status != operation.Completed {
		return op, r, fmt.Errorf("%s has no result: it is %s. See: ktrdr operations status %s", id, op.Status, id)
	}
	if err := json.Unmarshal(op.Result, &r); err != nil {
		return op, r, fmt.Errorf("read result of %s: %w", id, err)
	}
	return op, r, nil
}

func newSweepShow(c *command.Console) *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show the leaderboard of a sweep", Args: command.Arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.Client(cmd)
			if err != nil {
				return err
			}
			op, r, err := sweepOf(cmd.Context(), client, args[0])
			if err != nil {
				return err
			}
			return c.Show(r, func(w io.Writer) { display.Sweep(w, c.Yellow, client.URL(), op, r) })
		},
	}
}

func newSweepTrial(c *command.Console) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use: "trial ID TRIAL", Short: "Write one variant as a strategy file of its own", Args: command.Arguments(2, 2),
		Long: "Write one variant as a strategy file of its own. A backtest of it, with the model and\nthe flags of the sweep, has the same orders as the trial.",
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := strconv.Atoi(args[1])
			if err != nil || n < 0 {
				return exit.Usagef("trial %q: want a number from 0", args[1])
			}
			client, err := c.Client(cmd)
			if err != nil {
				return err
			}
			t, err := client.SweepTrial(cmd.Context(), args[0], n)
			if err != nil {
				return err
			}
			if output != "" {
				if err := os.WriteFile(output, []byte(t.StrategyYAML), 0o644); err != nil {
					return err
				}
			}
			return c.Show(t, func(w io.Writer) {
				if output == "" {
					fmt.Fprint(w, t.StrategyYAML)
					return
				}
				b := t.Backtest
				fmt.Fprintf(w, "Trial %d of %s, written to %s. Alone it runs with:\n", t.Trial, t.OperationID, output)
				fmt.Fprintf(w, "  ktrdr backtest run %s %s %s --model %s --start-date %s --end-date %s%s\n",
					output, b.Symbol, b.Timeframe, b.Model, b.StartDate, b.EndDate, moreFlags(b))
			})
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "file to write (default: standard output)")
	return cmd
}

// moreFlags are the flags of a backtest that most do without.
func moreFlags(b wire.StartBacktest) string {
	text := ""
	for _, x := range []struct {
		flag     string
		value    *float64
		fallback float64
	}{
		{"capital", b.InitialCapital, wire.DefaultCapital}, {"commission", b.Commission, wire.DefaultCommission},
		{"slippage", b.Slippage, wire.DefaultSlippage}, {"fraction", b.SizingFraction, wire.DefaultSizingFraction},
	} {
		if x.value != nil && *x.value != x.fallback {
			text += fmt.Sprintf(" --%s %v", x.flag, *x.value)
		}
	}
	if b.WholeUnits {
		text += " --fractional-units=false"
	}
	if b.AllowInSample {
		text += " --allow-in-sample"
	}
	return text
}

func newSweepDownload(c *command.Console) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use: "download ID", Short: "Fetch the file of all trials as Parquet", Args: command.Arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.Client(cmd)
			if err != nil {
				return err
			}
			op, r, err := sweepOf(cmd.Context(), client, args[0])
			if err != nil {
				return err
			}
			n, err := command.Fetch(cmd.Context(), client, r.Trials.SHA256, output)
			if err != nil {
				return err
			}
			return c.Show(trialsFile{op.ID, r.Trials.SHA256, n, output}, func(w io.Writer) {
				fmt.Fprintf(w, "%s: %s trials, %s bytes, sha256 %s, written to %s\n", op.ID, display.Integer(r.Luck.Trials), display.Integer(int(n)), r.Trials.SHA256, output)
			})
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "trials.parquet", "file to write")
	return cmd
}

// A trialsFile is the JSON of sweep download.
type trialsFile struct {
	OperationID string `json:"operation_id"`
	SHA256      string `json:"sha256"`
	Bytes       int64  `json:"bytes"`
	File        string `json:"file"`
}
