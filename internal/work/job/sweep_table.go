package job

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"

	"github.com/parquet-go/parquet-go"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/core/sweep"
	"github.com/ktrdr/ktrdr/internal/work/worker"
)

// A TrialRow is one row of trials.parquet, behind one column of text per axis of
// the space, and of the leaderboard. Null is undefined.
type TrialRow struct {
	Trial            int64    `parquet:"trial" json:"trial"`
	OrderHash        string   `parquet:"order_hash,dict" json:"order_hash"`
	TotalTrades      int64    `parquet:"total_trades" json:"total_trades"`
	TotalReturn      *float64 `parquet:"total_return,optional" json:"total_return"`
	TotalReturnPct   *float64 `parquet:"total_return_pct,optional" json:"total_return_pct"`
	AnnualizedReturn *float64 `parquet:"annualized_return,optional" json:"annualized_return"`
	Volatility       *float64 `parquet:"volatility,optional" json:"volatility"`
	SharpeRatio      *float64 `parquet:"sharpe_ratio,optional" json:"sharpe_ratio"`
	SortinoRatio     *float64 `parquet:"sortino_ratio,optional" json:"sortino_ratio"`
	CalmarRatio      *float64 `parquet:"calmar_ratio,optional" json:"calmar_ratio"`
	MaxDrawdown      *float64 `parquet:"max_drawdown,optional" json:"max_drawdown"`
	MaxDrawdownPct   *float64 `parquet:"max_drawdown_pct,optional" json:"max_drawdown_pct"`
	ProfitFactor     *float64 `parquet:"profit_factor,optional" json:"profit_factor"`
	WinRate          *float64 `parquet:"win_rate,optional" json:"win_rate"`
	Exposure         *float64 `parquet:"exposure,optional" json:"exposure"`
	FinalEquity      *float64 `parquet:"final_equity,optional" json:"final_equity"`
}

// numbers pairs the numbers of a row with their places in r.
func (r *TrialRow) numbers(row *sweep.Row) [13]struct {
	null **float64
	nan  *float64
} {
	return [13]struct {
		null **float64
		nan  *float64
	}{
		{&r.TotalReturn, &row.TotalReturn}, {&r.TotalReturnPct, &row.TotalReturnPct}, {&r.AnnualizedReturn, &row.AnnualizedReturn},
		{&r.Volatility, &row.Volatility}, {&r.SharpeRatio, &row.SharpeRatio}, {&r.SortinoRatio, &row.SortinoRatio}, {&r.CalmarRatio, &row.CalmarRatio},
		{&r.MaxDrawdown, &row.MaxDrawdown}, {&r.MaxDrawdownPct, &row.MaxDrawdownPct}, {&r.ProfitFactor, &row.ProfitFactor},
		{&r.WinRate, &row.WinRate}, {&r.Exposure, &row.Exposure}, {&r.FinalEquity, &row.FinalEquity},
	}
}

// tableRow returns row with null for NaN.
func tableRow(row sweep.Row) TrialRow {
	r := TrialRow{Trial: int64(row.Trial), OrderHash: row.OrderHash, TotalTrades: int64(row.TotalTrades)}
	for _, n := range r.numbers(&row) {
		if !math.IsNaN(*n.nan) {
			*n.null = n.nan
		}
	}
	return r
}

// sweepRow is the reverse of tableRow.
func sweepRow(r TrialRow) sweep.Row {
	row := sweep.Row{Trial: int(r.Trial), OrderHash: r.OrderHash, TotalTrades: int(r.TotalTrades)}
	for _, n := range r.numbers(&row) {
		*n.nan = math.NaN()
		if *n.null != nil {
			*n.nan = **n.null
		}
	}
	return row
}

// tableType is the row of a file: the settings of the trial, then its TrialRow.
func tableType(space sweep.Space) reflect.Type {
	var fields []reflect.StructField
	for i, a := range space.Axes {
		fields = append(fields, reflect.StructField{Name: fmt.Sprintf("Axis%d", i), Type: reflect.TypeFor[string](),
			Tag: reflect.StructTag(fmt.Sprintf(`parquet:"%s,dict"`, a.Path))})
	}
	return reflect.StructOf(append(fields, reflect.VisibleFields(reflect.TypeFor[TrialRow]())...))
}

// tableLine is row as its values stand in a file, in the order of tableType.
func tableLine(space sweep.Space, row sweep.Row) parquet.Row {
	settings := space.Trial(row.Trial).Settings
	line := make(parquet.Row, 0, len(settings)+16)
	put := func(v parquet.Value, definition int) { line = append(line, v.Level(0, definition, len(line))) }
	for _, s := range settings {
		put(parquet.ByteArrayValue([]byte(s.Value)), 0)
	}
	r := tableRow(row)
	put(parquet.Int64Value(r.Trial), 0)
	put(parquet.ByteArrayValue([]byte(r.OrderHash)), 0)
	put(parquet.Int64Value(r.TotalTrades), 0)
	for _, n := range r.numbers(&row) {
		if *n.null == nil {
			put(parquet.NullValue(), 0)
		} else {
			put(parquet.DoubleValue(**n.null), 1)
		}
	}
	return line
}

// uploadTrials writes rows of a space as Parquet, uploads the file and names it as
// an output of the operation. Equal rows give equal bytes.
func uploadTrials(ctx context.Context, env worker.Env, space sweep.Space, rows []sweep.Row) (operation.Artifact, error) {
	t := tableType(space)
	var file bytes.Buffer
	w := parquet.NewGenericWriter[any](&file, parquet.SchemaOf(reflect.New(t).Elem().Interface()),
		parquet.Compression(&parquet.Zstd), parquet.CreatedBy("ktrdr", "", ""))
	for _, row := range rows {
		if _, err := w.WriteRows([]parquet.Row{tableLine(space, row)}); err != nil {
			return operation.Artifact{}, fmt.Errorf("write trials as parquet: %w", err)
		}
	}
	if err := w.Close(); err != nil {
		return operation.Artifact{}, fmt.Errorf("write trials as parquet: %w", err)
	}
	hash, err := env.Upload(ctx, file.Bytes())
	if err != nil {
		return operation.Artifact{}, fmt.Errorf("upload trials: %w", err)
	}
	a := operation.Artifact{SHA256: hash, Role: "trials", Bytes: int64(file.Len())}
	env.Produce(a)
	return a, nil
}

// readTrials reads what uploadTrials wrote, without the settings.
func readTrials(content []byte) ([]sweep.Row, error) {
	r := parquet.NewGenericReader[TrialRow](bytes.NewReader(content))
	var rows []sweep.Row
	for {
		batch := make([]TrialRow, 1000)
		n, err := r.Read(batch)
		for _, b := range batch[:n] {
			rows = append(rows, sweepRow(b))
		}
		if errors.Is(err, io.EOF) {
			return rows, r.Close()
		}
		if err != nil {
			return nil, err
		}
	}
}
