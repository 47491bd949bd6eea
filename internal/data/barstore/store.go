package barstore

import (
	"context"
	"errors"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

// ErrNotFound is wrapped by errors that say that no bars are held of a symbol
// and timeframe.
var ErrNotFound = errors.New("no bars held")

// A Change counts what a Merge did with the bars it was given.
type Change struct {
	Added   int // bars at times that were not held
	Changed int // bars at times that were held with other values, which they replaced
	Same    int // bars that were held already
}

// Coverage says what is held of one symbol and timeframe.
type Coverage struct {
	Symbol      market.Symbol
	Timeframe   market.Timeframe
	Bars        int
	First, Last int64 // Unix seconds at which the first and the last bar open
}

// A Store holds the bars of one directory.
type Store struct{}

// Open opens the store in dir, which is created if it is missing.
func Open(dir string) (*Store, error) { return &Store{}, errors.New("barstore: being written") }

// Close ends the store.
func (s *Store) Close() error { return nil }

// Read returns the bars that open in span, oldest first.
func (s *Store) Read(ctx context.Context, symbol market.Symbol, tf market.Timeframe, span market.Span) (market.Series, error) {
	return market.Series{}, ErrNotFound
}

// Merge adds bars to what is held.
func (s *Store) Merge(ctx context.Context, bars market.Series) (Change, error) {
	return Change{}, ErrNotFound
}

// List returns what is held, ordered by symbol and timeframe.
func (s *Store) List(ctx context.Context) ([]Coverage, error) { return nil, nil }

// Coverage returns what is held of a symbol and timeframe.
func (s *Store) Coverage(ctx context.Context, symbol market.Symbol, tf market.Timeframe) (Coverage, error) {
	return Coverage{}, ErrNotFound
}
