package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
)

// openSQLite opens the file at path.
func (s *Store) openSQLite(ctx context.Context, path string, o Options) error {
	s.path, s.d = path, sqliteDialect()
	if err := os.MkdirAll(filepath.Dir(s.path), 0o755); err != nil {
		return err
	}
	if err := s.exclude(ctx); err != nil {
		return err
	}
	var err error
	if s.write, err = sql.Open("sqlite", dsn(s.path, "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)")); err != nil {
		return err
	}
	s.write.SetMaxOpenConns(1)
	if err := s.verify(ctx); err != nil {
		return err
	}
	if err := migrate(ctx, s.write, goose.DialectSQLite3, o.schema); err != nil {
		return err
	}
	if s.conn, err = s.write.Conn(ctx); err != nil {
		return err
	}
	if s.reads, err = sql.Open("sqlite", dsn(s.path, "query_only(ON)")); err != nil {
		return err
	}
	s.reads.SetMaxOpenConns(o.Readers)
	s.reads.SetMaxIdleConns(o.Readers)
	s.slow = s.reads
	return syncDirectory(filepath.Dir(s.path))
}

// dsn is the address of a SQLite file with pragmas. With psow=0 the log goes on
// in a sector of its own after each sync, so that a sector which is torn when the
// power goes holds nothing that was acknowledged.
func dsn(path string, pragmas ...string) string {
	query := url.Values{"_pragma": append(pragmas, "busy_timeout(5000)"), "_txlock": {"immediate"}, "psow": {"0"}}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + query.Encode()
}

// exclude takes the lock that keeps a second backend out: an exclusive
// transaction, never committed, on a database beside the real one. It ends with
// the process, however that ends.
func (s *Store) exclude(ctx context.Context) error {
	var err error
	if s.lock, err = sql.Open("sqlite", dsn(s.path+".lock", "busy_timeout(0)")); err != nil {
		return err
	}
	s.lock.SetMaxOpenConns(1)
	_, err = s.lock.ExecContext(ctx, "BEGIN EXCLUSIVE")
	if code(err) == codeBusy {
		return fmt.Errorf("%w: stop the other one (ktrdr serve), or give this one another --data-dir", ErrLocked)
	}
	return err
}

// verifyLimit is the size up to which a database is read through when it is
// opened, which takes about a second for this many bytes. Larger ones are
// checked page by page as they are read.
const verifyLimit = 64 << 20

// verify reads the whole database and reports what is wrong with it.
func (s *Store) verify(ctx context.Context) error {
	info, err := os.Stat(s.path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() > verifyLimit {
		return nil
	}
	if err != nil {
		return err
	}
	var report string
	if err := s.write.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&report); err != nil {
		return err
	}
	if report != "ok" {
		return fmt.Errorf("%w: %s", ErrDamaged, report)
	}
	return nil
}

// syncDirectory makes the names of new files durable.
func syncDirectory(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// The primary result codes of SQLite that are told apart
// (https://sqlite.org/rescode.html).
const (
	codeError       = 1
	codeBusy        = 5
	codeCorrupt     = 11
	codeFull        = 13
	codeNotDatabase = 26
)

// code returns the primary SQLite result code of an error, 0 for others.
func code(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() & 0xff
	}
	return 0
}

// explain adds to an error of the database what it means and how to mend it.
func explain(err error) error {
	switch code(err) {
	case codeCorrupt, codeNotDatabase:
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
	case codeFull:
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	if what := ails(err); what != nil {
		return fmt.Errorf("%w: %w", what, err)
	}
	if errors.Is(err, ErrDamaged) {
		return fmt.Errorf("%w. Nothing was changed. Put back a copy of the file, or move it and its -wal file away to begin with an empty database", err)
	}
	return err
}
