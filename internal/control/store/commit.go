package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// errClosed answers writes after Close.
var errClosed = errors.New("database is closed")

// A request is what one writer wants committed.
type request struct {
	term  int64
	batch []operation.Transaction
	also  func(w *writer) error // instead of a batch
	errs  []error               // one per transaction
	done  chan struct{}         // closed when errs are final
}

func (r *request) finish(err error) {
	if err != nil {
		for i := range r.errs {
			r.errs[i] = err
		}
	}
	close(r.done)
}

// groupLimit bounds how many requests one commit takes, so that the first of
// them does not wait for too many others.
const groupLimit = 256

// Commit makes transactions durable, in order, each whole or not at all, and
// returns one error per transaction: nil, or one that wraps operation's
// ErrConflict, ErrDuplicate or ErrDeposed, or the failure of the database. When
// ctx ends first, the outcome of those under way is not known.
func (s *Store) Commit(ctx context.Context, term int64, batch []operation.Transaction) []error {
	r := &request{term: term, batch: batch, errs: make([]error, len(batch)), done: make(chan struct{})}
	if err := s.submit(ctx, r); err != nil {
		return slices.Repeat([]error{err}, len(batch))
	}
	return r.errs
}

// update runs f as a transaction of its own among the others.
func (s *Store) update(ctx context.Context, f func(w *writer) error) error {
	r := &request{also: f, errs: make([]error, 1), done: make(chan struct{})}
	if err := s.submit(ctx, r); err != nil {
		return err
	}
	return r.errs[0]
}

// submit queues a request and waits until it is done. Whoever finds the
// database free commits what everybody has queued meanwhile.
func (s *Store) submit(ctx context.Context, r *request) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return errClosed
	}
	s.queue = append(s.queue, r)
	s.mu.Unlock()
	for {
		select {
		case <-r.done:
			return nil
		case s.turn <- struct{}{}:
			s.commitGroup()
			<-s.turn
		case <-ctx.Done():
			if s.withdraw(r) {
				return context.Cause(ctx)
			}
			<-r.done // somebody has begun with it
			return nil
		}
	}
}

// withdraw takes back a request that nobody has begun with.
func (s *Store) withdraw(r *request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(s.queue, r)
	if i < 0 {
		return false
	}
	s.queue = slices.Delete(s.queue, i, i+1)
	return true
}

// commitGroup commits what is queued as one transaction of the database. The
// caller has the turn.
func (s *Store) commitGroup() {
	s.mu.Lock()
	n := min(len(s.queue), groupLimit)
	group := s.queue[:n:n]
	s.queue = s.queue[n:]
	s.mu.Unlock()
	if n == 0 {
		return
	}
	ctx := context.Background() // whoever waits for it may not end it
	if s.d.shared {
		limited, cancel := context.WithTimeout(ctx, commitLimit)
		defer cancel()
		ctx = limited
	}
	err := s.commitOn(ctx, group)
	if err != nil {
		err = fmt.Errorf("write to database %s: %w", s.name, explain(err))
	}
	for _, r := range group {
		r.finish(err)
	}
	if err == nil {
		s.bells.ring()
	}
}

// commitLimit bounds one commit on a server. One that takes longer is out of reach
// or broken. What a file system does nobody can interrupt.
const commitLimit = 20 * time.Second

// commitOn commits a group on the connection that writes. Of a shared database
// it is given up after a failure: unless the server says that it undid the
// writes, only a new one can tell what became of them.
func (s *Store) commitOn(ctx context.Context, group []*request) (err error) {
	if s.conn == nil {
		if s.conn, err = s.write.Conn(ctx); err != nil {
			return fmt.Errorf("%w: %w", operation.ErrUncertain, err)
		}
	}
	apply := (*writer).apply
	if s.d.shared {
		apply = (*writer).gather
	}
	if err = (&writer{store: s, ctx: ctx}).commit(group, apply); errors.Is(err, errApart) {
		err = (&writer{store: s, ctx: ctx}).commit(group, (*writer).apply)
	}
	if err != nil && s.d.shared {
		_ = s.conn.Raw(func(any) error { return driver.ErrBadConn }) // has the pool close it
		_ = s.disconnect()
		if !undone(err) {
			err = fmt.Errorf("%w: %w", operation.ErrUncertain, err)
		}
	}
	return err
}

