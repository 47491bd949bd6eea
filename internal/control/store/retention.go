package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// prunable is the SQL of what retention may delete: what ended before $1, made no
// model that is still indexed, and has no parent that still gathers what its
// children found.
const prunable = `NOT (` + activeStatuses + `) AND completed_at < $1
	AND NOT EXISTS (SELECT 1 FROM models WHERE models.operation_id = operations.id)
	AND NOT EXISTS (SELECT 1 FROM operations AS parent WHERE parent.id = operations.parent_id AND parent.` + activeStatuses + `)`

// ended is the SQL of checkpoints of operations that have ended.
const ended = `EXISTS (SELECT 1 FROM operations WHERE operations.id = checkpoints.operation_id AND NOT (` + activeStatuses + `))`

// pruneLimit is how many operations one call deletes unless it says otherwise,
// so that other writes do not wait long.
const pruneLimit = 1000

// Prunable returns what Prune would delete: at most limit operations, those that
// ended first, without Spec, Result and Artifacts. limit 0 means 1000.
func (s *Store) Prunable(ctx context.Context, before time.Time, limit int) ([]operation.Operation, error) {
	if limit <= 0 {
		limit = pruneLimit
	}
	all, err := query(ctx, s.reads, func(scan func(...any) error) (operation.Operation, error) { return scanRecord(scan) },
		`SELECT `+recordColumns+` FROM operations WHERE `+prunable+` ORDER BY completed_at, id LIMIT $2`, micros(before), limit)
	return all, s.readError("operations to delete", err)
}

// Prune deletes operations that ended before a time, with all that belongs to
// them: attempts, results, points, events, checkpoints and references to
// artifacts. Operations that made a model stay. It deletes at most limit (0
// means 1000), those that ended first, and returns what it deleted.
func (s *Store) Prune(ctx context.Context, before time.Time, limit int) ([]operation.Operation, error) {
	candidates, err := s.Prunable(ctx, before, limit)
	if err != nil || len(candidates) == 0 {
		return nil, err
	}
	var deleted []operation.Operation
	err = s.update(ctx, func(w *writer) error {
		deleted = nil
		for _, o := range candidates {
			gone, err := w.prune(o.ID, before)
			if err != nil {
				return err
			}
			if gone {
				deleted = append(deleted, o)
			}
		}
		return nil
	})
	return deleted, err
}

// prune deletes one operation, unless it has been resumed meanwhile.
func (w *writer) prune(id string, before time.Time) (bool, error) {
	n, err := w.exec(`UPDATE operations SET attempt = attempt WHERE `+prunable+` AND id = $2`, micros(before), id)
	if err != nil || n == 0 {
		return false, err
	}
	var errs []error
	for _, table := range []string{"points", "checkpoints", "artifacts", "results", "attempts", "specs"} {
		errs = append(errs, w.forget(table, id))
	}
	// The newest event stays, so that its number is not given again.
	_, err = w.exec(`DELETE FROM events WHERE operation_id = $1 AND number < (SELECT MAX(number) FROM events)`, id)
	errs = append(errs, err)
	_, err = w.exec(`DELETE FROM operations WHERE id = $1`, id)
	if err = errors.Join(append(errs, err)...); err != nil {
		return false, fmt.Errorf("delete operation %s: %w", id, err)
	}
	return true, nil
}

// An Ended is an operation that has ended.
type Ended struct {
	ID     string
	Type   operation.Type
	Status operation.Status
	At     time.Time
}

// An Expiry is what is old at some moment.
type Expiry struct {
	Operations  []Ended         // that Prune would delete, those that ended first
	Checkpoints int             // that PruneCheckpoints would delete, beside those of Operations
	Needed      map[string]bool // hashes that something would still refer to
}

// Expired returns, as of one moment, what Prune and PruneCheckpoints would delete
// until nothing is left for them.
func (s *Store) Expired(ctx context.Context, operations, checkpoints time.Time) (Expiry, error) {
	var e Expiry
	err := snapshot(ctx, s.slow, &s.d.snapshot, func(tx *sql.Tx) (err error) {
		if e.Operations, err = query(ctx, tx, func(scan func(...any) error) (o Ended, err error) {
			var at int64
			err = scan(&o.ID, &o.Type, &o.Status, &at)
			o.At = fromMicros(at)
			return o, err
		}, `SELECT id, type, status, completed_at FROM operations WHERE `+prunable+` ORDER BY completed_at, id`, micros(operations)); err != nil {
			return err
		}
		const doomed = `operation_id IN (SELECT id FROM operations WHERE ` + prunable + `)`
		const old = `checkpoints.created_at < $2 AND ` + ended
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM checkpoints WHERE `+old+` AND NOT (`+doomed+`)`, micros(operations), micros(checkpoints)).
			Scan(&e.Checkpoints); err != nil {
			return err
		}
		e.Needed, err = hashes(ctx, tx, `SELECT sha256 FROM artifacts WHERE NOT (`+doomed+`)
			UNION SELECT sha256 FROM checkpoints WHERE NOT (`+doomed+`) AND NOT (`+old+`) UNION SELECT sha256 FROM models UNION SELECT sha256 FROM series_chunks`, micros(operations), micros(checkpoints))
		return err
	})
	return e, s.readError("what is old", err)
}

// PruneCheckpoints deletes checkpoints that were made before a time by operations
// that have ended, and returns how many. Those can no longer be resumed.
func (s *Store) PruneCheckpoints(ctx context.Context, before time.Time) (n int, err error) {
	err = s.update(ctx, func(w *writer) error {
		deleted, err := w.exec(`DELETE FROM checkpoints WHERE checkpoints.created_at < $1 AND `+ended, micros(before))
		n = int(deleted)
		return err
	})
	return n, err
}

// Referenced returns the hashes of all stored content that something refers to:
// inputs and outputs of operations, checkpoints, models and series. Content that was
// stored lately may be referred to in a moment, so who deletes the rest must
// spare it.
func (s *Store) Referenced(ctx context.Context) (map[string]bool, error) {
	all, err := hashes(ctx, s.slow, `SELECT sha256 FROM artifacts UNION SELECT sha256 FROM checkpoints UNION SELECT sha256 FROM models UNION SELECT sha256 FROM series_chunks`)
	return all, s.readError("references to artifacts", err)
}

// hashes collects the hashes that a query selects.
func hashes(ctx context.Context, q querier, text string, args ...any) (map[string]bool, error) {
	all, err := query(ctx, q, func(scan func(...any) error) (hash string, err error) { return hash, scan(&hash) }, text, args...)
	set := make(map[string]bool, len(all))
	for _, h := range all {
		set[h] = true
	}
	return set, err
}
