package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// prunable is the SQL of what retention may delete: what ended before $1 and
// made no model that is still indexed.
const prunable = `NOT (` + activeStatuses + `) AND completed_at < $1 AND NOT EXISTS (SELECT 1 FROM models WHERE models.operation_id = operations.id)`

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

// Referenced returns the hashes of all stored content that something refers to:
// inputs and outputs of operations, checkpoints and models. Content that was
// stored lately may be referred to in a moment, so who deletes the rest must
// spare it.
func (s *Store) Referenced(ctx context.Context) (map[string]bool, error) {
	all, err := query(ctx, s.reads, func(scan func(...any) error) (hash string, err error) { return hash, scan(&hash) },
		`SELECT sha256 FROM artifacts UNION SELECT sha256 FROM checkpoints UNION SELECT sha256 FROM models`)
	if err != nil {
		return nil, s.readError("references to artifacts", err)
	}
	hashes := make(map[string]bool, len(all))
	for _, h := range all {
		hashes[h] = true
	}
	return hashes, nil
}
