package store_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/store"
	"github.com/ktrdr/ktrdr/internal/control/store/storetest"
)

// childPath names the database of the process that TestKill kills.
const childPath = "KTRDR_TEST_STORE_CHILD"

func TestMain(m *testing.M) {
	if path := os.Getenv(childPath); path != "" {
		fmt.Fprintln(os.Stderr, child(path))
		os.Exit(1) // it should have been killed
	}
	os.Exit(m.Run())
}

// child writes operations from several goroutines, without end, and prints the
// id of each after it was acknowledged.
func child(path string) error {
	ctx := context.Background()
	s, err := store.Open(ctx, path, store.Options{})
	if err != nil {
		return err
	}
	term, err := s.AcquireTerm(ctx, "child")
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	failed := make(chan error, 8)
	for w := range cap(failed) {
		wg.Go(func() {
			for i := 0; ; i++ {
				op := storetest.New(fmt.Sprintf("op_%d_%d_%d", term, w, i), operation.Training, storetest.Epoch)
				tx := operation.Transaction{
					operation.Created{Operation: op},
					operation.Closed{ID: op.ID, State: operation.Cancelled, At: storetest.Epoch},
				}
				if err := s.Commit(ctx, term, []operation.Transaction{tx})[0]; err != nil {
					failed <- err
					return
				}
				fmt.Println(op.ID)
			}
		})
	}
	wg.Wait()
	return <-failed
}

// TestKill kills a process that writes, and expects everything that it has
// acknowledged, and nothing by half.
func TestKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ktrdr.db")
	acked := map[string]bool{}
	for round := range 3 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childPath+"="+path)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			acked[lines.Text()] = true
			if n == 200+300*round {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
			t.Fatalf("the writing process ended by itself: %v", err)
		}
		s, err := store.Open(t.Context(), path, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for id := range acked {
			op, err := s.Operation(t.Context(), id)
			if err != nil || op.Status != operation.Cancelled || len(op.Artifacts) != 1 {
				t.Fatalf("round %d: acknowledged operation %s is %q after kill -9: %v", round, id, op.Status, err)
			}
		}
		left, err := s.Unfinished(t.Context())
		if err != nil || len(left) != 0 {
			t.Errorf("round %d: %d operations were stored by half: %v", round, len(left), err)
		}
		closeStore(t, s)
	}
	if len(acked) < 1000 {
		t.Errorf("only %d operations were acknowledged", len(acked))
	}
}
