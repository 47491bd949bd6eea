package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// An Address is the address of a database. It may hold a password, which String
// and logs leave out.
type Address string

// String returns the address without the password.
func (a Address) String() string {
	u, err := url.Parse(string(a))
	if err != nil || u.Scheme == "" {
		return "(an address that cannot be read)" // nobody knows where the password stands in it
	}
	if u.RawQuery != "" {
		query := u.Query()
		for _, secret := range []string{"password", "sslpassword", "sslkey"} {
			if query.Has(secret) {
				query.Set(secret, "xxxxx")
			}
		}
		u.RawQuery = query.Encode()
	}
	return u.Redacted()
}

// LogValue implements slog.LogValuer.
func (a Address) LogValue() slog.Value { return slog.StringValue(a.String()) }

// openPostgres connects to the database at address.
func (s *Store) openPostgres(ctx context.Context, address string, o Options) error {
	s.d = postgresDialect()
	config, err := postgresConfig(address)
	if err != nil {
		return err
	}
	s.slow = stdlib.OpenDB(*config)
	s.slow.SetMaxIdleConns(-1) // it is seldom used
	if !o.patient {
		limitSilence(config)
	}
	s.write, s.reads = stdlib.OpenDB(*config), stdlib.OpenDB(*config)
	s.write.SetMaxIdleConns(-1) // after a failure it connects anew, not over what broke as well
	s.reads.SetMaxOpenConns(o.Readers)
	s.reads.SetMaxIdleConns(o.Readers)
	if err := s.examine(ctx); err != nil {
		return err
	}
	if err := migrateLocked(ctx, address, o.schema); err != nil {
		return err
	}
	if s.conn, err = s.write.Conn(ctx); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	var listening sync.WaitGroup
	listening.Go(func() { s.listen(ctx, config) })
	s.hear = func() { stop(); listening.Wait() }
	return nil
}

// idleLimit is how long a process may stop in the middle of a transaction before
// PostgreSQL ends it: less than the lease, so that a paused scheduler does not
// keep the row of its term from the next one.
const idleLimit = 2 * time.Second

func postgresConfig(address string) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, err
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = 5 * time.Second
	}
	for name, value := range map[string]string{
		"application_name":                    "ktrdr",
		"default_transaction_isolation":       "read committed",
		"idle_in_transaction_session_timeout": fmt.Sprint(idleLimit.Milliseconds()),
	} {
		config.RuntimeParams[name] = value
	}
	return config, nil
}

// examine refuses a server that would forget what it has acknowledged, or that
// cannot hold every text.
func (s *Store) examine(ctx context.Context) error {
	for _, want := range []struct{ setting, not, why string }{
		{"fsync", "off", "a power cut would destroy the database: set fsync = on"},
		{"full_page_writes", "off", "a power cut could destroy the database: set full_page_writes = on"},
		{"synchronous_commit", "off", "acknowledged writes could be lost: set synchronous_commit to on, or to what the replicas need"},
		{"server_encoding", "SQL_ASCII", "create the database with ENCODING 'UTF8'"},
	} {
		var have string
		if err := s.reads.QueryRowContext(ctx, "SHOW "+want.setting).Scan(&have); err != nil {
			return fmt.Errorf("read setting %s: %w", want.setting, err)
		}
		if have == want.not || want.setting == "server_encoding" && have != "UTF8" {
			return fmt.Errorf("%s is %s: %s", want.setting, have, want.why)
		}
	}
	return nil
}

// migrateLocked migrates under goose's lock: several backends may start at once.
// It takes as long as it takes.
func migrateLocked(ctx context.Context, address string, version int64) (err error) {
	const everySecond, tries = 1, 300
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(everySecond, tries))
	if err != nil {
		return err
	}
	config, err := postgresConfig(address)
	if err != nil {
		return err
	}
	db := stdlib.OpenDB(*config)
	defer func() { err = errors.Join(err, db.Close()) }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if err := locker.SessionLock(ctx, conn); err != nil {
		return fmt.Errorf("wait for another backend that migrates the schema: %w", err)
	}
	defer func() { err = errors.Join(err, locker.SessionUnlock(context.WithoutCancel(ctx), conn)) }()
	return migrate(ctx, db, goose.DialectPostgres, version)
}

// listenDelay is the pause before a lost listener connects again.
const listenDelay = time.Second

// listen rings the bells whenever another process has committed, until ctx ends.
func (s *Store) listen(ctx context.Context, config *pgx.ConnConfig) {
	for ctx.Err() == nil {
		if conn, err := pgx.ConnectConfig(ctx, config); err == nil {
			_, err = conn.Exec(ctx, "LISTEN "+channel)
			for err == nil {
				s.bells.ring() // once for what was missed, then for each
				err = hear(ctx, conn)
			}
			aside, cancel := context.WithTimeout(context.WithoutCancel(ctx), listenDelay)
			_ = conn.Close(aside) // it is of no use any more
			cancel()
		}
		pause := time.NewTimer(listenDelay)
		select {
		case <-ctx.Done():
		case <-pause.C:
		}
		pause.Stop()
	}
}

// undone reports whether the server says that it has undone the transaction in
// which it met an error. It goes on after an ERROR; after a FATAL one or a PANIC
// a COMMIT may have been carried out or not.
func undone(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && e.SeverityUnlocalized == "ERROR"
}

// ails returns what an error of the server or of the way to it means, nil if that
// is not known (https://www.postgresql.org/docs/current/errcodes-appendix.html).
func ails(err error) error {
	e, ok := errors.AsType[*pgconn.PgError](err)
	switch {
	case !ok && brokeOff(err):
		return ErrAway
	case !ok:
		return nil
	case e.Code == "53100", e.Code == "53400": // disk_full; configuration_limit_exceeded, which is of temporary files
		return ErrFull
	case strings.HasPrefix(e.Code, "53"): // insufficient_resources, out_of_memory, too_many_connections
		return ErrShort
	case strings.HasPrefix(e.Code, "57P"): // shutdown, crash, cannot_connect_now, idle_session_timeout
		return ErrAway
	}
	return nil
}

// brokeOff reports whether an error is one of the connection.
func brokeOff(err error) bool {
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	_, network := errors.AsType[*net.OpError](err)
	return connecting || network || errors.Is(err, errSilent) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}
