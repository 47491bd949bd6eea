//go:build unix

package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/store"
	"github.com/ktrdr/ktrdr/internal/control/store/storetest"
)

func TestPostgres(t *testing.T) {
	server := storetest.StartPostgres(t)
	paths := map[*store.Store]string{}
	storetest.Run(t,
		func(t testing.TB) *store.Store {
			address := server.NewDatabase()
			s := open(t, address)
			paths[s] = address
			return s
		},
		func(t testing.TB, s *store.Store) *store.Store {
			closeStore(t, s)
			return open(t, paths[s])
		})
	storetest.RunShared(t, func(testing.TB) func(testing.TB) *store.Store {
		address := server.NewDatabase()
		return func(t testing.TB) *store.Store { return open(t, address) }
	})

	t.Run("portable", func(t *testing.T) {
		newDatabase := func(testing.TB) string { return server.NewDatabase() }
		fromPostgres := func(t testing.TB) *store.Store { return open(t, server.NewDatabase()) }
		fromSQLite := func(t testing.TB) *store.Store { return open(t, newFile(t)) }
		t.Run("from_postgres", func(t *testing.T) { storetest.RunPortable(t, fromPostgres, newDatabase) })
		t.Run("to_sqlite", func(t *testing.T) { storetest.RunPortable(t, fromPostgres, newFile) })
		t.Run("from_sqlite", func(t *testing.T) { storetest.RunPortable(t, fromSQLite, newDatabase) })
	})
	t.Run("term_taken_during_a_write", func(t *testing.T) { testTakenTerm(t, server.NewDatabase()) })
	t.Run("full_disk", func(t *testing.T) { testFullDisk(t, server) })
	t.Run("errors_of_the_server", func(t *testing.T) { testServerErrors(t, server.NewDatabase()) })
	t.Run("server_does_not_answer", func(t *testing.T) { testSilence(t, server) })
	t.Run("reads_of_everything_may_take_long", func(t *testing.T) { testSlow(t, server.NewDatabase()) })
	t.Run("database_restarted", func(t *testing.T) {
		s := open(t, server.NewDatabase())
		term, err := s.AcquireTerm(t.Context(), "http://a:1#x")
		if err != nil {
			t.Fatal(err)
		}
		create := func(id string) error {
			o := storetest.New(id, operation.Training, storetest.Epoch)
			return s.Commit(t.Context(), term, []operation.Transaction{{operation.Created{Operation: o}}})[0]
		}
		if err := create("op_before"); err != nil {
			t.Fatal(err)
		}
		server.Kill()
		for i := 0; err == nil; i++ { // its sessions outlive the server by a moment
			err = create(fmt.Sprintf("op_meanwhile_%d", i))
		}
		if !errors.Is(err, operation.ErrUncertain) {
			t.Errorf("Commit without a server = %v, want ErrUncertain", err)
		}
		if _, err := s.Operation(t.Context(), "op_before"); !errors.Is(err, store.ErrAway) {
			t.Errorf("Operation without a server = %v, want ErrAway", err)
		}
		server.Start()
		if err := create("op_after"); err != nil {
			t.Errorf("Commit after the restart: %v", err)
		}
		for _, id := range []string{"op_before", "op_after"} {
			if _, err := s.Operation(t.Context(), id); err != nil {
				t.Errorf("acknowledged operation: %v", err)
			}
		}
	})
}

// testFullDisk leaves no room where the tables lie. What is refused then is
// certainly not stored, and what was acknowledged is.
func testFullDisk(t *testing.T, server *storetest.Server) {
	address, disk, err := server.NewDatabaseOnDisk(t)
	if err != nil {
		t.Skip(err)
	}
	s := open(t, address)
	term, err := s.AcquireTerm(t.Context(), "http://a:1#x")
	if err != nil {
		t.Fatal(err)
	}
	stored := 0
	create := func() error {
		o := storetest.New(fmt.Sprintf("op_%d", stored), operation.Training, storetest.Epoch)
		err := s.Commit(t.Context(), term, []operation.Transaction{{operation.Created{Operation: o}}})[0]
		if err == nil {
			stored++
		}
		return err
	}
	if err := create(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		disk.Fill()
		for err = create(); err == nil; err = create() { // the last page of a table may have room
		}
		if !errors.Is(err, store.ErrFull) || errors.Is(err, operation.ErrUncertain) {
			t.Errorf("Commit without room = %v, want ErrFull and no doubt", err)
		}
		disk.Clear()
		if err := create(); err != nil {
			t.Errorf("Commit with room again: %v", err)
		}
	}
	if page, err := s.List(t.Context(), operation.Filter{Limit: 1}); err != nil || page.Total != stored {
		t.Errorf("%d operations are stored, %v; want the %d that were acknowledged", page.Total, err, stored)
	}
}

