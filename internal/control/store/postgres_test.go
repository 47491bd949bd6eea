//go:build unix

package store_test

import (
	"testing"

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
}
