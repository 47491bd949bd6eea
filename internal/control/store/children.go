package store

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// Children returns the operations whose parent is id, in order of submission,
// with Spec and Result and without Artifacts.
func (s *Store) Children(ctx context.Context, id string) ([]operation.Operation, error) {
	all, err := query(ctx, s.reads, func(scan func(...any) error) (operation.Operation, error) {
		var spec string
		var result sql.NullString
		o, err := scanRecord(scan, &spec, &result)
		o.Spec = json.RawMessage(spec)
		if result.Valid {
			o.Result = json.RawMessage(result.String)
		}
		return o, err
	}, `SELECT `+recordColumns+`, spec_json, result_json FROM operations JOIN specs ON specs.operation_id = id
		LEFT JOIN results ON results.operation_id = id WHERE parent_id = $1 ORDER BY created_at, id`, id)
	return all, s.readError("children of "+id, err)
}

// families adds what is known of the children of operations that gather.
func (s *Store) families(ctx context.Context, byID map[string]*operation.Unfinished) error {
	_, err := query(ctx, s.reads, func(scan func(...any) error) (_ struct{}, err error) {
		var parent, id string
		var status operation.Status
		var weight int64
		var message sql.NullString
		if err := scan(&parent, &id, &status, &weight, &message); err != nil {
			return struct{}{}, err
		}
		if u := byID[parent]; u != nil && u.Operation.Type.Gathers() {
			u.Family.Add(weight)
			if status.Terminal() {
				u.Family.End(id, weight, status, message.String)
			}
		}
		return struct{}{}, nil
	}, `SELECT parent_id, id, status, weight, error FROM operations
		WHERE parent_id IN (SELECT id FROM operations WHERE `+activeStatuses+`) ORDER BY created_at, id`)
	return err
}

// begun stores the start of an operation that gathers.
func (w *writer) begun(c operation.Begun) error {
	return w.guarded(c, `UPDATE operations SET status = 'running', started_at = COALESCE(started_at, $1)
		WHERE id = $2 AND is_open = 0 AND status = 'pending' AND type = 'sweep'
		AND EXISTS (SELECT 1 FROM scheduler WHERE id = 1 AND term = $3)`, micros(c.At), c.ID, w.term)
}

// adopted completes a part with the result of an earlier one.
func (w *writer) adopted(c operation.Adopted) error {
	if err := w.guarded(c, `UPDATE operations SET status = 'completed', completed_at = $1, progress_json = $2
		WHERE id = $3 AND attempt = 0 AND status = 'pending' AND type = 'sweep_chunk' AND retry_of IS NOT NULL
		AND EXISTS (SELECT 1 FROM scheduler WHERE id = 1 AND term = $4)`,
		micros(c.At), toJSON(operation.Progress{Percentage: 100}), c.ID, w.term); err != nil {
		return err
	}
	if err := w.result(c.ID, c.Result); err != nil {
		return err
	}
	return w.artifacts(c.ID, c.Artifacts, true)
}