// testServerErrors has the server meet errors of many kinds, on the way and at
// the end of a transaction.
func testServerErrors(t *testing.T, address string) {
	s := open(t, address)
	term, err := s.AcquireTerm(t.Context(), "http://a:1#x")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	for i, test := range []struct {
		does, when string
		want       error // beside those that are not wanted
		uncertain  bool
	}{
		{"RAISE EXCEPTION 'no room' USING ERRCODE = '53100'", "NOT DEFERRABLE", store.ErrFull, false},
		{"RAISE EXCEPTION 'no room' USING ERRCODE = '53100'", "DEFERRABLE INITIALLY DEFERRED", store.ErrFull, false}, // by COMMIT
		{"RAISE EXCEPTION 'too many temporary files' USING ERRCODE = '53400'", "NOT DEFERRABLE", store.ErrFull, false},
		{"RAISE EXCEPTION 'no memory' USING ERRCODE = '53200'", "NOT DEFERRABLE", store.ErrShort, false},
		{"RAISE EXCEPTION 'something else' USING ERRCODE = 'XX000'", "NOT DEFERRABLE", nil, false},
		{"PERFORM pg_terminate_backend(pg_backend_pid())", "NOT DEFERRABLE", nil, true},
		{"PERFORM pg_terminate_backend(pg_backend_pid())", "DEFERRABLE INITIALLY DEFERRED", nil, true},
	} {
		id := fmt.Sprintf("op_%d", i)
		if _, err := raw.ExecContext(t.Context(), `CREATE OR REPLACE FUNCTION accident() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN `+test.does+`; RETURN NEW; END $$;
			CREATE CONSTRAINT TRIGGER accident AFTER INSERT ON operations `+test.when+` FOR EACH ROW WHEN (NEW.id = '`+id+`') EXECUTE FUNCTION accident()`); err != nil {
			t.Fatal(err)
		}
		create := func(id string) operation.Transaction {
			return operation.Transaction{operation.Created{Operation: storetest.New(id, operation.Training, storetest.Epoch)}}
		}
		err := s.Commit(t.Context(), term, []operation.Transaction{create(id + "_before"), create(id)})[1]
		if err == nil || errors.Is(err, operation.ErrUncertain) != test.uncertain {
			t.Errorf("Commit where the server does %s = %v, want it uncertain: %v", test.does, err, test.uncertain)
		}
		for _, lack := range []error{store.ErrFull, store.ErrShort} {
			if errors.Is(err, lack) != (lack == test.want) {
				t.Errorf("Commit where the server does %s = %v, want %v", test.does, err, test.want)
			}
		}
		if _, err := s.Operation(t.Context(), id+"_before"); !errors.Is(err, operation.ErrNotFound) {
			t.Errorf("part of what failed is there: %v", err)
		}
		if _, err := raw.ExecContext(t.Context(), `DROP TRIGGER accident ON operations`); err != nil {
			t.Fatal(err)
		}
		if err := s.Commit(t.Context(), term, []operation.Transaction{create(id)})[0]; err != nil {
			t.Errorf("Commit after that: %v", err)
		}
	}
}

// testSilence stops the server while connections to it stand. Nobody who asks it
// waits for ever.
func testSilence(t *testing.T, server *storetest.Server) {
	s := open(t, server.NewDatabase())
	term, err := s.AcquireTerm(t.Context(), "http://a:1#x")
	if err != nil {
		t.Fatal(err)
	}
	create := func(id string) error {
		o := storetest.New(id, operation.Training, storetest.Epoch)
		return s.Commit(t.Context(), term, []operation.Transaction{{operation.Created{Operation: o}}})[0]
	}
	if err := create("op_before"); err != nil {
		t.Fatal(err)
	}
	server.Pause()
	defer server.Resume()
	read := make(chan error, 1)
	go func() {
		_, err := s.Unfinished(t.Context())
		read <- err
	}()
	if err := create("op_meanwhile"); !errors.Is(err, operation.ErrUncertain) || !strings.Contains(err.Error(), "not answered") {
		t.Errorf("Commit = %v, want ErrUncertain and that the server does not answer", err)
	}
	if err := <-read; !errors.Is(err, store.ErrAway) {
		t.Errorf("Unfinished() = %v, want ErrAway", err)
	}
	server.Resume()
	if err := create("op_after"); err != nil {
		t.Errorf("Commit when it answers again: %v", err)
	}
	for _, id := range []string{"op_before", "op_after"} {
		if _, err := s.Operation(t.Context(), id); err != nil {
			t.Errorf("acknowledged operation: %v", err)
		}
	}
}

// testSlow lets two reads wait for a lock, until the one for which there is a
// limit has given up.
func testSlow(t *testing.T, address string) {
	s := open(t, address)
	raw, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	lock, err := raw.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Rollback() }() // it has been
	if _, err := lock.ExecContext(t.Context(), "LOCK TABLE artifacts, operations IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	all := make(chan error, 1)
	go func() {
		_, err := s.Referenced(t.Context())
		all <- err
	}()
	awaitWaiting(t, t.Context(), raw, 1)
	if _, err := s.List(t.Context(), operation.Filter{}); !errors.Is(err, store.ErrAway) {
		t.Errorf("List() = %v, want ErrAway", err)
	}
	if err := lock.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := <-all; err != nil {
		t.Errorf("Referenced() = %v, want it to wait", err)
	}
}

