package store

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// record stores one change. Its first statement names the state that the change
// starts from and the scheduler's term, and nothing follows unless it has found
// them.
func (w *writer) record(c operation.Change) error {
	switch c := c.(type) {
	case operation.Created:
		return w.created(c)
	case operation.Opened:
		return w.opened(c)
	case operation.Begun:
		return w.begun(c)
	case operation.Gained:
		return w.guarded(c, `UPDATE operations SET progress_json = $1 WHERE id = $2 AND attempt = 0 AND type = 'sweep' AND `+activeStatuses+`
			AND EXISTS (SELECT 1 FROM scheduler WHERE id = 1 AND term = $3)`, toJSON(c.Progress), c.ID, w.term)
	case operation.Adopted:
		return w.adopted(c)
	case operation.Started:
		return w.started(c)
	case operation.Progressed:
		return w.guarded(c, `UPDATE operations SET progress_json = $1
			WHERE id = $2 AND attempt = $3 AND term = $4 AND is_open = 1 AND status = 'running'
			AND EXISTS (SELECT 1 FROM scheduler WHERE id = 1 AND term = $5)`,
			toJSON(c.Progress), c.Token.OperationID, c.Token.Attempt, c.Token.Term, w.term)
	case operation.Ended:
		return w.ended(c)
	case operation.Reopened:
		return w.reopened(c)
	case operation.Kept:
		t := c.Report.Token
		return w.guarded(c, `UPDATE attempts SET report_json = $1 WHERE operation_id = $2 AND attempt = $3
			AND EXISTS (SELECT 1 FROM operations WHERE id = $2 AND attempt > $3 AND status IN ('pending', 'running', 'resuming'))
			AND EXISTS (SELECT 1 FROM scheduler WHERE id = 1 AND term = $4)`,
			toJSON(c.Report), t.OperationID, t.Attempt, w.term)
	case operation.Checkpointed:
		return w.checkpointed(c)
	case operation.Measured:
		return w.measured(c)
	case operation.Resumed:
		return w.resumed(c)
	case operation.CancelRequested:
		return w.guarded(c, `UPDATE operations SET cancel_requested_at = $1, cancel_reason = $2, expired = $5
			WHERE id = $3 AND status IN ('pending', 'running', 'resuming')
			AND EXISTS (SELECT 1 FROM scheduler WHERE id = 1 AND term = $4)`,
			micros(c.At), c.Reason, c.ID, w.term, flag(c.Expired))
	case operation.Finished:
		return w.finished(c)
	case operation.Closed:
		return w.guarded(c, `UPDATE operations SET status = $1, error = $2, errors_json = $3, completed_at = $4,
				progress_json = COALESCE($7, progress_json)
			WHERE id = $5 AND is_open = 0 AND status IN ('pending', 'running', 'resuming')
			AND EXISTS (SELECT 1 FROM scheduler WHERE id = 1 AND term = $6)`,
			string(c.State), nullText(c.Error), toJSON(list(c.Errors)), micros(c.At), c.ID, w.term, nullProgress(c.Progress))
	case fleet.Saved:
		return w.savedWorker(c)
	case fleet.Marked:
		return w.marked(c)
	case fleet.Forgotten:
		_, err := w.exec(`DELETE FROM workers WHERE id = $1 AND EXISTS (SELECT 1 FROM scheduler WHERE id = 1 AND term = $2)`, c.WorkerID, w.term)
		return errors.Join(err, w.fence(c))
	}
	return fmt.Errorf("%T is not a change that can be stored: %w", c, operation.ErrConflict)
}

// guarded runs the statement that must find exactly one row, and says why it
// did not.
func (w *writer) guarded(c operation.Change, query string, args ...any) error {
	rows, err := w.exec(query, args...)
	if err != nil {
		return fmt.Errorf("%T of %s: %w", c, c.Subject(), err)
	}
	if rows == 1 {
		return nil
	}
	if err := w.fence(c); err != nil {
		return err
	}
	return fmt.Errorf("%T of %s: %w", c, c.Subject(), operation.ErrConflict)
}

// fence fails with ErrDeposed if the writer's term is not the newest.
func (w *writer) fence(c operation.Change) error {
	var term int64
	if err := w.row(`SELECT term FROM scheduler WHERE id = 1`).Scan(&term); err != nil {
		return fmt.Errorf("read the scheduler's term: %w", err)
	}
	if term != w.term {
		return fmt.Errorf("%T of %s: term is %d and yours is %d: %w", c, c.Subject(), term, w.term, operation.ErrDeposed)
	}
	return nil
}

// current is fence, asked once for all changes of a group: until it is committed
// nobody can take a newer term.
func (w *writer) current(c operation.Change) error {
	if w.newest == w.term && w.term > 0 {
		return nil
	}
	err := w.fence(c)
	if err == nil {
		w.newest = w.term
	}
	return err
}

