package submission

import (
	"errors"
	"math"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/edge/command"
	"github.com/ktrdr/ktrdr/internal/edge/exit"
)

// A backtestRequest is what the arguments and flags of backtest run ask for.
type backtestRequest struct {
	span                              command.Period
	capital, fraction                 float64
	set                               []string
	fractionalUnits, inSample, detach bool
	model, output                     string
	threads                           int
	terms                             terms
}

// Backtest is the command that backtests one model.
func Backtest(c *command.Console) *cobra.Command {
	var r backtestRequest
	cmd := &cobra.Command{
		Use: "run STRATEGY [SYMBOL] [TIMEFRAME]", Short: "Backtest a trained model on a backtest worker",
		Long: `Backtest a trained model on a backtest worker and follow it to its report.

STRATEGY is a file, or the name of a strategy that the backend holds; symbol and
timeframe default to its first, and dates to its backtest.date_range, in which those
that are asked for lie. Several symbols between commas are traded together
from one account, in that order. The newest model of the strategy is used unless
--model names another. A period that the model was trained on is refused unless
asked for, and is then marked in-sample on every output. Ctrl+C cancels.

What the strategy file says under decisions can be varied for one backtest: by
the flags from --commission to --confidence-threshold, and every key by --set. The
report says in words what was applied. Where nobody says it, commission is 0.001
and slippage 0.0005.`,
		Example: "  ktrdr backtest run strategies/sample_momentum.yaml GBPUSD 1h --start-date 2019-01-01 --end-date 2021-12-31 -o report\n" +
			"  ktrdr backtest run three_majors EURUSD,GBPUSD,USDJPY 1d --currency USD --start-date 2019-01-01 --end-date 2021-12-31",
		Args: command.Arguments(1, 3),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.Client(cmd)
			if err != nil {
				return err
			}
			order, err := backtestOrder(c, cmd, r, args)
			if err != nil {
				return err
			}
			started, err := client.StartBacktest(cmd.Context(), order, "")
			if err != nil {
				return err
			}
			c.Say("%s", started.Message)
			return c.AfterStart(cmd.Context(), client, started.Started, r.detach, r.output)
		},
	}
	r.bind(cmd)
	bindDecisions(cmd.Flags(), &r.set, "strategy")
	return cmd
}

// bind adds the flags of a backtest of one model that say nothing about decisions.
func (r *backtestRequest) bind(cmd *cobra.Command) {
	r.bindTerms(cmd)
	cmd.Flags().StringVarP(&r.model, "model", "m", "", "id or name of the model (default: the newest of the strategy; also --model-path)")
	command.RenameFlags(cmd, map[string]string{"start": "start-date", "end": "end-date", "model-path": "model", "no-follow": "detach"})
}

// bindTerms adds the flags that every backtest has.
func (r *backtestRequest) bindTerms(cmd *cobra.Command) {
	r.span.Bind(cmd)
	f := cmd.Flags()
	f.Float64VarP(&r.capital, "capital", "c", wire.DefaultCapital, "money at the start")
	f.Float64Var(&r.fraction, "fraction", wire.DefaultSizingFraction, "part of the equity that a trade takes, above 0 to 1")
	f.BoolVar(&r.fractionalUnits, "fractional-units", true, "quantities need not be whole numbers")
	f.BoolVar(&r.inSample, "allow-in-sample", false, "run although a model was trained on part of the period")
	f.StringVarP(&r.output, "output", "o", "", "folder for trades.parquet, equity.parquet and summary.json")
	f.IntVar(&r.threads, "threads", 0, "threads on the worker; 0 is all it has")
	r.terms.bind(cmd)
	f.BoolVarP(&r.detach, "detach", "d", false, "do not wait for the end (also --no-follow)")
}

// backtestTerms checks what every backtest is asked for with, and returns it. The
// symbols stand between commas.
func (r backtestRequest) backtestTerms(symbols []string) (wire.BacktestTerms, error) {
	t := wire.BacktestTerms{
		StartDate: r.span.Start, EndDate: r.span.End, InitialCapital: &r.capital, SizingFraction: &r.fraction,
		WholeUnits: !r.fractionalUnits, AllowInSample: r.inSample, Submission: r.terms.submission(r.threads),
	}
	if t.Symbols = command.SplitList(symbols); len(t.Symbols) == 1 {
		t.Symbol, t.Symbols = t.Symbols[0], nil
	}
	return t, r.check()
}

// backtestOrder checks what can be checked here and returns the request.
func backtestOrder(c *command.Console, cmd *cobra.Command, r backtestRequest, args []string) (wire.StartBacktest, error) {
	order, err := plainOrder(c, r, args)
	if err != nil {
		return order, err
	}
	order.Decisions, err = decisionsOf(cmd, r.set)
	return order, err
}

// plainOrder is backtestOrder without decisions of its own.
func plainOrder(c *command.Console, r backtestRequest, args []string) (wire.StartBacktest, error) {
	terms, err := r.backtestTerms(args[1:min(2, len(args))])
	order := wire.StartBacktest{Model: r.model, BacktestTerms: terms}
	if err != nil {
		return order, err
	}
	if len(args) > 2 {
		order.Timeframe = args[2]
		for _, symbol := range command.SplitList(args[1:2]) {
			if _, _, err := command.ParsePair(symbol, args[2]); err != nil {
				return order, err
			}
		}
	}
	held, read, err := strategyOf(c, args[0])
	if order.StrategyName = held; err != nil || read == nil {
		return order, err // the backend knows which dates a strategy has that it holds
	}
	order.StrategyYAML = string(read.Source)
	start, end, err := read.BacktestDates(r.span.Start, r.span.End)
	if err == nil && (start == "" || end == "") {
		return order, exit.Usagef("a backtest needs --start-date and --end-date: strategy %s has no backtest.date_range that says it", read.Name)
	}
	if err != nil {
		return order, exit.Usagef("%w", err)
	}
	return order, nil
}

func (r backtestRequest) check() error {
	if err := errors.Join(r.span.Check(), r.terms.check()); err != nil {
		return err
	}
	for _, x := range []struct {
		flag      string
		value     float64
		low, high float64
		open      bool // low itself is too small
	}{
		{"capital", r.capital, 0, math.MaxFloat64, true},
		{"fraction", r.fraction, 0, 1, true},
	} {
		// Written so that NaN fails too.
		if !(x.value >= x.low && x.value <= x.high) || x.open && x.value == x.low {
			if x.high == math.MaxFloat64 {
				return exit.Usagef("--%s %v: want a number above 0", x.flag, x.value)
			}
			return exit.Usagef("--%s %v: want a fraction from %v to %v (0.001 is 0.1 %%)", x.flag, x.value, x.low, x.high)
		}
	}
	if r.detach && r.output != "" {
		return exit.Usagef("--output needs the result: leave out --detach")
	}
	return nil
}
