package intake

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/grammar"
	"github.com/ktrdr/ktrdr/internal/core/spell"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/core/sweep"
	"github.com/ktrdr/ktrdr/internal/edge/library"
)

// Sweep starts a sweep with its chunks, unless the same wish has started it before.
func (desk *Desk) Sweep(ctx context.Context, w Wish, b wire.StartSweep) (wire.SweepStarted, error) {
	op := submitted(operation.Sweep, b.Submission)
	if before, again, err := desk.repeated(ctx, w, b, &op); err != nil || again {
		return startedAs(before, err, desk.sweepStarted)
	}
	if len(b.Decisions) > 0 {
		return wire.SweepStarted{}, wire.Errorf(wire.CodeBadRequest, "decisions: a sweep varies them by the axes of its space: give an axis with one value for each")
	}
	if len(b.Symbols) > 0 {
		return wire.SweepStarted{}, wire.Errorf(wire.CodeBadRequest, "symbols: a sweep tries variants on one symbol: give symbol instead")
	}
	r, order, err := desk.backtestOrder(ctx, b.StartBacktest, &op)
	if err != nil {
		return wire.SweepStarted{}, err
	}
	asked, err := costsOf(b.BacktestTerms) // what the strategy says, a trial may not say
	if err != nil {
		return wire.SweepStarted{}, err
	}
	order.Commission, order.Slippage = asked.commission, asked.slippage
	space, quoted, err := spaceOf(b, r.strategy)
	if err != nil {
		return wire.SweepStarted{}, err
	}
	whole := wire.SweepOrder{BacktestOrder: order, SpaceYAML: b.SpaceYAML, Trials: space.Len(), Metric: b.Metric, Top: b.Top}
	if whole.Metric == "" {
		whole.Metric = wire.DefaultMetric
	}
	if whole.Top == 0 {
		whole.Top = wire.DefaultTop
	}
	op.Metadata.Parameters["trials"] = space.Len()
	bars, err := desk.o.Bars.Read(ctx, order.Symbol, order.Timeframe, r.span)
	if err != nil {
		return wire.SweepStarted{}, fmt.Errorf("read bars %s %s: %w", order.Symbol, order.Timeframe, err)
	}
	if err := quoted.FitsBars(bars); err != nil {
		return wire.SweepStarted{}, wire.Errorf(wire.CodeBadRequest, "decisions.costs: %w", err)
	}
	if err := specify(&op, &whole, b.Queue, func() {
		whole.Threads, whole.ChunkTrials = b.Threads, b.ChunkTrials
	}); err != nil {
		return wire.SweepStarted{}, err
	}
	children, err := chunks(op, whole)
	if err != nil {
		return wire.SweepStarted{}, err
	}
	if op, err = desk.o.Scheduler.SubmitFamily(ctx, op, children); err != nil {
		return wire.SweepStarted{}, err
	}
	return desk.sweepStarted(op, whole), nil
}

// spaceOf reads the space of a request and refuses values that make no strategy of
// s, as far as a look at each of them alone can tell. It returns the spread of those
// that need the quotes of bars, nil where none of them does.
func spaceOf(b wire.StartSweep, s *strategy.Strategy) (space sweep.Space, quoted *strategy.Spread, err error) {
	space, err = sweep.ParseSpace("space_yaml", []byte(b.SpaceYAML))
	if err != nil {
		return space, nil, library.Invalid(wire.CodeBadRequest, "space of trials is", err)
	}
	if b.Metric != "" && !slices.Contains(wire.SweepMetrics(), b.Metric) {
		return space, nil, wire.Errorf(wire.CodeBadRequest, "unknown metric %q%s: want one of %s", b.Metric, spell.Hint(b.Metric, wire.SweepMetrics()), strings.Join(wire.SweepMetrics(), " "))
	}
	if err := sweepable(s, s); err != nil {
		return space, nil, err
	}
	variants, err := sweep.VariantsOf(s)
	if err != nil {
		return space, nil, err
	}
	looks := 0
	for _, a := range space.Axes {
		for _, v := range a.Values {
			if looks++; looks > maxLooks {
				return space, quoted, nil // the workers look at the others
			}
			alone := sweep.Trial{Settings: []sweep.Setting{{Path: a.Path, Value: v}}}
			varied, err := variants.Strategy(alone)
			if err != nil {
				varied, err = applied(s, alone) // which knows the lines of the file
			}
			if err == nil {
				err = sweepable(varied, s)
			}
			if err != nil {
				return space, nil, wire.Errorf(wire.CodeBadRequest, "%s: %s makes no strategy of %s: %w", a.Path, v, s.Name, err)
			}
			if spread := varied.Decisions.Costs.Spread; spread.FromQuotes() {
				quoted = spread
			}
		}
	}
	return space, quoted, nil
}

