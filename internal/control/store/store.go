// Package store keeps operations, attempts, workers and models in a database.
package store

import (
	"context"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// Options configure a Store. The zero value is ready to use.
type Options struct{}

// A Store is an open database. It has no useful zero value: use Open.
type Store struct{}

// Open opens, creates or migrates the database at url: the path of a SQLite
// file. A second process that opens the same file is refused.
func Open(ctx context.Context, url string, o Options) (*Store, error) { panic("not yet") }

// Close waits for queued writes and closes the database.
func (s *Store) Close() error { panic("not yet") }

// AcquireTerm implements dispatch.Store.
func (s *Store) AcquireTerm(ctx context.Context, holder string) (int64, error) { panic("not yet") }

// Unfinished implements dispatch.Store.
func (s *Store) Unfinished(ctx context.Context) ([]operation.Unfinished, error) { panic("not yet") }

// Workers implements dispatch.Store.
func (s *Store) Workers(ctx context.Context) ([]fleet.Worker, error) { panic("not yet") }

// Commit implements dispatch.Store.
func (s *Store) Commit(ctx context.Context, term int64, batch []operation.Transaction) []error {
	panic("not yet")
}

// SaveWorkers implements dispatch.Store.
func (s *Store) SaveWorkers(ctx context.Context, term int64, workers []fleet.Worker) error {
	panic("not yet")
}

// ForgetWorkers implements dispatch.Store.
func (s *Store) ForgetWorkers(ctx context.Context, term int64, ids []string) error { panic("not yet") }

// Operation returns one operation whole, or operation.ErrNotFound.
func (s *Store) Operation(ctx context.Context, id string) (operation.Operation, error) {
	panic("not yet")
}

// List returns a page of operations, newest first.
func (s *Store) List(ctx context.Context, f operation.Filter) (operation.Page, error) {
	panic("not yet")
}

// Model returns one model, or operation.ErrNotFound.
func (s *Store) Model(ctx context.Context, id string) (operation.ModelRecord, error) {
	panic("not yet")
}

// Models returns the models that the filter selects, newest first.
func (s *Store) Models(ctx context.Context, f ModelFilter) ([]operation.ModelRecord, error) {
	panic("not yet")
}

// DescribeModel sets the name and description that people gave a model; the
// version is that within the new name. It fails with operation.ErrNotFound.
func (s *Store) DescribeModel(ctx context.Context, id, name, description string) (operation.ModelRecord, error) {
	panic("not yet")
}

// A ModelFilter selects models. Empty fields select all.
type ModelFilter struct {
	Name, StrategyName string
	Symbol, Timeframe  string // a model trained on it among others
	OperationID        string
	Limit, Offset      int // Limit 0 means 100
}