// creationColumns are the columns of an operation that are given when it is
// created, creationRow their places in a statement.
const (
	creationColumns = `id, parent_id, type, status, priority, created_at, max_attempts, spec_hash,
		metadata_json, warnings_json, errors_json, submitter, idempotency_key, fingerprint, deadline, retry_of, weight`
	creationRow = `$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17`
)

// creationArgs are the values of the columns.
func creationArgs(o operation.Operation) []any {
	return []any{o.ID, o.ParentID, string(o.Type), string(operation.Pending), o.Priority, micros(o.CreatedAt), o.MaxAttempts, o.SpecHash,
		toJSON(o.Metadata), toJSON(list(o.Warnings)), toJSON(list(o.Errors)),
		o.Submitter, nullText(o.IdempotencyKey), o.Fingerprint, nullMicros(o.Deadline), o.RetryOf, o.Weight}
}

func (w *writer) created(c operation.Created) error {
	o := c.Operation
	if err := w.current(c); err != nil {
		return err
	}
	err := w.guarded(c, `INSERT INTO operations (`+creationColumns+`) VALUES (`+creationRow+`) ON CONFLICT DO NOTHING`, creationArgs(o)...)
	if errors.Is(err, operation.ErrConflict) {
		return w.taken(o)
	}
	if err != nil {
		return err
	}
	if err := w.soon(`INSERT INTO specs (operation_id, spec_json) VALUES ($1, $2)`, o.ID, string(o.Spec)); err != nil {
		return fmt.Errorf("store specification of %s: %w", o.ID, err)
	}
	return w.artifacts(o.ID, o.Artifacts, false)
}

// taken says what of a new operation another one has: the key or the id.
func (w *writer) taken(o operation.Operation) error {
	var other string
	err := w.row(`SELECT id FROM operations WHERE submitter = $1 AND idempotency_key = $2`, o.Submitter, nullText(o.IdempotencyKey)).Scan(&other)
	switch {
	case err == nil:
		return fmt.Errorf("operation %s: %w", other, operation.ErrKeyTaken)
	case errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("operation %s: %w", o.ID, operation.ErrDuplicate)
	}
	return err
}

func (w *writer) artifacts(id string, all []operation.Artifact, outputs bool) error {
	for _, a := range all {
		if err := w.soon(`INSERT INTO artifacts (operation_id, sha256, role, bytes, is_output) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (operation_id, sha256, role) DO NOTHING`, id, a.SHA256, a.Role, a.Bytes, flag(outputs)); err != nil {
			return fmt.Errorf("store artifact %s of %s: %w", a.Role, id, err)
		}
	}
	return nil
}

