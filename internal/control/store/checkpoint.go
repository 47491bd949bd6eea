package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/operation"
)

func (w *writer) checkpointed(c operation.Checkpointed) error {
	t, x := c.Token, c.Checkpoint
	if err := w.guarded(c, `UPDATE operations SET attempt = attempt
		WHERE id = $1 AND attempt = $2 AND term = $3 AND (is_open = 1 OR ended = 'lost') AND `+activeStatuses+`
		AND EXISTS (SELECT 1 FROM scheduler WHERE id = 1 AND term = $4)`,
		t.OperationID, t.Attempt, t.Term, w.term); err != nil {
		return err
	}
	if _, err := w.exec(`INSERT INTO checkpoints (operation_id, number, sha256, bytes, kind, position, unit, state_json, attempt, created_at)
		VALUES ($1, (SELECT COALESCE(MAX(number), 0) + 1 FROM checkpoints WHERE operation_id = $1), $2, $3, $4, $5, $6, $7, $8, $9)`,
		t.OperationID, x.SHA256, x.Bytes, string(x.Kind), x.Position, x.Unit, string(x.State), x.Attempt, micros(x.CreatedAt)); err != nil {
		return fmt.Errorf("store checkpoint of %s: %w", t.OperationID, err)
	}
	_, err := w.exec(`DELETE FROM checkpoints WHERE operation_id = $1
		AND number <= (SELECT MAX(number) FROM checkpoints WHERE operation_id = $1) - $2`, t.OperationID, operation.KeptCheckpoints)
	return err
}

func (w *writer) resumed(c operation.Resumed) error {
	if err := w.guarded(c, `UPDATE operations SET status = 'resuming', completed_at = NULL, error = NULL, errors_json = '[]',
			cancel_requested_at = NULL, cancel_reason = '', deadline = NULL, expired = 0, is_open = 0, ended = 'settled', lost = 0
		WHERE id = $1 AND status IN ('failed', 'cancelled') AND EXISTS (SELECT 1 FROM checkpoints WHERE operation_id = $1)
		AND EXISTS (SELECT 1 FROM scheduler WHERE id = 1 AND term = $2)`, c.ID, w.term); err != nil {
		return err
	}
	return w.forget("results", c.ID)
}

// forget removes the rows of an operation from a table.
func (w *writer) forget(table, id string) error {
	_, err := w.exec(`DELETE FROM `+table+` WHERE operation_id = $1`, id)
	return err
}

const checkpointColumns = `sha256, bytes, kind, position, unit, state_json, checkpoints.attempt, checkpoints.created_at`

// scanCheckpoint reads columns and then a row of checkpointColumns.
func scanCheckpoint(scan func(...any) error, before ...any) (operation.Checkpoint, error) {
	var c operation.Checkpoint
	var state string
	var created int64
	err := scan(append(before, &c.SHA256, &c.Bytes, &c.Kind, &c.Position, &c.Unit, &state, &c.Attempt, &created)...)
	if state != "" {
		c.State = json.RawMessage(state)
	}
	c.CreatedAt = fromMicros(created)
	return c, err
}

// checkpointsOf returns the checkpoints of an operation, newest first; nil if
// there are none.
func (s *Store) checkpointsOf(ctx context.Context, id string) ([]operation.Checkpoint, error) {
	all, err := query(ctx, s.reads, func(scan func(...any) error) (operation.Checkpoint, error) { return scanCheckpoint(scan) },
		`SELECT `+checkpointColumns+` FROM checkpoints WHERE operation_id = $1 ORDER BY number DESC`, id)
	if len(all) == 0 {
		all = nil
	}
	return all, s.readError("checkpoints of "+id, err)
}

// A CheckpointFilter selects checkpoints. The zero value selects the newest 100.
type CheckpointFilter struct {
	OperationID   string    // "" is every operation
	Before        time.Time // only older ones; zero is no limit
	Limit, Offset int       // Limit 0 means 100
}

// A CheckpointRecord is a checkpoint and whose it is.
type CheckpointRecord struct {
	OperationID string
	Type        operation.Type
	Status      operation.Status
	operation.Checkpoint
}

// Checkpoints lists checkpoints, newest first.
func (s *Store) Checkpoints(ctx context.Context, f CheckpointFilter) ([]CheckpointRecord, error) {
	var conditions []string
	var args []any
	if f.OperationID != "" {
		args = append(args, f.OperationID)
		conditions = append(conditions, fmt.Sprintf(" AND operation_id = $%d", len(args)))
	}
	if !f.Before.IsZero() {
		args = append(args, micros(f.Before))
		conditions = append(conditions, fmt.Sprintf(" AND checkpoints.created_at < $%d", len(args)))
	}
	if f.Limit <= 0 {
		f.Limit = 100
	}
	all, err := query(ctx, s.reads, func(scan func(...any) error) (r CheckpointRecord, err error) {
		r.Checkpoint, err = scanCheckpoint(scan, &r.OperationID, &r.Type, &r.Status)
		return r, err
	}, fmt.Sprintf(`SELECT operation_id, operations.type, operations.status, `+checkpointColumns+`
		FROM checkpoints JOIN operations ON operations.id = operation_id WHERE 1 = 1%s
		ORDER BY checkpoints.created_at DESC, operation_id DESC, number DESC LIMIT $%d OFFSET $%d`,
		strings.Join(conditions, ""), len(args)+1, len(args)+2), append(args, f.Limit, max(f.Offset, 0))...)
	return all, s.readError("checkpoints", err)
}

// DeleteCheckpoints releases the checkpoints of an operation that has ended, and
// returns how many there were. It fails with operation.ErrNotFound if there were
// none and with operation.ErrConflict while the operation may need them.
func (s *Store) DeleteCheckpoints(ctx context.Context, id string) (int, error) {
	var n int64
	err := s.update(ctx, func(w *writer) (err error) {
		n, err = w.exec(`DELETE FROM checkpoints WHERE operation_id = $1
			AND EXISTS (SELECT 1 FROM operations WHERE id = $1 AND NOT `+activeStatuses+`)`, id)
		if err != nil || n > 0 {
			return err
		}
		var left int
		if err := w.row(`SELECT COUNT(*) FROM checkpoints WHERE operation_id = $1`, id).Scan(&left); err != nil {
			return err
		}
		if left > 0 {
			return fmt.Errorf("checkpoints of operation %s: it has not ended: %w", id, operation.ErrConflict)
		}
		return fmt.Errorf("checkpoints of operation %s: %w", id, operation.ErrNotFound)
	})
	return int(n), err
}

// ByKey returns the operation that a submitter submitted with an idempotency
// key, or operation.ErrNotFound.
func (s *Store) ByKey(ctx context.Context, submitter, key string) (operation.Operation, error) {
	all, err := query(ctx, s.reads, func(scan func(...any) error) (id string, err error) { return id, scan(&id) },
		`SELECT id FROM operations WHERE submitter = $1 AND idempotency_key = $2`, submitter, key)
	if err != nil {
		return operation.Operation{}, s.readError("idempotency keys", err)
	}
	if len(all) == 0 {
		return operation.Operation{}, fmt.Errorf("idempotency key %q: %w", key, operation.ErrNotFound)
	}
	return s.Operation(ctx, all[0])
}
