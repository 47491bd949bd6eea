//go:build unix

package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/control/store/storetest"
)

// TestClusterBars: bars that were imported on one backend are there on whichever
// schedules next, with the same results.
func TestClusterBars(t *testing.T) {
	c := newCluster(t, storetest.StartPostgres(t), quickFleet...)
	c.worker("training", "trainer")
	c.importSample("EURUSD")
	strategy := c.strategy("quick", 5)
	before := decode[finished](t, c.must(trainArgs(strategy)...)).ID
	held := c.raw("/api/v1/symbols")

	c.backends[0].kill()
	c.await("the second backend schedules", func() bool { return c.workerStatus("trainer") == "available" })
	if got := c.raw("/api/v1/symbols"); got != held {
		t.Errorf("the second backend holds\n%s\nthe first one held\n%s", got, held)
	}
	after := decode[finished](t, c.must(trainArgs(strategy)...)).ID
	if got, want := c.weights(after), c.weights(before); got != want || after == before {
		t.Errorf("the second backend had model %s trained as %s, the first one %s as %s", got, after, want, before)
	}

	// What is imported on the second one comes back to the first.
	c.importSample("GBPUSD")
	held = c.raw("/api/v1/symbols")
	address := strings.TrimPrefix(c.backends[0].url, "http://")
	c.backends[0] = c.startBackend("first", address)
	c.backends[1].stop()
	c.gate.lead(c.backends[0])
	c.await("the first backend schedules again", func() bool { return c.workerStatus("trainer") == "available" })
	if got := c.raw("/api/v1/symbols"); got != held {
		t.Errorf("the first backend holds\n%s\nthe second one held\n%s", got, held)
	}
	shown := c.must("data", "show", "GBPUSD", "1h", "--rows", "3")

	// And from the cluster into one folder with a file as its database.
	file := filepath.Join(c.dir, "backup.tar")
	c.must("admin", "backup", file)
	alone := restored(t, file)
	if got := alone.raw("/api/v1/symbols"); got != held {
		t.Errorf("restored is\n%s\nthe cluster held\n%s", got, held)
	}
	if got := alone.must("data", "show", "GBPUSD", "1h", "--rows", "3"); got != shown {
		t.Errorf("restored are\n%s\nthe cluster held\n%s", got, shown)
	}
	if got, want := alone.weights(before), c.weights(before); got != want {
		t.Errorf("the restored training made model %s, it was %s", got, want)
	}

	// And back: a cluster begins with what a backup of one folder holds.
	second := filepath.Join(c.dir, "second.tar")
	alone.must("admin", "backup", second)
	database, dir := storetest.StartPostgres(t).NewDatabase(), filepath.Join(c.dir, "again")
	place := []string{"KTRDR_DATABASE_URL=" + database, "KTRDR_SHARED_DIR=" + filepath.Join(c.dir, "shared-again")}
	if out := run(t, place, "admin", "restore", second, "--data-dir", dir); out.code != 0 {
		t.Fatalf("restore into PostgreSQL: exit %d\n%s%s", out.code, out.stdout, out.stderr)
	}
	again := &system{t: t, dir: c.dir, backend: start(t, "restored into PostgreSQL", place, "serve", "--listen", "127.0.0.1:0", "--data-dir", dir)}
	if got := again.raw("/api/v1/symbols"); got != held {
		t.Errorf("restored into PostgreSQL is\n%s\nheld was\n%s", got, held)
	}
	if got, want := again.weights(before), c.weights(before); got != want {
		t.Errorf("the training that was restored into PostgreSQL made model %s, it was %s", got, want)
	}
}

// TestRevisedBars: bars that come again with other values go to files of their own, which
// the backend compacts when they are many; they outlive its death.
func TestRevisedBars(t *testing.T) {
	s := newSystem(t)
	file := filepath.Join(s.dir, "bars.csv")
	s.must("data", "sample", "--symbol", "EURUSD", "--timeframe", "1m", "--bars", "180000", "--output", file)
	s.must("data", "import", file, "--symbol", "EURUSD", "--timeframe", "1m")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	revise := func(from int) {
		t.Helper()
		for i := from; i < len(lines); i++ {
			lines[i] += "1" // the volume
		}
		if err := os.WriteFile(file, []byte(lines[0]+"\n"+strings.Join(lines[from:], "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, want := s.must("data", "import", file, "--symbol", "EURUSD", "--timeframe", "1m"), "changed, 0 already held"; !strings.Contains(got, want) {
			t.Errorf("import says %q, want %q", got, want)
		}
	}
	files := func() int {
		entries, err := os.ReadDir(filepath.Join(s.dir, "backend", "bars", "EURUSD.1m"))
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	revise(len(lines) - 80_000)
	s.await("one file a column", func() bool { return files() == 7 })
	revise(len(lines) - 1)
	if got := files(); got != 13 {
		t.Errorf("one bar changed: the folder holds %d files, want 13", got)
	}
	s.backend.kill()
	s.restartBackend()
	want := strings.Split(lines[len(lines)-1], ",")
	if got := s.must("data", "show", "EURUSD", "1m", "--rows", "1"); !strings.Contains(got, want[0]) || !strings.Contains(got, want[len(want)-1]) {
		t.Errorf("after a restart the last bar is\n%s\nwant %v", got, want)
	}
}
