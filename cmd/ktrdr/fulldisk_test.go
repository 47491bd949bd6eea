//go:build unix

package main_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/control/store/storetest"
)

// TestFullDisk: a backend without room refuses submissions and says why, keeps
// what it has acknowledged, and goes on when there is room again.
func TestFullDisk(t *testing.T) {
	t.Run("backend", func(t *testing.T) {
		s := &system{t: t, dir: t.TempDir()}
		disk, err := storetest.NewDisk(t, filepath.Join(s.dir, "backend"))
		if err != nil {
			t.Skip(err)
		}
		s.backend = start(t, "backend", nil, "serve", "--listen", "127.0.0.1:0", "--data-dir", disk.Dir)
		l, token := s.fullDisk(disk)
		s.outcomeWithoutRoom(disk, l, token)
	})
	t.Run("database", func(t *testing.T) {
		server := storetest.StartPostgres(t)
		address, disk, err := server.NewDatabaseOnDisk(t)
		if err != nil {
			t.Skip(err)
		}
		c := newDatabase(t, address)
		first := c.startBackend("first", "127.0.0.1:0")
		c.gate.lead(first)
		l, token := c.fullDisk(disk)
		c.outcomeWithoutRoom(disk, l, token)
		if n := strings.Count(first.stderr.String(), "scheduler started"); n != 1 {
			t.Errorf("the scheduler began %d times, want once: a full disk leaves no doubt about what was stored", n)
		}
	})
}

// outcomeWithoutRoom has a worker report an outcome that cannot be recorded, from
// which nothing follows, and again when it can.
func (s *system) outcomeWithoutRoom(disk storetest.Disk, l *liar, token json.RawMessage) {
	t := s.t
	t.Helper()
	noise := make([]byte, 30_000) // in hexadecimal digits as long as an error may be
	rng := rand.NewChaCha8([32]byte{})
	_, _ = rng.Read(noise) // never fails
	report := func() (int, string) { return l.report(token, fmt.Sprintf(`"state":"failed","error":"%x"`, noise)) }
	status := func() string {
		var op struct {
			Data struct {
				Status string `json:"status"`
			} `json:"data"`
		}
		s.get("/api/v1/operations/"+tokenOf(t, token), &op)
		return op.Data.Status
	}
	disk.Fill()
	for range 2 {
		if code, answer := report(); code != http.StatusInsufficientStorage || !strings.Contains(answer, "DISK_FULL") {
			t.Errorf("outcome without room: %d %.200s, want 507 DISK_FULL", code, answer)
		}
		if got := status(); got != "running" {
			t.Errorf("the operation is %s, want running until its outcome is recorded", got)
		}
	}
	disk.Clear()
	if code, answer := report(); code != http.StatusOK {
		t.Errorf("outcome with room again: %d %.200s", code, answer)
	}
	if got := status(); got != "failed" {
		t.Errorf("the operation is %s, want failed", got)
	}
}

// tokenOf returns the operation that a token is of.
func tokenOf(t testing.TB, token json.RawMessage) string {
	t.Helper()
	var of struct {
		OperationID string `json:"operation_id"`
	}
	if err := json.Unmarshal(token, &of); err != nil {
		t.Fatal(err)
	}
	return of.OperationID
}

// fullDisk returns a worker that still runs an operation, and its token.
func (s *system) fullDisk(disk storetest.Disk) (l *liar, token json.RawMessage) {
	t := s.t
	t.Helper()
	l = s.liar("liar")
	s.importSample("EURUSD")
	text, err := os.ReadFile(s.strategy("quick", 5))
	if err != nil {
		t.Fatal(err)
	}
	submit := func(seed int) (int, string) {
		return s.post("/api/v1/trainings/start", fmt.Sprintf(`{"strategy_yaml":%q,"symbol":"EURUSD","timeframe":"1h","seed":%d}`, text, seed))
	}
	if code, answer := submit(1); code != http.StatusOK {
		t.Fatalf("submission: %d %s", code, answer)
	}
	token = <-l.started

	disk.Fill()
	acknowledged, refused := 1, ""
	for seed := 2; refused == ""; seed++ { // the last page of a file may have room
		code, answer := submit(seed)
		switch code {
		case http.StatusOK:
			acknowledged++
		case http.StatusInsufficientStorage:
			refused = answer
		default:
			t.Fatalf("submission without room: %d %s, want 507", code, answer)
		}
	}
	if !strings.Contains(refused, "DISK_FULL") || !strings.Contains(refused, "Free some space") {
		t.Errorf("refused with %s, want the reason and what to do", refused)
	}
	disk.Clear()
	if code, answer := submit(0); code != http.StatusOK {
		t.Errorf("submission with room again: %d %s", code, answer)
	}
	var list struct {
		Total int `json:"total_count"`
	}
	if s.get("/api/v1/operations", &list); list.Total != acknowledged+1 {
		t.Errorf("%d operations are recorded, want the %d that were acknowledged", list.Total, acknowledged+1)
	}
	return l, token
}
