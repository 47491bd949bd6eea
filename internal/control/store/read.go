package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// recordColumns are the columns of an operation in the order of scanRecord.
const recordColumns = `id, parent_id, type, status, priority, created_at, started_at, completed_at, attempt, term, worker_id,
	incarnation, is_open, ended, lost, max_attempts, cancel_requested_at, cancel_reason, spec_hash, error,
	metadata_json, progress_json, warnings_json, errors_json, submitter, idempotency_key, fingerprint, deadline, expired,
	retry_of, points, point_step, weight`

// scanRecord reads a row of recordColumns, and of more if there are any.
func scanRecord(scan func(...any) error, more ...any) (operation.Operation, error) {
	var o operation.Operation
	var created int64
	var started, completed, cancelled, deadline sql.NullInt64
	var metadata, progress, warnings, errs string
	var key sql.NullString
	err := scan(append([]any{&o.ID, &o.ParentID, &o.Type, &o.Status, &o.Priority, &created, &started, &completed, &o.Attempt, &o.Term, &o.WorkerID,
		&o.Incarnation, &o.Open, &o.Ended, &o.Lost, &o.MaxAttempts, &cancelled, &o.CancelReason, &o.SpecHash, &o.ErrorMessage,
		&metadata, &progress, &warnings, &errs, &o.Submitter, &key, &o.Fingerprint, &deadline, &o.Expired,
		&o.RetryOf, &o.Points, &o.PointStep, &o.Weight}, more...)...)
	if err != nil {
		return o, err
	}
	o.IdempotencyKey, o.Deadline = key.String, nullTime(deadline)
	o.CreatedAt, o.StartedAt, o.CompletedAt = fromMicros(created), nullTime(started), nullTime(completed)
	o.CancelRequestedAt, o.CancelRequested = nullTime(cancelled), cancelled.Valid
	if progress == "" { // the attempt has not told any
		progress = "{}"
	}
	for _, f := range []struct {
		text string
		into any
	}{{metadata, &o.Metadata}, {progress, &o.Progress}, {warnings, &o.Warnings}, {errs, &o.Errors}} {
		if err := json.Unmarshal([]byte(f.text), f.into); err != nil {
			return o, fmt.Errorf("operation %s: %w: %w", o.ID, ErrDamaged, err)
		}
	}
	return o.WithDefaults(), nil
}

func nullTime(n sql.NullInt64) *time.Time {
	if !n.Valid {
		return nil
	}
	return new(fromMicros(n.Int64))
}

// readError says what was read when a read failed.
func (s *Store) readError(what string, err error) error {
	if err == nil || errors.Is(err, operation.ErrNotFound) {
		return err
	}
	return fmt.Errorf("read %s from database %s: %w", what, s.name, explain(err))
}

// Operation returns one operation whole, or operation.ErrNotFound.
func (s *Store) Operation(ctx context.Context, id string) (operation.Operation, error) {
	var spec string
	var result sql.NullString
	row := s.reads.QueryRowContext(ctx, `SELECT `+recordColumns+`, spec_json, result_json FROM operations
		JOIN specs ON specs.operation_id = id LEFT JOIN results ON results.operation_id = id WHERE id = $1`, id)
	o, err := scanRecord(row.Scan, &spec, &result)
	if errors.Is(err, sql.ErrNoRows) {
		return operation.Operation{}, fmt.Errorf("operation %s: %w", id, operation.ErrNotFound)
	}
	if err != nil {
		return operation.Operation{}, s.readError("operation "+id, err)
	}
	o.Spec = json.RawMessage(spec)
	if result.Valid {
		o.Result = json.RawMessage(result.String)
	}
	if o.Checkpoints, err = s.checkpointsOf(ctx, id); err != nil {
		return o, err
	}
	o.Artifacts, err = s.artifactsOf(ctx, id, false)
	return o, err
}

// Outputs returns references to what a finished operation has stored.
func (s *Store) Outputs(ctx context.Context, id string) ([]operation.Artifact, error) {
	return s.artifactsOf(ctx, id, true)
}

func (s *Store) artifactsOf(ctx context.Context, id string, outputs bool) ([]operation.Artifact, error) {
	all, err := query(ctx, s.reads, func(scan func(...any) error) (a operation.Artifact, err error) {
		return a, scan(&a.SHA256, &a.Role, &a.Bytes)
	}, `SELECT sha256, role, bytes FROM artifacts WHERE operation_id = $1 AND is_output = $2 ORDER BY role, sha256`, id, flag(outputs))
	return all, s.readError("artifacts of "+id, err)
}

// activeStatuses is the SQL of what has not ended.
const activeStatuses = `status IN ('pending', 'running', 'resuming')`