// applied returns the strategy that the file of a trial of s is.
func applied(s *strategy.Strategy, t sweep.Trial) (*strategy.Strategy, error) {
	source, err := sweep.Apply(s.Source, t)
	if err != nil {
		return nil, err
	}
	return grammar.Parse(s.Name+".yaml", source)
}

// sweepable refuses what s needs beside the bars that the trials of a sweep of
// whole share.
func sweepable(s, whole *strategy.Strategy) error {
	if tf := s.Decisions.Fills.Intrabar; tf != 0 {
		return wire.Errorf(wire.CodeBadRequest, "decisions.fills.intrabar: a sweep knows no finer bars: leave it out here, and backtest the best trials with it")
	}
	conversions, err := strategy.Conversions(whole.Symbols[0], s.Decisions.Account.Currency)
	if err != nil {
		return wire.Errorf(wire.CodeBadRequest, "decisions.account: %w", err)
	}
	if len(conversions) > 0 {
		return wire.Errorf(wire.CodeBadRequest, "decisions.account.currency %s: a sweep counts in the currency of the prices of %s: leave it out here, and backtest the best trials with it", s.Decisions.Account.Currency, whole.Symbols[0])
	}
	return nil
}

// maxLooks bounds how many values are looked at before a sweep is accepted: a
// backend does not compute.
const maxLooks = 100

const (
	// chunkBars is about how many bars the trials of a chunk go through together: a
	// second or a few of work. It is no matter of how many workers there are.
	chunkBars = 200_000_000
	// maxChunk keeps the trials of short windows from filling one chunk.
	maxChunk = 2000
)

const (
	// What is left for lastLarge chunks is cut into smaller ones, so that nobody waits
	// long for the last, while others have nothing to do.
	lastLarge = 2
	lastParts = 4 // of each
)

// cuts returns the trials before which the chunks of a sweep end.
func cuts(o wire.SweepOrder) (ends []int) {
	each := func(n int) int { return (o.Trials + n - 1) / n } // of n chunks
	size := max(o.ChunkTrials, each(operation.MaxChildren))
	last := size
	if o.ChunkTrials == 0 {
		size = max(each(each(min(maxChunk, chunkBars/max(1, barsOf(o))+1))), each(operation.MaxChildren-lastLarge*lastParts))
		if last = size; size < o.Trials { // one is not cut
			last = (size + lastParts - 1) / lastParts
		}
	}
	for end := 0; end < o.Trials; ends = append(ends, end) {
		if o.Trials-end <= lastLarge*size {
			size = last
		}
		end = min(end+size, o.Trials)
	}
	return ends
}

// barsOf is how many bars are held of what a sweep trades.
func barsOf(o wire.SweepOrder) (n int) {
	for _, ref := range o.Data {
		if ref.Symbol == o.Symbol && ref.Timeframe == o.Timeframe {
			n = ref.Bars
		}
	}
	return n
}

