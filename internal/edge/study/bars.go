package study

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/data/sample"
	"github.com/ktrdr/ktrdr/internal/data/tabular"
	"github.com/ktrdr/ktrdr/internal/edge/command"
	"github.com/ktrdr/ktrdr/internal/edge/exit"
)

// maxHeldBars is how many of the newest bars of each timeframe are fetched.
const maxHeldBars = 50_000

// barSource are the flags that say where a command takes bars from: files, or
// what the backend holds of a symbol.
type barSource struct {
	files  []string
	symbol string
}

func (b *barSource) bind(cmd *cobra.Command) {
	cmd.Flags().StringArrayVarP(&b.files, "data", "d", nil, "CSV file of bars; with several timeframes or data sources once for each, as TIMEFRAME=FILE or ID=FILE")
	cmd.Flags().StringVarP(&b.symbol, "symbol", "s", "", "take the bars that the backend holds of this symbol")
}

// frame returns the bars that the flags name, for every timeframe and data source
// of s; ok is false when they name none.
func (b *barSource) frame(c *command.Console, cmd *cobra.Command, s *strategy.Strategy) (f feature.Frame, ok bool, err error) {
	f = emptyFrame(s)
	if b.symbol != "" {
		if f.Symbol, err = market.ParseSymbol(b.symbol); err != nil {
			return f, false, exit.Usagef("--symbol: %w", err)
		}
	}
	switch {
	case len(b.files) > 0:
		return f, true, b.read(c, f, s)
	case b.symbol != "":
		return f, true, fetch(c, cmd, f, s)
	}
	return f, false, nil
}

// read fills f from files.
func (b *barSource) read(c *command.Console, f feature.Frame, s *strategy.Strategy) error {
	for _, name := range b.files {
		tf := s.Base
		before, after, named := strings.Cut(name, "=")
		if source, ok := sourceOf(s, before); named && ok {
			series, err := readSeries(after, source.Symbol, source.Timeframe)
			if err != nil {
				return err
			}
			f.Context[source.ID] = series
			continue
		}
		if named {
			parsed, err := market.ParseTimeframe(before)
			if err != nil {
				return exit.Usagef("--data %s: %w", name, err)
			}
			tf, name = parsed, after
		}
		series, err := readSeries(name, f.Symbol, tf)
		if err != nil {
			return err
		}
		f.Series[tf] = series
	}
	for _, tf := range s.Timeframes {
		if f.Series[tf].Len() == 0 {
			return exit.Usagef("there are no bars of %s, which %s reads: add --data %s=FILE", tf, s.Name, tf)
		}
	}
	for _, source := range s.Context {
		if f.Context[source.ID].Len() == 0 {
			return exit.Usagef("there are no bars of the data source %s (%s %s), which %s reads: add --data %s=FILE",
				source.ID, source.Symbol, source.Timeframe, s.Name, source.ID)
		}
	}
	return nil
}

func emptyFrame(s *strategy.Strategy) feature.Frame {
	return feature.Frame{Symbol: s.Symbols[0], Series: map[market.Timeframe]market.Series{}, Context: map[string]market.Series{}}
}

// sourceOf returns the data source of s with that id.
func sourceOf(s *strategy.Strategy, id string) (strategy.Source, bool) {
	for _, source := range s.Context {
		if source.ID == id {
			return source, true
		}
	}
	return strategy.Source{}, false
}

func readSeries(name string, symbol market.Symbol, tf market.Timeframe) (market.Series, error) {
	file, err := command.Open(name)
	if err != nil {
		return market.Series{}, err
	}
	defer file.Close()
	series, _, err := tabular.ReadCSV(file, name, tabular.CSVOptions{Options: tabular.Options{Symbol: symbol, Timeframe: tf}})
	return series, err
}

// fetch fills f with the newest bars that the backend holds.
func fetch(c *command.Console, cmd *cobra.Command, f feature.Frame, s *strategy.Strategy) error {
	client, err := c.Client(cmd)
	if err != nil {
		return err
	}
	read := func(symbol market.Symbol, tf market.Timeframe) (market.Series, error) {
		bars, err := client.Bars(cmd.Context(), symbol, tf, wire.BarsQuery{Limit: maxHeldBars})
		if err != nil {
			return market.Series{}, err
		}
		series, err := seriesOf(bars, symbol, tf)
		if err != nil {
			err = fmt.Errorf("bars of %s %s: %w", symbol, tf, err)
		}
		return series, err
	}
	for _, tf := range s.Timeframes {
		if f.Series[tf], err = read(f.Symbol, tf); err != nil {
			return err
		}
	}
	for _, source := range s.Context {
		if f.Context[source.ID], err = read(source.Symbol, source.Timeframe); err != nil {
			return err
		}
	}
	return nil
}

// seriesOf turns the backend's answer into a series.
func seriesOf(bars wire.Bars, symbol market.Symbol, tf market.Timeframe) (market.Series, error) {
	s := market.NewSeries(symbol, tf, len(bars.Dates))
	for i, date := range bars.Dates {
		at, err := time.Parse("2006-01-02T15:04:05", date)
		if err != nil {
			return s, err
		}
		var x [5]float64
		for k, v := range bars.OHLCV[i] {
			if x[k] = math.NaN(); v != nil {
				x[k] = *v
			}
		}
		s.Append(market.Bar{Time: at.Unix(), Open: x[0], High: x[1], Low: x[2], Close: x[3], Volume: x[4]})
	}
	return s, nil
}

// sampleFrame returns n base bars of a sample market that begins on the day of from,
// or where it always does if from is 0, and the bars of the other timeframes and of
// the data sources over the same time.
func sampleFrame(s *strategy.Strategy, n int, from int64) feature.Frame {
	f := emptyFrame(s)
	generate := func(symbol market.Symbol, tf market.Timeframe) market.Series {
		count := max(1, int(int64(n)*s.Base.Seconds()/tf.Seconds()))
		return sample.Generate(sample.Options{Symbol: symbol, Timeframe: tf, Seed: 1, Start: from / 86400 * 86400, Bars: count})
	}
	for _, tf := range s.Timeframes {
		f.Series[tf] = generate(f.Symbol, tf)
	}
	for _, source := range s.Context {
		f.Context[source.ID] = generate(source.Symbol, source.Timeframe)
	}
	return f
}
