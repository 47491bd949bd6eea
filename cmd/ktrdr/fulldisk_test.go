//go:build unix

package main_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestFullDisk: a backend without room refuses submissions and says why, keeps
// what it has acknowledged, and goes on when there is room again.
func TestFullDisk(t *testing.T) {
	s := &system{t: t, dir: t.TempDir()}
	disk := newDisk(t, filepath.Join(s.dir, "backend"))
	s.backend = start(t, "backend", nil, "serve", "--listen", "127.0.0.1:0", "--data-dir", disk.dir)
	l := s.liar("liar")
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
	<-l.started

	disk.fill()
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
	disk.clear()
	if code, answer := submit(0); code != http.StatusOK {
		t.Errorf("submission with room again: %d %s", code, answer)
	}
	var list struct {
		Total int `json:"total_count"`
	}
	if s.get("/api/v1/operations", &list); list.Total != acknowledged+1 {
		t.Errorf("%d operations are recorded, want the %d that were acknowledged", list.Total, acknowledged+1)
	}
}

// A smallDisk is a file system of its own that can be full.
type smallDisk struct {
	t   *testing.T
	dir string
}

// newDisk mounts a small file system at dir, or skips the test.
func newDisk(t *testing.T, dir string) smallDisk {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=256m", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("a small file system cannot be mounted here (that takes the superuser of a machine with mount): %v %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "-l", dir).CombinedOutput(); err != nil {
			t.Errorf("umount %s: %v %s", dir, err, out)
		}
	})
	return smallDisk{t: t, dir: dir}
}

func (d smallDisk) ballast() string { return filepath.Join(d.dir, "ballast") }

// fill leaves no room.
func (d smallDisk) fill() {
	d.t.Helper()
	f, err := os.Create(d.ballast())
	if err != nil {
		d.t.Fatal(err)
	}
	defer f.Close()
	block := make([]byte, 1<<16)
	for err == nil {
		_, err = f.Write(block)
	}
}

// clear makes room again.
func (d smallDisk) clear() {
	if err := os.Remove(d.ballast()); err != nil {
		d.t.Errorf("make room: %v", err)
	}
}
