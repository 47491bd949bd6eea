package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// change stores one change, and what history tells of it.
func (w *writer) change(c operation.Change) error {
	if err := w.record(c); err != nil {
		return err
	}
	e, tells := operation.EventOf(c)
	if !tells {
		return nil
	}
	// Only the scheduler writes events, so that their numbers have no rivals.
	if _, isNew := c.(operation.Created); isNew {
		err := w.soon(`INSERT INTO events (number, at, operation_id, kind, status, attempt, worker_id, reason)
			VALUES ((SELECT COALESCE(MAX(number), 0) + 1 FROM events), $1, $2, $3, 'pending', 0, '', '')`, micros(e.At), e.OperationID, string(e.Kind))
		return err
	}
	if err := w.soon(`INSERT INTO events (number, at, operation_id, kind, status, attempt, worker_id, reason)
		SELECT (SELECT COALESCE(MAX(number), 0) + 1 FROM events), $1, id, $2, status, attempt, worker_id, $3 FROM operations WHERE id = $4`,
		micros(e.At), string(e.Kind), e.Reason, e.OperationID); err != nil {
		return fmt.Errorf("store event of %s: %w", e.OperationID, err)
	}
	return nil
}

// Events returns the events that the filter selects, by number.
func (s *Store) Events(ctx context.Context, f operation.EventFilter) ([]operation.Event, error) {
	if f.Limit <= 0 {
		f.Limit = 100
	}
	args, condition := []any{f.After, f.Limit}, ""
	if f.OperationID != "" {
		args, condition = append(args, f.OperationID), " AND operation_id = $3"
	}
	all, err := query(ctx, s.reads, func(scan func(...any) error) (e operation.Event, err error) {
		var at int64
		err = scan(&e.Number, &at, &e.OperationID, &e.Kind, &e.Status, &e.Attempt, &e.WorkerID, &e.Reason)
		e.At = fromMicros(at)
		return e, err
	}, `SELECT number, at, operation_id, kind, status, attempt, worker_id, reason FROM events
		WHERE number > $1`+condition+` ORDER BY number LIMIT $2`, args...)
	return all, s.readError("events", err)
}

// LastEvent returns the number of the newest event, 0 if there is none.
func (s *Store) LastEvent(ctx context.Context) (int64, error) {
	var n int64
	err := s.reads.QueryRowContext(ctx, `SELECT COALESCE(MAX(number), 0) FROM events`).Scan(&n)
	return n, s.readError("number of the last event", err)
}

func (w *writer) measured(c operation.Measured) error {
	t := c.Token
	if len(c.Points) == 0 {
		return fmt.Errorf("%T of %s: no points: %w", c, c.Subject(), operation.ErrConflict)
	}
	if err := w.guarded(c, `UPDATE operations SET points = points + $1, point_step = $2
		WHERE id = $3 AND attempt = $4 AND term = $5 AND (is_open = 1 OR ended = 'lost') AND points = $6 AND `+activeStatuses+`
		AND EXISTS (SELECT 1 FROM scheduler WHERE id = 1 AND term = $7)`,
		len(c.Points), c.Points[len(c.Points)-1].Step, t.OperationID, t.Attempt, t.Term, c.Points[0].Number, w.term); err != nil {
		return err
	}
	for rest := c.Points; len(rest) > 0; {
		n, insert := 1, insertPoint
		if len(rest) >= manyPoints {
			n, insert = manyPoints, insertPoints
		}
		args := make([]any, 0, 6*n)
		for _, p := range rest[:n] {
			args = append(args, t.OperationID, p.Number, p.Attempt, p.Step, micros(p.At), string(p.Values))
		}
		if err := w.soon(insert, args...); err != nil {
			return fmt.Errorf("store points of %s: %w", t.OperationID, err)
		}
		rest = rest[n:]
	}
	return nil
}

// manyPoints is how many points one statement stores where there are as many.
const manyPoints = 16

// The statements that store one point, and many.
var insertPoint, insertPoints = pointsStatement(1), pointsStatement(manyPoints)

func pointsStatement(n int) string {
	var b strings.Builder
	b.WriteString(`INSERT INTO points (operation_id, number, attempt, step, at, values_json) VALUES `)
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "($%d, $%d, $%d, $%d, $%d, $%d)", 6*i+1, 6*i+2, 6*i+3, 6*i+4, 6*i+5, 6*i+6)
	}
	return b.String()
}

// Points returns at most limit points of an operation, by number, from cursor
// on, and the cursor for those that follow. The first cursor is 0, and limit 0
// means 1000.
func (s *Store) Points(ctx context.Context, id string, cursor int64, limit int) ([]operation.Point, int64, error) {
	if limit <= 0 {
		limit = 1000
	}
	all, err := query(ctx, s.reads, func(scan func(...any) error) (p operation.Point, err error) {
		var at int64
		var values string
		err = scan(&p.Number, &p.Attempt, &p.Step, &at, &values)
		p.At, p.Values = fromMicros(at), json.RawMessage(values)
		return p, err
	}, `SELECT number, attempt, step, at, values_json FROM points WHERE operation_id = $1 AND number >= $2 ORDER BY number LIMIT $3`,
		id, cursor, limit)
	if len(all) > 0 {
		cursor = all[len(all)-1].Number + 1
	}
	return all, max(cursor, 0), s.readError("points of "+id, err)
}
