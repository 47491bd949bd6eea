package job

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/core/backtest"
	"github.com/ktrdr/ktrdr/internal/core/ledger"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/work/worker"
)

// A tradeRow is one row of trades.parquet. Money is in account currency, times
// are UTC.
type tradeRow struct {
	TradeID         int64     `parquet:"trade_id"`
	Symbol          string    `parquet:"symbol,dict"`
	Side            string    `parquet:"side,dict"`
	EntryTime       time.Time `parquet:"entry_time,timestamp(millisecond)"`
	EntryPrice      float64   `parquet:"entry_price"`
	ExitTime        time.Time `parquet:"exit_time,timestamp(millisecond)"`
	ExitPrice       float64   `parquet:"exit_price"`
	ExitReason      string    `parquet:"exit_reason,dict"`
	Quantity        float64   `parquet:"quantity"`
	GrossPnL        float64   `parquet:"gross_pnl"`
	Commission      float64   `parquet:"commission"`
	Slippage        float64   `parquet:"slippage"`
	Spread          float64   `parquet:"spread"`
	Financing       float64   `parquet:"financing"`
	NetPnL          float64   `parquet:"net_pnl"`
	HoldingBars     int64     `parquet:"holding_bars"`
	HoldingHours    float64   `parquet:"holding_period_hours"`
	MaxFavorable    float64   `parquet:"max_favorable_excursion"`
	MaxAdverse      float64   `parquet:"max_adverse_excursion"`
	EntryConfidence float32   `parquet:"entry_confidence"`
	ExitConfidence  float32   `parquet:"exit_confidence"`
}

// An equityRow is one row of equity.parquet: the equity at the close of the bar
// that opens at timestamp.
type equityRow struct {
	Timestamp time.Time `parquet:"timestamp,timestamp(millisecond)"`
	Price     float64   `parquet:"price"`
	Equity    float64   `parquet:"portfolio_value"`
	Position  int32     `parquet:"position"`
}

// rowOf is the row of a trade in a symbol.
func rowOf(symbol market.Symbol, t *ledger.Trade) tradeRow {
	return tradeRow{
		TradeID: int64(t.ID), Symbol: string(symbol), Side: t.Side.String(),
		EntryTime: time.Unix(t.EntryTime, 0).UTC(), EntryPrice: t.EntryPrice,
		ExitTime: time.Unix(t.ExitTime, 0).UTC(), ExitPrice: t.ExitPrice, ExitReason: t.Cause.String(),
		Quantity: t.Quantity, GrossPnL: t.Gross, Commission: t.Commission, Slippage: t.Slippage, Spread: t.Spread, Financing: t.Financing, NetPnL: t.Net,
		HoldingBars: int64(t.HoldingBars), HoldingHours: t.HoldingHours,
		MaxFavorable: t.MaxFavorable, MaxAdverse: t.MaxAdverse,
		EntryConfidence: t.EntryConfidence, ExitConfidence: t.ExitConfidence,
	}
}

// uploadTables uploads the trades and the equity curve of books and names them as
// outputs of the operation.
func uploadTables(ctx context.Context, env worker.Env, books *backtest.Books, window market.Series) (trades, equity operation.Artifact, err error) {
	rows := make([]tradeRow, books.Len())
	for i := range rows {
		t := books.Trade(i)
		rows[i] = rowOf(window.Symbol, &t)
	}
	if trades, err = uploadTable(ctx, env, "trades", rows); err != nil {
		return trades, equity, err
	}
	curve, position := books.Equity(), books.Position()
	points := make([]equityRow, window.Len())
	for i := range points {
		points[i] = equityRow{Timestamp: time.Unix(window.Time[i], 0).UTC(), Price: window.Close[i], Equity: curve[i], Position: int32(position[i])}
	}
	equity, err = uploadTable(ctx, env, "equity", points)
	return trades, equity, err
}

// uploadTable writes rows as Parquet and uploads the file. Equal rows give equal
// bytes.
func uploadTable[Row any](ctx context.Context, env worker.Env, role string, rows []Row) (operation.Artifact, error) {
	var file bytes.Buffer
	w := parquet.NewGenericWriter[Row](&file, parquet.Compression(&parquet.Zstd), parquet.CreatedBy("ktrdr", "", ""))
	if _, err := w.Write(rows); err != nil {
		return operation.Artifact{}, fmt.Errorf("write %s as parquet: %w", role, err)
	}
	if err := w.Close(); err != nil {
		return operation.Artifact{}, fmt.Errorf("write %s as parquet: %w", role, err)
	}
	hash, err := env.Upload(ctx, file.Bytes())
	if err != nil {
		return operation.Artifact{}, fmt.Errorf("upload %s: %w", role, err)
	}
	a := operation.Artifact{SHA256: hash, Role: role, Bytes: int64(file.Len())}
	env.Produce(a)
	return a, nil
}