// testTakenTerm stops a scheduler in the middle of a group of writes and has
// another one take its term. Nothing may be stored that the second has not seen.
func testTakenTerm(t *testing.T, address string) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	a, b := open(t, address), open(t, address)
	raw, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	term, err := a.AcquireTerm(ctx, "http://a:1#x")
	if err != nil {
		t.Fatal(err)
	}
	create := func(id string) operation.Transaction {
		return operation.Transaction{operation.Created{Operation: storetest.New(id, operation.Training, storetest.Epoch)}}
	}
	if err := errors.Join(a.Commit(ctx, term, []operation.Transaction{create("op_0")})[0], a.ReleaseTerm(ctx, term)); err != nil {
		t.Fatal(err)
	}
	lock, err := raw.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Rollback() }() // it has been
	if _, err := lock.ExecContext(ctx, "SELECT 1 FROM operations WHERE id = 'op_0' FOR UPDATE"); err != nil {
		t.Fatal(err)
	}

	written, taken := make(chan []error, 1), make(chan int, 1)
	go func() {
		stops := operation.Transaction{operation.CancelRequested{ID: "op_0", At: storetest.Epoch}} // where the row is locked
		written <- a.Commit(ctx, term, []operation.Transaction{create("op_1"), stops, create("op_2")})
	}()
	awaitWaiting(t, ctx, raw, 1)
	go func() {
		if _, err := b.AcquireTerm(ctx, "http://b:1#y"); err != nil {
			t.Errorf("AcquireTerm: %v", err)
		}
		seen, err := b.Unfinished(ctx)
		if err != nil {
			t.Error(err)
		}
		taken <- len(seen)
	}()
	awaitWaiting(t, ctx, raw, 2)
	if err := lock.Rollback(); err != nil {
		t.Fatal(err)
	}
	if errs := <-written; errors.Join(errs...) != nil {
		t.Errorf("Commit = %v, want the whole group before the term changes", errs)
	}
	if seen := <-taken; seen != 3 {
		t.Errorf("the new scheduler found %d operations, the old one stored 3", seen)
	}
	if err := a.Commit(ctx, term, []operation.Transaction{create("op_3")})[0]; !errors.Is(err, operation.ErrDeposed) {
		t.Errorf("Commit after that = %v, want ErrDeposed", err)
	}
}

// awaitWaiting returns when n sessions wait for locks.
func awaitWaiting(t *testing.T, ctx context.Context, raw *sql.DB, n int) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		var waiting int
		if err := raw.QueryRowContext(ctx, "SELECT COUNT(DISTINCT pid) FROM pg_locks WHERE NOT granted").Scan(&waiting); err != nil {
			t.Fatalf("wait for %d sessions that wait for a lock: %v", n, err)
		}
		if waiting >= n {
			return
		}
		<-tick.C
	}
}

func TestPostgresRefuses(t *testing.T) {
	server := storetest.StartPostgres(t)
	for _, test := range []struct{ name, setting, want string }{
		{"forgetful_commits", "synchronous_commit = off", "synchronous_commit is off"},
		{"unsafe_pages", "full_page_writes = off", "full_page_writes is off"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server.Configure(test.setting)
			if _, err := store.Open(t.Context(), server.NewDatabase(), store.Options{}); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Open = %v, want %q", err, test.want)
			}
			server.Configure("")
		})
	}
	t.Run("no_server", func(t *testing.T) {
		_, err := store.Open(t.Context(), "postgres://me:secret@127.0.0.1:1/x?connect_timeout=1&password=other", store.Options{})
		if err == nil || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "other") || !strings.Contains(err.Error(), "127.0.0.1:1") {
			t.Errorf("Open = %v, want the address without its passwords", err)
		}
	})
}

func TestAddress(t *testing.T) {
	for _, test := range []struct{ address, want string }{
		{"postgres://me:secret@host:1/db?sslmode=require", "postgres://me:xxxxx@host:1/db?sslmode=require"},
		{"postgres:///db?host=/run&user=me&password=secret", "postgres:///db?host=%2Frun&password=xxxxx&user=me"},
		{"host=h password=secret", "(an address that cannot be read)"},
		{"postgres://me:sec ret@%zz", "(an address that cannot be read)"},
	} {
		if got := store.Address(test.address).String(); got != test.want {
			t.Errorf("Address(%q).String() = %q, want %q", test.address, got, test.want)
		}
		if got := fmt.Sprint(store.Address(test.address).LogValue()); got != test.want {
			t.Errorf("Address(%q).LogValue() = %q, want %q", test.address, got, test.want)
		}
	}
}