// A writer executes statements inside the transaction of one group.
type writer struct {
	store  *Store
	ctx    context.Context
	term   int64 // of the request in hand
	newest int64 // the newest of all, where this transaction has looked; 0 where it has not

	fresh   []operation.Operation // to be created; see create
	waiting pgx.Batch             // statements that go out with the next; see soon
	failed  error                 // why a row cannot be read any more
}

// commit executes a group, each transaction with apply. An error is errApart or one
// of the database, and then nothing of the group was stored; what single
// transactions did wrong is in their errs.
func (w *writer) commit(group []*request, apply func(*writer, operation.Transaction) (refused, err error)) (err error) {
	if err := w.all(w.store.d.begin); err != nil {
		return err
	}
	defer func() {
		if err != nil && w.failed != nil {
			err = w.failed // what came after it says only that the transaction is lost
		}
		if err != nil && (!w.store.d.shared || errors.Is(err, errApart)) { // else the connection is given up
			_, undo := w.exec("ROLLBACK")
			if undo != nil && code(undo) != codeError { // else the database has rolled back by itself
				err = errors.Join(err, undo)
			}
		}
	}()
	for _, r := range group {
		if r.term != w.term || r.also != nil {
			w.create()
		}
		w.term = r.term
		if r.also != nil {
			w.newest = 0 // it may take a term
			if r.errs[0], err = refusal(r.also(w)); err != nil {
				return err
			}
		}
		for i, tx := range r.batch {
			if r.errs[i], err = apply(w, tx); err != nil {
				return err
			}
		}
	}
	w.create()
	if err := w.all(w.store.d.end); err != nil {
		return err
	}
	if _, err := w.flush(); err != nil { // so that the outcome of COMMIT is its own
		return err
	}
	_, err = w.exec("COMMIT")
	return err
}

// all runs statements that take no arguments.
func (w *writer) all(statements []string) error {
	for _, query := range statements {
		if err := w.soon(query); err != nil {
			return err
		}
	}
	return nil
}

// gather is apply, but that what only creates an operation waits for others that
// do, up to the next that does something else.
func (w *writer) gather(tx operation.Transaction) (refused, err error) {
	if o, ok := creation(tx); ok {
		w.fresh = append(w.fresh, o)
		return nil, nil
	}
	w.create()
	return w.apply(tx)
}

// apply executes the changes of one transaction, all or none. A change that is
// refused has changed nothing, so that only several need a way back.
func (w *writer) apply(tx operation.Transaction) (refused, err error) {
	if len(tx) == 1 {
		return refusal(w.change(tx[0]))
	}
	if err := w.soon("SAVEPOINT part"); err != nil {
		return nil, err
	}
	for _, c := range tx {
		if refused, err = refusal(w.change(c)); err != nil {
			return nil, err
		}
		if refused != nil {
			if err := w.soon("ROLLBACK TO part"); err != nil {
				return nil, err
			}
			break
		}
	}
	return refused, w.soon("RELEASE part")
}

// refusal tells apart an error that says that a change is not legal, which
// concerns one transaction, and a failure of the database, which ends the group.
func refusal(err error) (refused, failed error) {
	for _, reason := range []error{operation.ErrConflict, operation.ErrDuplicate, operation.ErrKeyTaken, operation.ErrDeposed, operation.ErrNotFound} {
		if errors.Is(err, reason) {
			return err, nil
		}
	}
	return nil, err
}

// exec runs a statement, prepared once, and returns how many rows it changed.
func (w *writer) exec(query string, args ...any) (int64, error) {
	if w.waiting.Len() > 0 {
		w.waiting.Queue(query, w.store.d.texts(args)...)
		return w.flush()
	}
	stmt, err := w.prepare(query)
	if err != nil {
		return 0, err
	}
	result, err := stmt.ExecContext(w.ctx, w.store.d.texts(args)...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// row runs a query for one row. If what waits fails, so does the query.
func (w *writer) row(query string, args ...any) *sql.Row {
	if _, err := w.flush(); err != nil && w.failed == nil {
		w.failed = err
	}
	return w.store.conn.QueryRowContext(w.ctx, query, args...)
}

func (w *writer) prepare(query string) (*sql.Stmt, error) {
	stmt := w.store.stmts[query]
	if stmt == nil {
		var err error
		if stmt, err = w.store.conn.PrepareContext(w.ctx, query); err != nil {
			return nil, fmt.Errorf("prepare %.60q: %w", query, err)
		}
		w.store.stmts[query] = stmt
	}
	return stmt, nil
}
