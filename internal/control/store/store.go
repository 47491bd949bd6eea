package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Options configure a Store. The zero value is ready to use.
type Options struct {
	// Readers is the number of connections for reading; 0 means 4.
	Readers int
}

// A Store is an open database. It has no useful zero value: use Open. Its
// methods may be called from any goroutine.
type Store struct {
	path  string
	lock  *sql.DB // holds the lock that keeps other processes out
	reads *sql.DB
	write *sql.DB
	conn  *sql.Conn            // the one connection of write
	stmts map[string]*sql.Stmt // prepared on conn; owned by whoever has the turn

	mu     sync.Mutex // guards queue and closed
	queue  []*request
	closed bool
	turn   chan struct{} // holds one token while somebody commits
}

// ErrLocked says that another process has the database open.
var ErrLocked = errors.New("another backend is using this data directory")

// ErrDamaged says that the database file is not what was written.
var ErrDamaged = errors.New("database is damaged")

// Open opens, creates or migrates the database at location: the path of a
// SQLite file. A second process that opens the same file is refused with
// ErrLocked, a damaged file with ErrDamaged. Close the store when done.
func Open(ctx context.Context, location string, o Options) (*Store, error) {
	if scheme, _, ok := strings.Cut(location, "://"); ok {
		return nil, fmt.Errorf("open database: scheme %q is not supported: give the path of a SQLite file", scheme)
	}
	if o.Readers <= 0 {
		o.Readers = 4
	}
	path, err := filepath.Abs(location)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", location, err)
	}
	s := &Store{path: path, stmts: map[string]*sql.Stmt{}, turn: make(chan struct{}, 1)}
	if err := s.open(ctx, o); err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", path, explain(err)), s.Close())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, o Options) error {
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
	if err := migrate(ctx, s.write); err != nil {
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
	return syncDirectory(filepath.Dir(s.path))
}

// dsn is the address of a SQLite file with pragmas.
func dsn(path string, pragmas ...string) string {
	query := url.Values{"_pragma": append(pragmas, "busy_timeout(5000)"), "_txlock": {"immediate"}}
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

// migrate brings the schema to the version of this program. The lock that Open
// holds keeps anybody else from doing so at the same time.
func migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	if current > target {
		return fmt.Errorf("schema version is %d and this program knows %d: it was written by a newer ktrdr; run that one", current, target)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate schema from version %d to %d: %w", current, target, err)
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

// Close waits for the commit under way, refuses later ones and closes the
// database. A second Close does nothing.
func (s *Store) Close() error {
	s.turn <- struct{}{}
	s.mu.Lock()
	again, waiting := s.closed, s.queue
	s.closed, s.queue = true, nil
	s.mu.Unlock()
	if again {
		<-s.turn
		return nil
	}
	for _, r := range waiting {
		r.finish(errClosed)
	}
	<-s.turn
	var errs []error
	for _, stmt := range s.stmts {
		errs = append(errs, stmt.Close())
	}
	clear(s.stmts)
	if s.conn != nil {
		errs = append(errs, s.conn.Close())
	}
	for _, db := range []*sql.DB{s.reads, s.write, s.lock} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
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
		return fmt.Errorf("the disk is full; free some space: %w", err)
	}
	if errors.Is(err, ErrDamaged) {
		return fmt.Errorf("%w. Nothing was changed. Put back a copy of the file, or move it and its -wal file away to begin with an empty database", err)
	}
	return err
}
