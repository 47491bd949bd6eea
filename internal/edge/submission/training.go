package submission

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/edge/command"
	"github.com/ktrdr/ktrdr/internal/edge/exit"
)

// A trainRequest is what the arguments and flags of models train ask for.
type trainRequest struct {
	strategy            string
	symbols, timeframes []string
	span                command.Period
	seed                uint64
	name                string
	threads             int
	terms               terms
	detach              bool
}

// Training is the command that trains a model.
func Training(c *command.Console) *cobra.Command {
	var r trainRequest
	cmd := &cobra.Command{
		Use: "train STRATEGY [SYMBOL] [TIMEFRAME]", Short: "Train a strategy's model on a training worker",
		Long: `Train a strategy's model on a training worker and follow it to its report.

STRATEGY is a file, or the name of a strategy that the backend holds. Symbols and
timeframes narrow what the strategy names; dates lie in its date_range, which is
trained on where no dates are given. Ctrl+C cancels the training; with
--detach the command returns once it is accepted.`,
		Example: "  ktrdr models train strategies/sample_momentum.yaml --symbol GBPUSD --timeframe 1h --start-date 2013-01-01 --end-date 2017-12-31",
		Args:    command.Arguments(0, 3),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.Client(cmd)
			if err != nil {
				return err
			}
			order, err := trainOrder(c, cmd, &r, args)
			if err != nil {
				return err
			}
			started, err := client.StartTraining(cmd.Context(), order, "")
			if err != nil {
				return err
			}
			c.Say("%s", started.Message)
			return c.AfterStart(cmd.Context(), client, started.Started, r.detach, "")
		},
	}
	f := cmd.Flags()
	f.StringVar(&r.strategy, "strategy", "", "strategy, instead of the first argument")
	f.StringSliceVarP(&r.symbols, "symbol", "s", nil, "symbol; may be repeated, or several between commas (also --symbols)")
	f.StringSliceVarP(&r.timeframes, "timeframe", "t", nil, "timeframe; may be repeated, or several between commas (also --timeframes)")
	r.span.Bind(cmd)
	f.Uint64Var(&r.seed, "seed", 0, "replace the seed of the strategy")
	f.StringVar(&r.name, "name", "", "name of the model (default: made from strategy, symbol and timeframe)")
	f.IntVar(&r.threads, "threads", 0, "threads on the worker; 0 is all it has")
	r.terms.bind(cmd)
	f.BoolVarP(&r.detach, "detach", "d", false, "do not wait for the end (also --no-follow)")
	command.RenameFlags(cmd, map[string]string{"start": "start-date", "end": "end-date", "symbols": "symbol", "timeframes": "timeframe", "no-follow": "detach"})
	return cmd
}

// trainOrder checks what can be checked here and returns the request.
func trainOrder(c *command.Console, cmd *cobra.Command, r *trainRequest, args []string) (wire.StartTraining, error) {
	order := wire.StartTraining{StartDate: r.span.Start, EndDate: r.span.End, ModelName: r.name, Submission: r.terms.submission(r.threads)}
	if err := r.takeArguments(args); err != nil {
		return order, err
	}
	if err := errors.Join(r.span.Check(), r.terms.check()); err != nil {
		return order, err
	}
	if cmd.Flags().Changed("seed") {
		order.Seed = &r.seed
	}
	for _, name := range command.SplitList(r.symbols) {
		symbol, err := market.ParseSymbol(name)
		if err != nil {
			return order, exit.Usagef("%w", err)
		}
		order.Symbols = append(order.Symbols, string(symbol))
	}
	for _, name := range command.SplitList(r.timeframes) {
		tf, err := market.ParseTimeframe(name)
		if err != nil {
			return order, exit.Usagef("%w", err)
		}
		order.Timeframes = append(order.Timeframes, tf.String())
	}
	held, read, err := strategyOf(c, r.strategy)
	if order.StrategyName = held; read != nil {
		order.StrategyYAML = string(read.Source)
	}
	return order, err
}

// takeArguments sorts the positional arguments into the request.
func (r *trainRequest) takeArguments(args []string) error {
	if len(args) > 0 && r.strategy != "" && r.strategy != args[0] {
		return exit.Usagef("the strategy is given twice: %s and %s", args[0], r.strategy)
	}
	if len(args) == 0 && r.strategy == "" {
		return exit.Usagef("no strategy: name a file or a strategy of the backend, for example: ktrdr models train strategies/sample_momentum.yaml")
	}
	if len(args) > 0 {
		r.strategy = args[0]
	}
	if len(args) > 1 {
		r.symbols = append(r.symbols, args[1])
	}
	if len(args) > 2 {
		r.timeframes = append(r.timeframes, args[2])
	}
	return nil
}

// strategyOf returns the name of a strategy that the backend holds, or the strategy
// that stands in a file. The file is checked here, so that every problem is shown
// with its place in it.
func strategyOf(c *command.Console, name string) (held string, read *strategy.Strategy, err error) {
	if !command.IsFile(name) {
		return name, nil, nil
	}
	read, err = c.ReadStrategy(name)
	return "", read, err
}
