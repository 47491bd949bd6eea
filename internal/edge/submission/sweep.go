package submission

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/sweep"
	"github.com/ktrdr/ktrdr/internal/edge/command"
	"github.com/ktrdr/ktrdr/internal/edge/exit"
)

// A sweepRequest is what the arguments and flags of sweep ask for.
type sweepRequest struct {
	backtestRequest
	strategy, symbol, timeframe string
	metric                      string
	top, chunk                  int
	follow                      bool
}

// Sweep is the command that backtests variants of one strategy.
func Sweep(c *command.Console) *cobra.Command {
	var r sweepRequest
	cmd := &cobra.Command{
		Use: "sweep SPACE", Short: "Backtest variants of one strategy on all backtest workers",
		Long: `Backtest variants of one strategy with one model and follow them to a leaderboard.

SPACE is a file that says which values are tried where in the strategy file:

  axes:
    decisions.confidence_threshold: {from: 0.5, to: 0.8, step: 0.05}
    decisions.exits.stop_loss: [null, 0.01, 0.02]

The variants are tried in chunks by all backtest workers. Each has the orders of a
backtest of its strategy alone, which "ktrdr sweep trial" writes. Beside the best
stands what the best of so many would show by luck. Ctrl+C cancels.`,
		Example: "  ktrdr sweep strategies/spaces/sample_momentum.yaml --model sample_momentum_SAMPLE_1h --start-date 2019-01-15 --end-date 2019-12-31",
		Args:    command.Arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.Client(cmd)
			if err != nil {
				return err
			}
			order, err := sweepOrder(cmd.Context(), c, client, r, args[0])
			if err != nil {
				return err
			}
			started, err := client.StartSweep(cmd.Context(), order, "")
			if err != nil {
				return err
			}
			c.Say("%d trials in %d chunks", started.Trials, started.Chunks)
			return c.AfterStart(cmd.Context(), client, started.Started, r.detach || !r.follow, r.output)
		},
	}
	r.bind(cmd)
	return cmd
}

func (r *sweepRequest) bind(cmd *cobra.Command) {
	r.backtestRequest.bind(cmd)
	f := cmd.Flags()
	f.Lookup("output").Usage = "folder for trials.parquet and summary.json"
	f.StringVar(&r.strategy, "strategy", "", "file or name of the strategy (default: that of the model)")
	f.StringVarP(&r.symbol, "symbol", "s", "", "symbol (default: the first of the strategy)")
	f.StringVarP(&r.timeframe, "timeframe", "t", "", "timeframe of decisions (default: that of the strategy)")
	f.StringVar(&r.metric, "metric", wire.DefaultMetric, "by which the best are chosen")
	f.IntVar(&r.top, "top", wire.DefaultTop, "how many of the best are listed, up to 100")
	f.IntVar(&r.chunk, "chunk-trials", 0, "trials that a worker evaluates at a time; 0 is so many that they take seconds")
	f.BoolVar(&r.follow, "follow", true, "wait for the end")
}

// sweepOrder checks what can be checked here and returns the request.
func sweepOrder(ctx context.Context, c *command.Console, client *wire.Client, r sweepRequest, file string) (wire.StartSweep, error) {
	var order wire.StartSweep
	if err := r.check(); err != nil {
		return order, err
	}
	if r.top < 1 || r.top > wire.MaxTop || r.chunk < 0 || r.chunk > sweep.MaxTrials {
		return order, exit.Usagef("--top %d --chunk-trials %d: want 1 to %d, and 0 to %d", r.top, r.chunk, wire.MaxTop, sweep.MaxTrials)
	}
	if r.detach || !r.follow {
		if r.output != "" {
			return order, exit.Usagef("--output needs the result: leave out --detach")
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return order, exit.Usagef("%w", err)
	}
	if _, err := sweep.ParseSpace(file, text); err != nil {
		return order, exit.Usagef("%w", err)
	}
	if r.strategy == "" {
		if r.model == "" {
			return order, exit.Usagef("a sweep needs --model or --strategy")
		}
		m, err := client.Model(ctx, r.model)
		if err != nil {
			return order, err
		}
		r.strategy = m.StrategyName
	}
	start, err := plainOrder(c, r.backtestRequest, []string{r.strategy})
	start.Symbol, start.Timeframe = r.symbol, r.timeframe
	return wire.StartSweep{StartBacktest: start, SpaceYAML: string(text), Metric: r.metric, Top: r.top, ChunkTrials: r.chunk}, err
}
