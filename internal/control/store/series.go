package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// A Series is what backends that share a database agree on about the bars of one
// symbol and timeframe. The zero version is that of a series that is not known.
type Series struct {
	Symbol, Timeframe string
	Version           int64
	Bars              int
	First, Last       int64   // Unix seconds at which the first and the last bar open
	Chunks            []Chunk // by number
}

// A Chunk is the part of a series in one stretch of time, in the artifact store.
type Chunk struct {
	Number int64
	SHA256 string
}

// SeriesList returns all series by symbol and timeframe, without their chunks.
func (s *Store) SeriesList(ctx context.Context) ([]Series, error) {
	all, err := query(ctx, s.reads, scanSeries, `SELECT symbol, timeframe, version, bars, first, last FROM series ORDER BY symbol, timeframe`)
	return all, s.readError("series", err)
}

func scanSeries(scan func(...any) error) (r Series, err error) {
	return r, scan(&r.Symbol, &r.Timeframe, &r.Version, &r.Bars, &r.First, &r.Last)
}

// Series returns one series with its chunks, or operation.ErrNotFound.
func (s *Store) Series(ctx context.Context, symbol, timeframe string) (r Series, err error) {
	err = s.snapshot(ctx, func(tx *sql.Tx) error {
		row := tx.QueryRowContext(ctx, `SELECT symbol, timeframe, version, bars, first, last FROM series WHERE symbol = $1 AND timeframe = $2`, symbol, timeframe)
		if r, err = scanSeries(row.Scan); err != nil {
			return found(err)
		}
		r.Chunks, err = query(ctx, tx, func(scan func(...any) error) (c Chunk, err error) { return c, scan(&c.Number, &c.SHA256) },
			`SELECT number, sha256 FROM series_chunks WHERE symbol = $1 AND timeframe = $2 ORDER BY number`, symbol, timeframe)
		return err
	})
	return r, s.readError(fmt.Sprintf("series %s %s", symbol, timeframe), err)
}

// PutSeries replaces the version that r names by what r says, as the next
// version, and returns that. It fails with operation.ErrConflict when another
// version is stored, or holder is not the scheduler any more.
func (s *Store) PutSeries(ctx context.Context, holder string, r Series) (int64, error) {
	err := s.update(ctx, func(w *writer) error {
		n, err := w.exec(`INSERT INTO series (symbol, timeframe, version, bars, first, last)
			SELECT $1, $2, $3, $4, $5, $6 FROM scheduler WHERE id = 1 AND holder = $7
			AND $3 = 1 + COALESCE((SELECT version FROM series WHERE symbol = $1 AND timeframe = $2), 0)
			ON CONFLICT (symbol, timeframe) DO UPDATE SET version = excluded.version, bars = excluded.bars, first = excluded.first, last = excluded.last
			WHERE series.version = excluded.version - 1`, r.Symbol, r.Timeframe, r.Version+1, r.Bars, r.First, r.Last, holder)
		if err == nil && n == 0 {
			err = fmt.Errorf("bars of %s %s: %w: another backend has changed them or schedules now", r.Symbol, r.Timeframe, operation.ErrConflict)
		}
		if err != nil {
			return err
		}
		_, err = w.exec(`DELETE FROM series_chunks WHERE symbol = $1 AND timeframe = $2`, r.Symbol, r.Timeframe)
		for _, c := range r.Chunks {
			if err == nil {
				_, err = w.exec(`INSERT INTO series_chunks (symbol, timeframe, number, sha256) VALUES ($1, $2, $3, $4)`, r.Symbol, r.Timeframe, c.Number, c.SHA256)
			}
		}
		return err
	})
	if err != nil && !errors.Is(err, operation.ErrConflict) {
		err = fmt.Errorf("store series %s %s: %w", r.Symbol, r.Timeframe, err)
	}
	return r.Version + 1, err
}
