package cli

import (
	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/ensemble"
)

func newEnsemble(c *console) *cobra.Command {
	cmd := group("ensemble", "Put several models together", newEnsembleBacktest(c), newEnsembleValidate(c), newEnsembleSchema(c))
	bindSettings(cmd, roleClient)
	return cmd
}

// An ensembleRequest is what the arguments and flags of ensemble backtest ask for.
type ensembleRequest struct {
	backtestRequest
	commission, slippage float64
}

func newEnsembleBacktest(c *console) *cobra.Command {
	var r ensembleRequest
	cmd := &cobra.Command{
		Use: "backtest FILE [SYMBOL]", Short: "Backtest several models that an ensemble file puts together",
		Long: `Backtest several models that an ensemble file puts together, and follow it to its
report, which says how the models shared the period.

The file names trained models; each reads its own inputs on its own timeframes. The
symbol defaults to the first that the first of them was trained on. A period that
one of them was trained on is refused unless asked for, and is then marked
in-sample on every output. What happens to positions is said by the file alone and
not by the strategies of its models. Ctrl+C cancels.`,
		Example: "  ktrdr ensemble backtest strategies/ensembles/sample_regimes.yaml --start-date 2019-01-15 --end-date 2019-12-31",
		Args:    arguments(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			order, err := c.ensembleOrder(r, args)
			if err != nil {
				return err
			}
			client, err := c.client(cmd)
			if err != nil {
				return err
			}
			started, err := client.StartEnsemble(cmd.Context(), order, "")
			if err != nil {
				return err
			}
			return c.afterStart(cmd.Context(), client, started.Started, r.detach, r.output)
		},
	}
	r.bindEnsemble(cmd)
	return cmd
}

func (r *ensembleRequest) bindEnsemble(cmd *cobra.Command) {
	r.span.bind(cmd)
	f := cmd.Flags()
	f.Float64VarP(&r.capital, "capital", "c", wire.DefaultCapital, "money at the start")
	f.Float64Var(&r.commission, "commission", wire.DefaultCommission, "fraction of the value of each fill, 0 to 0.1, where the file says none")
	f.Float64Var(&r.slippage, "slippage", wire.DefaultSlippage, "fraction by which each fill is worse than the price, 0 to 0.1, where the file says none")
	f.Float64Var(&r.fraction, "fraction", wire.DefaultSizingFraction, "part of the equity that a trade takes, above 0 to 1")
	f.BoolVar(&r.fractionalUnits, "fractional-units", true, "quantities need not be whole numbers")
	f.BoolVar(&r.inSample, "allow-in-sample", false, "run although one of the models was trained on part of the period")
	f.StringVarP(&r.output, "output", "o", "", "folder for trades.parquet, equity.parquet and summary.json")
	f.IntVar(&r.threads, "threads", 0, "threads on the worker; 0 is all it has")
	r.terms.bind(cmd)
	f.BoolVarP(&r.detach, "detach", "d", false, "do not wait for the end (also --no-follow)")
	renameFlags(cmd, map[string]string{"start": "start-date", "end": "end-date", "no-follow": "detach"})
}

// ensembleOrder checks what can be checked here and returns the request.
func (c *console) ensembleOrder(r ensembleRequest, args []string) (wire.StartEnsemble, error) {
	var order wire.StartEnsemble
	if err := r.check(); err != nil {
		return order, err
	}
	for flag, v := range map[string]float64{"commission": r.commission, "slippage": r.slippage} {
		if !(v >= 0 && v <= wire.MaxCostFraction) {
			return order, usagef("--%s %v: want a fraction from 0 to %v (0.001 is 0.1 %%)", flag, v, wire.MaxCostFraction)
		}
	}
	text, err := c.readInput(args[0], wire.MaxStrategyBytes)
	if err != nil {
		return order, err
	}
	if _, err := ensemble.Parse(args[0], text); err != nil {
		return order, err
	}
	order = wire.StartEnsemble{
		EnsembleYAML: string(text), StartDate: r.span.start, EndDate: r.span.end,
		InitialCapital: &r.capital, Commission: &r.commission, Slippage: &r.slippage, SizingFraction: &r.fraction,
		WholeUnits: !r.fractionalUnits, AllowInSample: r.inSample, Threads: r.threads,
		Priority: r.terms.priority, MaxAttempts: r.terms.maxAttempts, Deadline: r.terms.until(), Queue: r.terms.queue(),
	}
	if len(args) > 1 {
		order.Symbol = args[1]
	}
	return order, nil
}

// An ensembleValidation is the result of checking an ensemble file.
type ensembleValidation struct {
	Valid    bool                 `json:"valid"`
	Ensemble string               `json:"ensemble"`
	Models   []string             `json:"models"` // that it asks for
	Issues   []wire.StrategyIssue `json:"issues"`
}

func newEnsembleValidate(c *console) *cobra.Command {
	return &cobra.Command{
		Use: "validate FILE", Short: "Check an ensemble file and report everything that is wrong with it", Args: arguments(1, 1),
		Long: `Check an ensemble file and report everything that is wrong with it, each problem
with its line and column. That its models are there, and are what it says, is
checked by a backtest. Exit code 1 says that it is not valid.`,
		RunE: func(_ *cobra.Command, args []string) error {
			text, err := c.readInput(args[0], wire.MaxStrategyBytes)
			if err != nil {
				return err
			}
			found := ensembleValidation{Models: []string{}, Issues: []wire.StrategyIssue{}}
			e, err := ensemble.Parse(args[0], text)
			if problems, ok := problemsOf(err); ok {
				found.Issues = issues("error", problems)
			} else if err != nil {
				return err
			} else {
				found.Valid, found.Ensemble = true, e.Name
				for _, m := range e.Members {
					found.Models = append(found.Models, m.Model)
				}
			}
			if err := c.showEnsemble(args[0], found); err != nil || found.Valid {
				return err
			}
			return errReported
		},
	}
}

func newEnsembleSchema(c *console) *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Write the JSON Schema of ensemble files, for editors", Args: arguments(0, 0),
		Long: `Write the JSON Schema of ensemble files, for editors: the keys, what kind of value
each has, and the words it can be. The rest is checked by ktrdr ensemble validate.`,
		Example: "  ktrdr ensemble schema > ensemble.schema.json",
		RunE: func(*cobra.Command, []string) error {
			_, err := c.out.Write(ensemble.Schema())
			return err
		},
	}
}
