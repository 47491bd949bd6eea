package cli

import (
	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/ensemble"
	"github.com/ktrdr/ktrdr/internal/edge/command"
	"github.com/ktrdr/ktrdr/internal/edge/exit"
	"github.com/ktrdr/ktrdr/internal/edge/settings"
)

func newEnsemble(c *command.Console) *cobra.Command {
	cmd := command.Group("ensemble", "Put several models together", newEnsembleBacktest(c), newEnsembleValidate(c), newEnsembleSchema(c))
	settings.Bind(cmd, settings.RoleClient)
	return cmd
}

func newEnsembleBacktest(c *command.Console) *cobra.Command {
	var r backtestRequest
	cmd := &cobra.Command{
		Use: "backtest FILE [SYMBOL]", Short: "Backtest several models that an ensemble file puts together",
		Long: `Backtest several models that an ensemble file puts together, and follow it to its
report, which says how the models shared the period.

The file names trained models; each reads its own inputs on its own timeframes. The
symbol defaults to the first that the first of them was trained on. Several symbols
between commas are traded together from one account, in that order. A period that
one of them was trained on is refused unless asked for, and is then marked
in-sample on every output. Ctrl+C cancels.

What happens to positions is said by the file, and by the strategy of a model where
the file says exits: own. What the file says under decisions can be varied for one
backtest: by the flags from --commission to --kelly-fraction, and every key by
--set. The report says in words what was applied. Where nobody says it, commission
is 0.001 and slippage 0.0005.`,
		Example: "  ktrdr ensemble backtest strategies/ensembles/sample_regimes.yaml --start-date 2019-01-15 --end-date 2019-12-31\n" +
			"  ktrdr ensemble backtest regimes.yaml EURUSD,GBPUSD --stop-loss 0.02 --start-date 2019-01-15 --end-date 2019-12-31",
		Args: command.Arguments(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			order, err := ensembleOrder(c, cmd, r, args)
			if err != nil {
				return err
			}
			client, err := c.Client(cmd)
			if err != nil {
				return err
			}
			started, err := client.StartEnsemble(cmd.Context(), order, "")
			if err != nil {
				return err
			}
			return c.AfterStart(cmd.Context(), client, started.Started, r.detach, r.output)
		},
	}
	r.bindTerms(cmd)
	command.RenameFlags(cmd, map[string]string{"start": "start-date", "end": "end-date", "no-follow": "detach"})
	bindDecisions(cmd.Flags(), &r.set, "ensemble", "confidence-threshold")
	return cmd
}

// ensembleOrder checks what can be checked here and returns the request.
func ensembleOrder(c *command.Console, cmd *cobra.Command, r backtestRequest, args []string) (wire.StartEnsemble, error) {
	terms, err := r.backtestTerms(args[1:])
	order := wire.StartEnsemble{BacktestTerms: terms}
	if err == nil && (r.span.Start == "" || r.span.End == "") {
		err = exit.Usagef("a backtest needs --start-date and --end-date")
	}
	if err != nil {
		return order, err
	}
	text, err := c.ReadInput(args[0], wire.MaxStrategyBytes)
	if err != nil {
		return order, err
	}
	if _, err := ensemble.Parse(args[0], text); err != nil {
		return order, err
	}
	order.EnsembleYAML = string(text)
	order.Decisions, err = decisionsOf(cmd, r.set)
	return order, err
}

// An ensembleValidation is the result of checking an ensemble file.
type ensembleValidation struct {
	Valid    bool                 `json:"valid"`
	Ensemble string               `json:"ensemble"`
	Models   []string             `json:"models"` // that it asks for
	Issues   []wire.StrategyIssue `json:"issues"`
}

func newEnsembleValidate(c *command.Console) *cobra.Command {
	return &cobra.Command{
		Use: "validate FILE", Short: "Check an ensemble file and report everything that is wrong with it", Args: command.Arguments(1, 1),
		Long: `Check an ensemble file and report everything that is wrong with it, each problem
with its line and column. That its models are there, and are what it says, is
checked by a backtest. Exit code 1 says that it is not valid.`,
		RunE: func(_ *cobra.Command, args []string) error {
			text, err := c.ReadInput(args[0], wire.MaxStrategyBytes)
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
			if err := showEnsemble(c, args[0], found); err != nil || found.Valid {
				return err
			}
			return exit.ErrReported
		},
	}
}

func newEnsembleSchema(c *command.Console) *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Write the JSON Schema of ensemble files, for editors", Args: command.Arguments(0, 0),
		Long: `Write the JSON Schema of ensemble files, for editors: the keys, what kind of value
each has, and the words it can be. The rest is checked by ktrdr ensemble validate.`,
		Example: "  ktrdr ensemble schema > ensemble.schema.json",
		RunE: func(*cobra.Command, []string) error {
			_, err := c.Out.Write(ensemble.Schema())
			return err
		},
	}
}
