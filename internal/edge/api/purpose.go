package api

import (
	"cmp"
	"fmt"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// trainingRequest parses what the start of a training asks for. Dates that it does
// not name are those of the strategy.
func (s *server) trainingRequest(b wire.StartTraining, symbols, timeframes []string) (request, error) {
	r, err := s.request(b.StrategyName, b.StrategyYAML, symbols, timeframes, b.StartDate, b.EndDate)
	if err != nil {
		return r, err
	}
	if r.start, r.end, err = r.strategy.TrainingDates(b.StartDate, b.EndDate); err == nil {
		r.span, err = market.ParseSpan(r.start, r.end)
	}
	if err != nil {
		return r, wire.Errorf(wire.CodeBadRequest, "%w", err)
	}
	return r, nil
}

// periodOf says which dates a training has where its strategy names some, and who
// said so; else "".
func (s *server) periodOf(order wire.TrainingOrder) string {
	parsed, err := s.parse(order.StrategyName, order.StrategyYAML)
	if err != nil || parsed.PeriodText() == "" {
		return ""
	}
	dates := fmt.Sprintf("from %s to %s", cmp.Or(order.StartDate, "the first bar"), cmp.Or(order.EndDate, "the last bar"))
	if start, end, err := parsed.TrainingDates("", ""); err == nil && start == order.StartDate && end == order.EndDate {
		return dates + ", as the strategy says"
	}
	return dates + ", as the request says in place of the strategy: " + parsed.PeriodText()
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