// chunks returns the operations that evaluate the trials of a sweep.
func chunks(parent operation.Operation, order wire.SweepOrder) ([]operation.Operation, error) {
	var all []operation.Operation
	from := 0
	for _, end := range cuts(order) {
		part := wire.SweepChunkOrder{BacktestOrder: order.BacktestOrder, SpaceYAML: order.SpaceYAML, From: from, To: end}
		from = end
		part.Threads = 0
		c := operation.Operation{Type: operation.SweepChunk, Weight: int64(part.To - part.From), Metadata: parent.Metadata}
		c.Metadata.Parameters = map[string]any{"from": part.From, "to": part.To}
		if err := specify(&c, &part, nil, threads(&part.Threads, order.Threads)); err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// sweepStarted is the answer to the start of a sweep.
func (desk *Desk) sweepStarted(op operation.Operation, o wire.SweepOrder) wire.SweepStarted {
	message := fmt.Sprintf("Sweep of %d trials started for %s %s", o.Trials, o.Symbol, o.Timeframe) + desk.backtestPeriod(o.BacktestOrder)
	return wire.SweepStarted{Trials: o.Trials, Chunks: len(cuts(o)), BacktestStarted: wire.BacktestStarted{
		Started: desk.started(op, "started", message, o.StrategyName),
		Symbol:  o.Symbol, Timeframe: o.Timeframe, StartDate: o.StartDate, EndDate: o.EndDate, Mode: "distributed", ModelID: o.ModelID, InSample: o.InSample}}
}

// Trial returns a trial of a sweep as a strategy of its own, and the request that
// backtests it.
func Trial(op operation.Operation, n int) (wire.SweepTrial, error) {
	if op.Type != operation.Sweep {
		return wire.SweepTrial{}, wire.Errorf(wire.CodeOperationNotFound, "%s is not a sweep but %s", op.ID, op.Type)
	}
	o, err := orderOf[wire.SweepOrder](op)
	if err != nil {
		return wire.SweepTrial{}, err
	}
	space, err := sweep.ParseSpace("space_yaml", []byte(o.SpaceYAML))
	if err != nil {
		return wire.SweepTrial{}, fmt.Errorf("order of %s: %w", op.ID, err)
	}
	if n >= space.Len() {
		return wire.SweepTrial{}, wire.Errorf(wire.CodeBadRequest, "trial %d: the sweep has trials 0 to %d", n, space.Len()-1)
	}
	t := space.Trial(n)
	source, err := sweep.Apply([]byte(o.StrategyYAML), t)
	if err != nil {
		return wire.SweepTrial{}, fmt.Errorf("trial %d of %s: %w", n, op.ID, err)
	}
	parsed, err := grammar.Parse(o.StrategyName+".yaml", source)
	if err != nil {
		return wire.SweepTrial{}, wire.Errorf(wire.CodeBadRequest, "trial %d is no strategy: %w", n, err)
	}
	answer := wire.SweepTrial{Success: true, OperationID: op.ID, Trial: n, Settings: map[string]string{}, StrategyName: o.StrategyName, StrategyYAML: string(source),
		Backtest: wire.StartBacktest{StrategyName: o.StrategyName, StrategyYAML: string(source), Timeframe: o.Timeframe.String(), Model: o.ModelID,
			BacktestTerms: wire.BacktestTerms{Symbol: string(o.Symbol), StartDate: o.StartDate, EndDate: o.EndDate, InitialCapital: &o.InitialCapital,
				SizingFraction: &o.SizingFraction, WholeUnits: o.WholeUnits, AllowInSample: o.InSample}}}
	said := parsed.Decisions.Costs
	if said.Commission == nil && said.CommissionSchedule == "" {
		answer.Backtest.Commission = &o.Commission
	}
	if said.Slippage == nil {
		answer.Backtest.Slippage = &o.Slippage
	}
	for _, set := range t.Settings {
		answer.Settings[set.Path] = set.Value
	}
	return answer, nil
}
