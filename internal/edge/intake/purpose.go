package intake

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// trainingRequest parses what the start of a training asks for. Dates that it does
// not name are those of the strategy.
func (desk *Desk) trainingRequest(b wire.StartTraining, symbols, timeframes []string) (request, error) {
	r, err := desk.request(b.StrategyName, b.StrategyYAML, symbols, timeframes)
	if err != nil {
		return r, err
	}
	return r, r.dated(r.strategy.TrainingDates(b.StartDate, b.EndDate))
}

// dated gives r the dates that its strategy has for it, or the error of those that
// are asked for.
func (r *request) dated(start, end string, err error) error {
	if r.start, r.end = start, end; err == nil {
		r.span, err = market.ParseSpan(start, end)
	}
	if err != nil {
		return wire.Errorf(wire.CodeBadRequest, "%w", err)
	}
	return nil
}

// needDates refuses a backtest that has no first or no last day; or says who else
// could have named it.
func needDates(start, end, or string) error {
	var missing []wire.FieldError
	var names []string
	for _, x := range [...]struct{ name, date string }{{"start_date", start}, {"end_date", end}} {
		if x.date == "" {
			missing = append(missing, wire.FieldError{Field: "body -> " + x.name, Message: "missing" + or, Type: "missing"})
			names = append(names, x.name)
		}
	}
	if missing == nil {
		return nil
	}
	return &wire.Error{Code: wire.CodeValidation, Details: missing,
		Message: "a backtest needs " + strings.Join(names, " and ") + " (--start-date and --end-date)" + or}
}

// spanOf returns the dates of a backtest that nothing but its request names.
func spanOf(b wire.BacktestTerms) (market.Span, error) {
	if err := needDates(b.StartDate, b.EndDate, ""); err != nil {
		return market.Span{}, err
	}
	span, err := market.ParseSpan(b.StartDate, b.EndDate)
	if err != nil {
		return span, wire.Errorf(wire.CodeBadRequest, "%w", err)
	}
	return span, nil
}

// trainingPeriod says which dates a training has where its strategy names some, and
// who said so; else "".
func (desk *Desk) trainingPeriod(o wire.TrainingOrder) string {
	parsed, err := desk.o.Library.Parse(o.StrategyName, o.StrategyYAML)
	if err != nil {
		return ""
	}
	start, end, err := parsed.TrainingDates("", "")
	return saidPeriod(o.StartDate, o.EndDate, parsed.Period, err == nil && start == o.StartDate && end == o.EndDate)
}

// backtestPeriod is trainingPeriod of a backtest; that of an ensemble has no strategy.
func (desk *Desk) backtestPeriod(o wire.BacktestOrder) string {
	if o.StrategyYAML == "" {
		return ""
	}
	parsed, err := desk.o.Library.Parse(o.StrategyName, o.StrategyYAML)
	if err != nil {
		return ""
	}
	start, end, err := parsed.BacktestDates("", "")
	return saidPeriod(o.StartDate, o.EndDate, parsed.BacktestPeriod, err == nil && start == o.StartDate && end == o.EndDate)
}

func saidPeriod(start, end string, p market.Span, same bool) string {
	of := strategy.PeriodText(p)
	if of == "" {
		return ""
	}
	dates := fmt.Sprintf(" from %s to %s", cmp.Or(start, "the first bar"), cmp.Or(end, "the last bar"))
	if same {
		return dates + ", as the strategy says"
	}
	return dates + ", as the request says in place of the strategy: " + of
}

// deployable refuses a model for symbols that the strategy is not meant for; part is
// what the model is asked as. On which timeframe it decides is looked at where a
// strategy is given one.
func deployable(part string, m operation.ModelRecord, s *strategy.Strategy) error {
	trained := make([]market.Symbol, len(m.Symbols))
	for i, symbol := range m.Symbols {
		trained[i] = market.Symbol(symbol)
	}
	for _, symbol := range s.Symbols {
		if err := s.Deployment.FitSymbol(symbol, trained); err != nil {
			return wire.Errorf(wire.CodeBadRequest, "%s: strategy %s, model %s: %w", part, s.Name, m.ID, err)
		}
	}
	return nil
}