// List returns a page of operations, newest first; the children of one are in
// the order of their submission.
func (s *Store) List(ctx context.Context, f operation.Filter) (operation.Page, error) {
	var conditions []string
	var args []any
	if f.Status != "" {
		args = append(args, string(f.Status))
		conditions = append(conditions, fmt.Sprintf("status = $%d", len(args)))
	}
	if f.Type != "" {
		args = append(args, string(f.Type))
		conditions = append(conditions, fmt.Sprintf("type = $%d", len(args)))
	}
	if f.Active {
		conditions = append(conditions, activeStatuses)
	}
	order := "created_at DESC, id DESC"
	if f.Parent != "" {
		args, order = append(args, f.Parent), "created_at, id"
		conditions = append(conditions, fmt.Sprintf("parent_id = $%d", len(args)))
	}
	if f.Roots {
		conditions = append(conditions, "parent_id IS NULL")
	}
	where := ""
	if len(conditions) > 0 {
		where = " WHERE " + strings.Join(conditions, " AND ")
	}
	var page operation.Page
	err := s.snapshot(ctx, func(tx *sql.Tx) error {
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM operations`+where, args...).Scan(&page.Total); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM operations WHERE `+activeStatuses).Scan(&page.Active); err != nil {
			return err
		}
		limit := f.Limit
		if limit <= 0 {
			limit = operation.DefaultLimit
		}
		paged := fmt.Sprintf(` ORDER BY `+order+` LIMIT $%d OFFSET $%d`, len(args)+1, len(args)+2)
		var err error
		page.Operations, err = query(ctx, tx, func(scan func(...any) error) (operation.Operation, error) { return scanRecord(scan) },
			`SELECT `+recordColumns+` FROM operations`+where+paged, append(args, limit, max(f.Offset, 0))...)
		return err
	})
	return page, s.readError("list of operations", err)
}

// snapshot runs f so that all its reads see one state.
func (s *Store) snapshot(ctx context.Context, f func(tx *sql.Tx) error) error {
	return snapshot(ctx, s.reads, &s.d.snapshot, f)
}

func snapshot(ctx context.Context, db *sql.DB, o *sql.TxOptions, f func(tx *sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, o)
	if err != nil {
		return err
	}
	return errors.Join(f(tx), tx.Rollback())
}

// querier is what *sql.DB and *sql.Tx have in common here.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// query collects the rows of a query, never nil.
func query[T any](ctx context.Context, q querier, scan func(func(...any) error) (T, error), text string, args ...any) (all []T, err error) {
	rows, err := q.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	all = []T{}
	for rows.Next() {
		v, err := scan(rows.Scan)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

// Unfinished returns every operation that has not ended, in order of
// submission, without Artifacts.
func (s *Store) Unfinished(ctx context.Context) ([]operation.Unfinished, error) {
	all, err := query(ctx, s.reads, func(scan func(...any) error) (u operation.Unfinished, err error) {
		var spec string
		u.Operation, err = scanRecord(scan, &spec)
		u.Operation.Spec = json.RawMessage(spec)
		return u, err
	}, `SELECT `+recordColumns+`, spec_json FROM operations JOIN specs ON specs.operation_id = id
		WHERE `+activeStatuses+` ORDER BY created_at, id`)
	if err == nil {
		err = s.histories(ctx, all)
	}
	return all, s.readError("unfinished operations", err)
}

// histories adds what is known of the attempts of operations.
func (s *Store) histories(ctx context.Context, all []operation.Unfinished) error {
	byID := make(map[string]*operation.Unfinished, len(all))
	for i := range all {
		byID[all[i].Operation.ID] = &all[i]
	}
	if err := s.families(ctx, byID); err != nil {
		return err
	}
	_, err := query(ctx, s.reads, func(scan func(...any) error) (_ struct{}, err error) {
		var t operation.Token
		var outcome operation.Outcome
		var worker, reason string
		var report sql.NullString
		if err := scan(&t.OperationID, &t.Attempt, &t.Term, &worker, &outcome, &reason, &report); err != nil {
			return struct{}{}, err
		}
		u := byID[t.OperationID]
		if u == nil {
			return struct{}{}, nil // it has ended since the first query
		}
		if outcome == operation.Lost {
			u.Losses = append(u.Losses, operation.Loss(t, worker, reason))
		}
		if report.Valid {
			u.Candidate = new(operation.Report)
			err = json.Unmarshal([]byte(report.String), u.Candidate)
		}
		return struct{}{}, err
	}, `SELECT operation_id, attempts.attempt, attempts.term, attempts.worker_id, outcome, reason, report_json
		FROM attempts JOIN operations ON operations.id = operation_id
		WHERE `+activeStatuses+` AND (outcome = 'lost' OR report_json IS NOT NULL) ORDER BY operation_id, attempts.attempt`)
	if err != nil {
		return err
	}
	_, err = query(ctx, s.reads, func(scan func(...any) error) (_ struct{}, err error) {
		var id string
		c, err := scanCheckpoint(scan, &id)
		if u := byID[id]; u != nil {
			u.Operation.Checkpoints = append(u.Operation.Checkpoints, c)
		}
		return struct{}{}, err
	}, `SELECT operation_id, `+checkpointColumns+` FROM checkpoints JOIN operations ON operations.id = operation_id
		WHERE `+activeStatuses+` ORDER BY operation_id, number DESC`)
	return err
}

// Workers returns the workers that were saved and not forgotten, sorted by id.
func (s *Store) Workers(ctx context.Context) ([]fleet.Worker, error) {
	all, err := query(ctx, s.reads, func(scan func(...any) error) (w fleet.Worker, err error) {
		var registered, seen int64
		var capabilities string
		if err := scan(&w.ID, &w.Type, &w.EndpointURL, &w.Incarnation, &w.Version, &w.Draining, &registered, &seen, &capabilities); err != nil {
			return w, err
		}
		w.RegisteredAt, w.LastHeartbeat = fromMicros(registered), fromMicros(seen)
		return w, json.Unmarshal([]byte(capabilities), &w.Capabilities)
	}, `SELECT id, type, endpoint_url, incarnation, version, draining, registered_at, last_seen_at, capabilities_json FROM workers ORDER BY id`)
	return all, s.readError("workers", err)
}
