package store

import (
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// soon runs a statement of which only a failure matters, and that fails only with
// the database. To PostgreSQL it is sent together with the next one whose outcome
// is wanted, so that they take one round trip.
func (w *writer) soon(query string, args ...any) error {
	if !w.store.d.shared {
		_, err := w.exec(query, args...)
		return err
	}
	w.waiting.Queue(query, w.store.d.texts(args)...)
	return nil
}

// flush sends what waits, in its order, and returns how many rows the last
// statement changed. After one that fails the server carries out none.
func (w *writer) flush() (rows int64, err error) {
	if w.waiting.Len() == 0 {
		return 0, nil
	}
	batch := w.waiting
	w.waiting = pgx.Batch{}
	if last := batch.QueuedQueries[batch.Len()-1]; last.Fn == nil {
		last.Exec(func(tag pgconn.CommandTag) error { rows = tag.RowsAffected(); return nil })
	}
	err = w.store.conn.Raw(func(c any) error {
		return c.(*stdlib.Conn).Conn().SendBatch(w.ctx, &batch).Close()
	})
	return rows, err
}
