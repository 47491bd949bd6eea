package backend

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"
	_ "time/tzdata" // files name time zones, and not every machine knows them

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/data/barstore"
	"github.com/ktrdr/ktrdr/internal/data/tabular"
	"github.com/ktrdr/ktrdr/internal/edge/api"
)

// barFiles is the bar store as the API asks for it, with the import of files.
type barFiles struct{ bars *barstore.Store }

// Holdings implements api.Bars.
func (b barFiles) Holdings(ctx context.Context) ([]wire.Holding, error) {
	all, err := b.bars.List(ctx)
	return holdings(all), err
}

func holdings(all []barstore.Coverage) []wire.Holding {
	held := make([]wire.Holding, len(all))
	for i, c := range all {
		held[i] = holding(c)
	}
	return held
}

// Holding implements api.Bars.
func (b barFiles) Holding(ctx context.Context, symbol market.Symbol, tf market.Timeframe) (wire.Holding, error) {
	c, err := b.bars.Coverage(ctx, symbol, tf)
	if err != nil {
		return wire.Holding{}, err
	}
	return holding(c), nil
}

func holding(c barstore.Coverage) wire.Holding {
	return wire.Holding{Symbol: c.Symbol, Timeframe: c.Timeframe, Bars: c.Bars,
		First: time.Unix(c.First, 0).UTC(), Last: time.Unix(c.Last, 0).UTC()}
}

// Read implements api.Bars.
func (b barFiles) Read(ctx context.Context, symbol market.Symbol, tf market.Timeframe, span market.Span) (market.Series, error) {
	return b.bars.Read(ctx, symbol, tf, span)
}

// Snapshot implements api.Bars.
func (b barFiles) Snapshot(s market.Series) []byte { return barstore.Encode(nil, s) }

// Import implements api.Bars. The file is read whole before anything is merged,
// so that a bad row at its end leaves the store as it was.
func (b barFiles) Import(ctx context.Context, f api.ImportFile) (wire.ImportReport, error) {
	series, report, err := readBars(f)
	if err != nil {
		return wire.ImportReport{}, importError(err)
	}
	change, err := b.bars.Merge(ctx, series)
	if err != nil {
		return wire.ImportReport{}, err
	}
	held, err := b.bars.Coverage(ctx, f.Symbol, f.Timeframe)
	if err != nil {
		return wire.ImportReport{}, err
	}
	answer := wire.ImportReport{
		Symbol: f.Symbol, Timeframe: f.Timeframe, File: f.Name, Rows: report.Rows,
		Added: change.Added, Changed: change.Changed, Same: change.Same,
		Quotes: series.HasQuotes(), Ignored: report.Ignored, Skipped: report.Skipped.Total, Problems: []string{}, Held: holding(held),
	}
	for _, row := range report.Skipped.Rows {
		where := fmt.Sprintf("%s:%d: ", f.Name, row.Line)
		if row.Column != "" {
			where += row.Column + ": "
		}
		answer.Problems = append(answer.Problems, where+row.Problem)
	}
	return answer, nil
}

func readBars(f api.ImportFile) (market.Series, tabular.Report, error) {
	zone, err := tabular.ParseZone(f.Zone)
	if err != nil {
		return market.Series{}, tabular.Report{}, err
	}
	o := tabular.Options{Symbol: f.Symbol, Timeframe: f.Timeframe, Location: zone, SkipBad: f.SkipBad}
	if f.Format != api.Parquet {
		return tabular.ReadCSV(f.Content, f.Name, tabular.CSVOptions{Options: o})
	}
	content, err := io.ReadAll(f.Content)
	if err != nil {
		return market.Series{}, tabular.Report{}, err
	}
	return tabular.ReadParquet(bytes.NewReader(content), int64(len(content)), f.Name, tabular.ParquetOptions{Options: o})
}

// importError says to the API that the file is at fault, not the backend.
func importError(err error) error {
	if _, known := errors.AsType[*wire.Error](err); known {
		return err
	}
	return wire.Errorf(wire.CodeBadRequest, "%w", err)
}
