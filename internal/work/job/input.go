package job

import (
	"context"
	"fmt"
	"slices"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/grammar"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/model"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/data/barstore"
	"github.com/ktrdr/ktrdr/internal/data/featurecache"
	"github.com/ktrdr/ktrdr/internal/work/worker"
)

// parseStrategy reads the strategy of an order and narrows it as the order says.
func parseStrategy(name, text string, symbols []market.Symbol, timeframes []market.Timeframe) (*strategy.Strategy, error) {
	s, err := grammar.Parse(name+".yaml", []byte(text))
	if err != nil {
		return nil, err
	}
	return s.With(symbols, timeframes)
}

// frames fetches the bars of an order, each once: one frame per symbol of s, in
// its order, all with the bars of its context.
func frames(ctx context.Context, env worker.Env, s *strategy.Strategy, refs []wire.DataRef) ([]feature.Frame, error) {
	held, hashes := map[strategy.Bars]market.Series{}, map[strategy.Bars]string{}
	reads := s.Reads()
	for _, ref := range refs {
		bars := strategy.Bars{Symbol: ref.Symbol, Timeframe: ref.Timeframe}
		if !slices.Contains(reads, bars) {
			continue
		}
		env.Report(operation.Progress{Phase: "data", CurrentStep: fmt.Sprintf("Loading bars %s %s", ref.Symbol, ref.Timeframe)})
		series, err := fetchBars(ctx, env, ref)
		if err != nil {
			return nil, err
		}
		held[bars], hashes[bars] = series, ref.SHA256
	}
	context := map[string]market.Series{}
	for _, source := range s.Context {
		context[source.ID] = held[source.Bars]
	}
	all := make([]feature.Frame, len(s.Symbols))
	for i, symbol := range s.Symbols {
		all[i] = feature.Frame{Symbol: symbol, Series: map[market.Timeframe]market.Series{}, Context: context, Hashes: hashes}
		if kept := keptOf(env); kept != nil {
			all[i].Kept = kept
		}
		for _, tf := range s.Timeframes {
			if series, ok := held[strategy.Bars{Symbol: symbol, Timeframe: tf}]; ok {
				all[i].Series[tf] = series
			}
		}
	}
	return all, nil
}

// fetchBars fetches one snapshot, if it is not in memory, and checks that it is what
// the order says.
func fetchBars(ctx context.Context, env worker.Env, ref wire.DataRef) (market.Series, error) {
	return featurecache.Held(keptOf(env), fmt.Sprintf("bars %+v", ref), func() (market.Series, int64, error) {
		series, err := fetchSnapshot(ctx, env, ref)
		columns := 6
		if series.HasQuotes() {
			columns = 8
		}
		return series, 8 * int64(columns*series.Len()), err
	})
}

func fetchSnapshot(ctx context.Context, env worker.Env, ref wire.DataRef) (market.Series, error) {
	content, err := env.Fetch(ctx, ref.SHA256)
	if err != nil {
		return market.Series{}, fmt.Errorf("fetch bars %s %s: %w", ref.Symbol, ref.Timeframe, err)
	}
	series, err := barstore.Decode(content)
	if err != nil {
		return market.Series{}, fmt.Errorf("read bars %s %s: %w", ref.Symbol, ref.Timeframe, err)
	}
	if series.Symbol != ref.Symbol || series.Timeframe != ref.Timeframe || series.Len() != ref.Bars {
		return market.Series{}, fmt.Errorf("read bars %s %s: snapshot %s holds %d bars of %s %s, the order says %d",
			ref.Symbol, ref.Timeframe, ref.SHA256, series.Len(), series.Symbol, series.Timeframe, ref.Bars)
	}
	return series, nil
}

// dataRefs is what an artifact and a report say about the bars of an order.
func dataRefs(refs []wire.DataRef) []model.DataRef {
	all := make([]model.DataRef, len(refs))
	for i, r := range refs {
		all[i] = model.DataRef{Symbol: r.Symbol, Timeframe: r.Timeframe, SHA256: r.SHA256, Bars: r.Bars, First: r.First, Last: r.Last}
	}
	return all
}
