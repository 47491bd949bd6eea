//go:build unix

package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

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
		if err := create("op_meanwhile"); !errors.Is(err, operation.ErrUncertain) {
			t.Errorf("Commit without a server = %v, want ErrUncertain", err)
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