func (w *writer) opened(c operation.Opened) error {
	t := c.Token
	if err := w.guarded(c, `UPDATE operations SET attempt = $1, term = $2, worker_id = $3, incarnation = $4,
			is_open = 1, ended = '', progress_json = '', point_step = 0,
			status = CASE WHEN status = 'running' THEN 'resuming' ELSE status END
		WHERE id = $5 AND attempt = $6 AND is_open = 0 AND status IN ('pending', 'running', 'resuming') AND cancel_requested_at IS NULL
		AND EXISTS (SELECT 1 FROM scheduler WHERE id = 1 AND term = $7)`,
		t.Attempt, t.Term, c.WorkerID, c.Incarnation, t.OperationID, t.Attempt-1, w.term); err != nil {
		return err
	}
	err := w.soon(`INSERT INTO attempts (operation_id, attempt, term, worker_id, incarnation, opened_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		t.OperationID, t.Attempt, t.Term, c.WorkerID, c.Incarnation, micros(c.At))
	return err
}

func (w *writer) started(c operation.Started) error {
	t := c.Token
	if err := w.guarded(c, `UPDATE operations SET status = 'running', started_at = COALESCE(started_at, $1)
		WHERE id = $2 AND attempt = $3 AND term = $4 AND is_open = 1 AND status IN ('pending', 'resuming')
		AND EXISTS (SELECT 1 FROM scheduler WHERE id = 1 AND term = $5)`,
		micros(c.At), t.OperationID, t.Attempt, t.Term, w.term); err != nil {
		return err
	}
	err := w.soon(`UPDATE attempts SET started_at = $1 WHERE operation_id = $2 AND attempt = $3`, micros(c.At), t.OperationID, t.Attempt)
	return err
}

func (w *writer) ended(c operation.Ended) error {
	t, lost := c.Token, 0
	switch c.Outcome {
	case operation.Refused, operation.HandedBack:
	case operation.Lost:
		lost = 1
	default:
		return fmt.Errorf("%T of %s: outcome %q: %w", c, c.Subject(), c.Outcome, operation.ErrConflict)
	}
	if err := w.guarded(c, `UPDATE operations SET is_open = 0, ended = $1, lost = lost + $2,
			status = CASE WHEN started_at IS NULL THEN 'pending' ELSE 'resuming' END
		WHERE id = $3 AND attempt = $4 AND term = $5 AND is_open = 1 AND status IN ('pending', 'running', 'resuming')
		AND EXISTS (SELECT 1 FROM scheduler WHERE id = 1 AND term = $6)`,
		string(c.Outcome), lost, t.OperationID, t.Attempt, t.Term, w.term); err != nil {
		return err
	}
	err := w.soon(`UPDATE attempts SET ended_at = $1, outcome = $2, reason = $3 WHERE operation_id = $4 AND attempt = $5`,
		micros(c.At), string(c.Outcome), c.Reason, t.OperationID, t.Attempt)
	return err
}

func (w *writer) reopened(c operation.Reopened) error {
	t := c.Token
	if err := w.guarded(c, `UPDATE operations SET is_open = 1, ended = '', lost = lost - 1, status = 'running',
			started_at = COALESCE(started_at, $1)
		WHERE id = $2 AND attempt = $3 AND term = $4 AND is_open = 0 AND ended = 'lost'
		AND status IN ('pending', 'resuming') AND cancel_requested_at IS NULL
		AND EXISTS (SELECT 1 FROM scheduler WHERE id = 1 AND term = $5)`,
		micros(c.At), t.OperationID, t.Attempt, t.Term, w.term); err != nil {
		return err
	}
	err := w.soon(`UPDATE attempts SET started_at = COALESCE(started_at, $1), ended_at = NULL, outcome = '', reason = ''
		WHERE operation_id = $2 AND attempt = $3`, micros(c.At), t.OperationID, t.Attempt)
	return err
}

func (w *writer) finished(c operation.Finished) error {
	t := c.Token
	if !c.State.Terminal() || t.Attempt < 1 {
		return fmt.Errorf("%T of %s: state %q: %w", c, c.Subject(), c.State, operation.ErrConflict)
	}
	if err := w.guarded(c, `UPDATE operations SET status = $1, is_open = 0, error = $2, completed_at = $3,
			progress_json = $4, warnings_json = $5
		WHERE id = $6 AND status IN ('pending', 'running', 'resuming')
		AND ((attempt = $7 AND term = $8 AND ended <> 'settled') OR (attempt > $7 AND is_open = 0))
		AND EXISTS (SELECT 1 FROM scheduler WHERE id = 1 AND term = $9)`,
		string(c.State), nullText(c.Error), micros(c.At), toJSON(c.Progress), toJSON(list(c.Warnings)),
		t.OperationID, t.Attempt, t.Term, w.term); err != nil {
		return err
	}
	if err := w.soon(`UPDATE attempts SET ended_at = $1, outcome = $2 WHERE operation_id = $3 AND attempt = $4`,
		micros(c.At), string(c.State), t.OperationID, t.Attempt); err != nil {
		return err
	}
	if c.State == operation.Completed {
		if err := w.forget("checkpoints", t.OperationID); err != nil {
			return err
		}
	}
	if err := w.result(t.OperationID, c.Result); err != nil {
		return err
	}
	if err := w.artifacts(t.OperationID, c.Artifacts, true); err != nil || c.Model == nil {
		return err
	}
	return w.model(*c.Model)
}

// result stores the result of an operation, if it has one.
func (w *writer) result(id string, result json.RawMessage) error {
	if len(result) == 0 {
		return nil
	}
	if err := w.soon(`INSERT INTO results (operation_id, result_json) VALUES ($1, $2)`, id, string(result)); err != nil {
		return fmt.Errorf("store result of %s: %w", id, err)
	}
	return nil
}

func (w *writer) savedWorker(c fleet.Saved) error {
	x := c.Worker
	return w.guarded(c, `INSERT INTO workers (id, type, endpoint_url, incarnation, version, draining, registered_at, last_seen_at, capabilities_json)
		SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9 FROM scheduler WHERE id = 1 AND term = $10
		ON CONFLICT (id) DO UPDATE SET type = excluded.type, endpoint_url = excluded.endpoint_url,
			incarnation = excluded.incarnation, version = excluded.version, draining = excluded.draining,
			registered_at = excluded.registered_at, last_seen_at = excluded.last_seen_at, capabilities_json = excluded.capabilities_json`,
		x.ID, string(x.Type), x.EndpointURL, x.Incarnation, x.Version, flag(x.Draining), micros(x.RegisteredAt), micros(x.LastHeartbeat), toJSON(x.Capabilities), w.term)
}

// micros is how times are stored.
func micros(t time.Time) int64 { return t.UnixMicro() }

// nullMicros is how times are stored that may be absent.
func nullMicros(t *time.Time) sql.NullInt64 {
	if t == nil {
		return sql.NullInt64{}
	}
	return sql.NullInt64{Int64: micros(*t), Valid: true}
}

func fromMicros(n int64) time.Time { return time.UnixMicro(n).UTC() }

// flag is how booleans are stored.
func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

func nullText(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }

// nullProgress is how a progress is stored that may leave the one before.
func nullProgress(p *operation.Progress) sql.NullString {
	if p == nil {
		return sql.NullString{}
	}
	return nullText(toJSON(p))
}

// list makes JSON say [] rather than null.
func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

// toJSON writes what came from JSON or from Go types that always have a form in
// it; anything else is the caller's mistake.
func toJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("store: " + err.Error())
	}
	return string(b)
}
