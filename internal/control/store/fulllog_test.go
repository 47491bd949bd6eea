//go:build unix

package store_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/store/storetest"
)

// TestPostgresFullLog leaves no room for the write-ahead log of PostgreSQL, which
// ends its server in the middle of a commit. When it runs again everything that was
// acknowledged is there, and new operations are taken.
func TestPostgresFullLog(t *testing.T) {
	server := storetest.StartPostgres(t)
	disk, err := server.LogOnDisk(t)
	if err != nil {
		t.Skip(err)
	}
	s := open(t, server.NewDatabase())
	term, err := s.AcquireTerm(t.Context(), "http://a:1#x")
	if err != nil {
		t.Fatal(err)
	}
	noise := rand.NewChaCha8([32]byte{})
	text := make([]byte, 1<<19)
	acknowledged := 0
	create := func() error { // with more than a megabyte for the log
		_, _ = noise.Read(text) // never fails
		o := storetest.New(fmt.Sprintf("op_%d", acknowledged), operation.Training, storetest.Epoch)
		if o.Spec, err = json.Marshal(hex.EncodeToString(text)); err != nil {
			t.Fatal(err)
		}
		err := s.Commit(t.Context(), term, []operation.Transaction{{operation.Created{Operation: o}}})[0]
		if err == nil {
			acknowledged++
		}
		return err
	}
	for range 2 {
		if err := create(); err != nil {
			t.Fatal(err)
		}
		disk.Fill()
		for err = create(); err == nil; err = create() { // the last file of the log may have room
		}
		if !errors.Is(err, operation.ErrUncertain) {
			t.Errorf("Commit without room for the log = %v, want ErrUncertain", err)
		}
		disk.Clear()
		server.Kill() // it may have ended by itself
		server.Start()
		for i := range acknowledged {
			if _, err := s.Operation(t.Context(), fmt.Sprintf("op_%d", i)); err != nil {
				t.Errorf("acknowledged operation: %v", err)
			}
		}
		err := create()
		if errors.Is(err, operation.ErrDuplicate) { // the one in doubt was stored
			acknowledged++
			err = create()
		}
		if err != nil {
			t.Errorf("Commit with room again: %v", err)
		}
	}
	if page, err := s.List(t.Context(), operation.Filter{Limit: 1}); err != nil || page.Total != acknowledged {
		t.Errorf("%d operations are stored, %v; want %d", page.Total, err, acknowledged)
	}
}
