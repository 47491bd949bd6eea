package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Options configure a Store. The zero value is ready to use.
type Options struct {
	// Readers is the number of connections for reading; 0 means 4.
	Readers int

	schema  int64 // version of the schema to migrate to; 0 is the newest
	patient bool  // any answer may take long
}

// A Store is an open database. It has no useful zero value: use Open. Its
// methods may be called from any goroutine.
type Store struct {
	name  string // of the database in messages
	path  string // of the SQLite file
	d     dialect
	lock  *sql.DB // holds the lock that keeps other processes out of a SQLite file
	reads *sql.DB
	slow  *sql.DB // for reads of everything, which may take long
	write *sql.DB
	conn  *sql.Conn            // the one connection of write; nil after it was lost
	stmts map[string]*sql.Stmt // prepared on conn; like it, of whoever has the turn
	bells bells
	hear  func() // ends and waits for the listener, if there is one

	mu     sync.Mutex // guards queue and closed
	queue  []*request
	closed bool
	turn   chan struct{} // holds one token while somebody commits
}

// ErrLocked says that another process has the database open.
var ErrLocked = errors.New("another backend is using this data directory")

// ErrFull says that there is no room for what was to be written.
var ErrFull = errors.New("the disk is full; free some space")

// ErrShort says that the database server lacks something else than room.
var ErrShort = errors.New("the database server is short of memory or connections; give it more")

// ErrAway says that the database server cannot be reached, or has just ended.
var ErrAway = errors.New("the database cannot be reached")

// ErrDamaged says that the database file is not what was written.
var ErrDamaged = errors.New("database is damaged")

// Open opens, creates or migrates the database at location: the path of a
// SQLite file, or a postgres:// address. A second process that opens the same
// file is refused with ErrLocked, a damaged file with ErrDamaged; a PostgreSQL
// database may be open in several processes. Close the store when done.
func Open(ctx context.Context, location string, o Options) (*Store, error) {
	if o.Readers <= 0 {
		o.Readers = 4
	}
	s := &Store{stmts: map[string]*sql.Stmt{}, turn: make(chan struct{}, 1)}
	var err error
	switch scheme, _, isURL := strings.Cut(location, "://"); {
	case isURL && (scheme == "postgres" || scheme == "postgresql"):
		s.name = Address(location).String()
		err = s.openPostgres(ctx, location, o)
	case isURL:
		return nil, fmt.Errorf("open database: scheme %q is not supported: give the path of a SQLite file, or postgres://USER@HOST/DATABASE", scheme)
	default:
		if s.name, err = filepath.Abs(location); err == nil {
			err = s.openSQLite(ctx, s.name, o)
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", s.name, explain(err)), s.Close())
	}
	return s, nil
}

// migrate brings the schema to a version, 0 for that of this program. The caller holds a
// lock that keeps anybody else from doing so at the same time.
func migrate(ctx context.Context, db *sql.DB, d goose.Dialect, version int64) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(d, db, files, goose.WithAllowOutofOrder(true)) // numbers are given before their order is known
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	if max(current, version) > target {
		return fmt.Errorf("schema version is %d and this program knows %d: it was written by a newer ktrdr; run that one", max(current, version), target)
	}
	if version > 0 && current > version {
		return fmt.Errorf("%w: schema version is %d and the records are of version %d: restore into a new one", ErrNotEmpty, current, version)
	}
	if err := upTo(ctx, provider, version); err != nil {
		return fmt.Errorf("migrate schema from version %d to %d: %w", current, target, err)
	}
	return nil
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
	if s.hear != nil {
		s.hear()
	}
	errs := []error{s.disconnect()}
	for _, db := range []*sql.DB{s.reads, s.slow, s.write, s.lock} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// disconnect gives up the connection that writes. The caller has the turn, or
// is the only one left.
func (s *Store) disconnect() error {
	if s.conn == nil {
		return nil
	}
	var errs []error
	for _, stmt := range s.stmts {
		errs = append(errs, stmt.Close())
	}
	clear(s.stmts)
	errs = append(errs, s.conn.Close())
	s.conn = nil
	return errors.Join(errs...)
}
