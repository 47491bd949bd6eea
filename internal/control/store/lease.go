package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// AcquireTerm makes the caller the scheduler for operation.LeaseLength and
// returns its term, larger than any before, also than those that an older copy
// of the database, put back since, has forgotten: it counts from the seconds of
// the database's clock. Whoever was the scheduler can change
// nothing from then on. While another holder's lease has not run out it fails
// with operation.ErrHeld; on SQLite, whose lock says that no other holder lives,
// it does not wait for that.
func (s *Store) AcquireTerm(ctx context.Context, holder string) (int64, error) {
	term, err := s.lease(ctx, `UPDATE scheduler SET term = CASE WHEN term < `+s.d.now+` / 1000000 THEN `+s.d.now+` / 1000000 ELSE term + 1 END, holder = $1, expires_at = `+s.d.now+` + $2
		WHERE id = 1 AND (holder = $1 OR expires_at <= `+s.d.now+` OR 0 = $3) RETURNING term`,
		holder, operation.LeaseLength.Microseconds(), flag(s.d.shared))
	if errors.Is(err, operation.ErrNotFound) {
		return 0, operation.ErrHeld
	}
	return term, err
}

// RenewTerm makes the lease of a term begin anew. It fails with
// operation.ErrDeposed when there is a newer term.
func (s *Store) RenewTerm(ctx context.Context, term int64) error {
	_, err := s.lease(ctx, `UPDATE scheduler SET expires_at = `+s.d.now+` + $1 WHERE id = 1 AND term = $2 RETURNING term`,
		operation.LeaseLength.Microseconds(), term)
	if errors.Is(err, operation.ErrNotFound) {
		return fmt.Errorf("renew term %d: %w", term, operation.ErrDeposed)
	}
	return err
}

// ReleaseTerm ends the lease of a term, so that another process can take over at
// once. It does nothing when there is a newer term.
func (s *Store) ReleaseTerm(ctx context.Context, term int64) error {
	_, err := s.lease(ctx, `UPDATE scheduler SET expires_at = 0 WHERE id = 1 AND term = $1 RETURNING term`, term)
	if errors.Is(err, operation.ErrNotFound) {
		return nil
	}
	return err
}

// Scheduler returns who schedules, or did last.
func (s *Store) Scheduler(ctx context.Context) (operation.Lease, error) {
	var l operation.Lease
	var left int64
	err := s.reads.QueryRowContext(ctx, `SELECT term, holder, expires_at - `+s.d.now+` FROM scheduler WHERE id = 1`).Scan(&l.Term, &l.Holder, &left)
	l.Left = time.Duration(left) * time.Microsecond
	return l, s.readError("scheduler's lease", err)
}

// Bind ties the database to the folder of artifacts with this id, unless it is
// tied to one already, and returns the id that it is tied to.
func (s *Store) Bind(ctx context.Context, filesID string) (bound string, err error) {
	if err := s.update(ctx, func(w *writer) error {
		_, err := w.exec(`UPDATE scheduler SET files_id = $1 WHERE id = 1 AND files_id = ''`, filesID)
		return err
	}); err != nil {
		return "", err
	}
	err = s.reads.QueryRowContext(ctx, `SELECT files_id FROM scheduler WHERE id = 1`).Scan(&bound)
	return bound, s.readError("id of the artifacts", err)
}

// lease runs a statement about the lease that returns the term, and fails with
// operation.ErrNotFound where it finds no row. On PostgreSQL it stands alone: a
// group of writes holds the row of the term shared, and two groups that both
// wanted to change it would wait for each other.
func (s *Store) lease(ctx context.Context, query string, args ...any) (term int64, err error) {
	if !s.d.shared {
		err = s.update(ctx, func(w *writer) error { return found(w.row(query, args...).Scan(&term)) })
		return term, err
	}
	if err = found(s.reads.QueryRowContext(ctx, query, s.d.texts(args)...).Scan(&term)); err == nil {
		_, err = s.reads.ExecContext(ctx, ring)
	}
	if err != nil && !errors.Is(err, operation.ErrNotFound) {
		err = fmt.Errorf("write the scheduler's lease to database %s: %w", s.name, explain(err))
	}
	return term, err
}

// found tells the absence of a row from a failure of the database.
func found(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return operation.ErrNotFound
	}
	return err
}
