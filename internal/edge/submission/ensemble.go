package submission

import (
	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/ensemble"
	"github.com/ktrdr/ktrdr/internal/edge/command"
	"github.com/ktrdr/ktrdr/internal/edge/exit"
)

// Ensemble is the command that backtests several models together.
func Ensemble(c *command.Console) *cobra.Command {
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
--set, allow_short_from_flat too. The report says in words what was applied. Where nobody says it, commission
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
