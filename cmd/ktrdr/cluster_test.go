//go:build unix

package main_test

import (
	"bufio"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/store/storetest"
)

// A cluster is two backends on one PostgreSQL database, behind one address.
type cluster struct {
	*system  // its backend is the address, so that every helper goes through it
	database string
	gate     *gate
	backends []*process
}

// newCluster starts two backends. The gate leads to the second, which stands by.
func newCluster(t *testing.T, server *storetest.Server, env ...string) *cluster {
	t.Helper()
	c := newDatabase(t, server.NewDatabase(), env...)
	for _, name := range []string{"first", "second"} {
		c.backends = append(c.backends, c.startBackend(name, "127.0.0.1:0"))
	}
	c.gate.lead(c.backends[1], c.backends[0])
	return c
}

// newDatabase is a cluster without backends yet, on the database at an address.
func newDatabase(t *testing.T, address string, env ...string) *cluster {
	t.Helper()
	c := &cluster{system: &system{t: t, dir: t.TempDir(), env: env}, database: address, gate: openGate(t)}
	c.backend = &process{t: t, url: c.gate.url()}
	return c
}

func (c *cluster) startBackend(name, listen string) *process {
	c.t.Helper()
	p, err := c.launchBackend(patience, name, listen)
	if err != nil {
		c.t.Fatal(err)
	}
	return p
}

func (c *cluster) launchBackend(limit time.Duration, name, listen string) (*process, error) {
	c.t.Helper()
	env := append([]string{"KTRDR_DATABASE_URL=" + c.database, "KTRDR_SHARED_DIR=" + filepath.Join(c.dir, "shared")}, c.env...)
	return launch(c.t, limit, name, env, "serve", "--listen", listen, "--data-dir", filepath.Join(c.dir, name))
}

func TestCluster(t *testing.T) {
	server := storetest.StartPostgres(t)

	t.Run("scheduler_killed_mid_operation", func(t *testing.T) {
		c := newCluster(t, server)
		c.worker("training", "only")
		c.importSample("EURUSD")
		strategy := c.strategy("quick", 2000)
		running := decode[finished](t, c.must(trainArgs(strategy, "--detach")...)).ID
		c.awaitProgress(running)
		waiting := decode[finished](t, c.must(trainArgs(c.strategy("quick2", 5), "--detach")...)).ID

		c.backends[0].kill()
		killed := time.Now()
		c.await("the second backend schedules", func() bool { return c.workerStatus("only") == "busy" || c.workerStatus("only") == "available" })
		t.Logf("fail-over took %s", time.Since(killed))
		if op := c.awaitStatus(running, "completed"); op.Attempt != 1 {
			t.Errorf("the running operation was dispatched %d times, want once", op.Attempt)
		}
		c.awaitStatus(waiting, "completed")
	})
	t.Run("scheduler_paused_and_resumed", func(t *testing.T) {
		c := newCluster(t, server, quickFleet...)
		c.worker("training", "only")
		c.importSample("EURUSD")
		running := decode[finished](t, c.must(trainArgs(c.strategy("quick", 3000), "--detach")...)).ID
		c.awaitProgress(running)

		first := c.backends[0]
		first.signal(syscall.SIGSTOP)
		// What arrives at the paused scheduler lies in its socket until it resumes.
		lateArgs := append(trainArgs(c.strategy("quick2", 5), "--detach"), "--url", first.url)
		late := make(chan outcome, 1)
		go func() { late <- run(t, nil, lateArgs...) }()
		c.await("the second backend schedules", func() bool { return strings.Contains(c.backends[1].stderr.String(), "scheduler started") })
		first.signal(syscall.SIGCONT)
		c.await("the first backend stands by", func() bool { return strings.Contains(first.stderr.String(), "scheduler stands by") })

		if op := c.awaitStatus(running, "completed"); op.Attempt != 1 {
			t.Errorf("the running operation was dispatched %d times, want once", op.Attempt)
		}
		if out := <-late; out.code == 0 {
			c.awaitStatus(decode[finished](t, out.stdout).ID, "completed")
		} else if !strings.Contains(strings.ToLower(out.stdout+out.stderr), "try again") {
			t.Errorf("the submission to the paused scheduler failed without saying to try again:\n%s%s", out.stdout, out.stderr)
		}
		afterwards := first.stderr.String()
		afterwards = afterwards[strings.Index(afterwards, "scheduler stands by"):]
		for _, deed := range []string{"operation started", "operation submitted", "operation ended", "attempt ended"} {
			if strings.Contains(afterwards, deed) {
				t.Errorf("the deposed scheduler went on: %q in\n%s", deed, afterwards)
			}
		}
		// It serves like any other.
		out := run(t, nil, append(trainArgs(c.strategy("quick2", 6)), "--url", first.url)...)
		if out.code != 0 {
			t.Errorf("a training through the backend that stands by: exit %d\n%s%s", out.code, out.stdout, out.stderr)
		}
	})

	t.Run("way_to_the_database_loses_everything", func(t *testing.T) {
		way := openGate(t)
		c := newDatabase(t, server.NewDatabase(), quickFleet...)
		direct := c.database
		c.database = through(t, way, direct)
		first := c.startBackend("first", "127.0.0.1:0")
		c.database = direct
		second := c.startBackend("second", "127.0.0.1:0")
		c.gate.lead(second, first)
		c.worker("training", "only")
		c.importSample("EURUSD")
		running := decode[finished](t, c.must(trainArgs(c.strategy("quick", 3000), "--detach")...)).ID
		c.awaitProgress(running)
		told := follow(t, first)
		c.await("the first backend tells of it", func() bool { return strings.Contains(told.String(), running) })

		way.swallow()
		c.await("the second backend schedules", func() bool { return strings.Contains(second.stderr.String(), "scheduler started") })
		c.await("the first backend stands by", func() bool { return strings.Contains(first.stderr.String(), "scheduler stands by") })
		if op := c.awaitStatus(running, "completed"); op.Attempt != 1 {
			t.Errorf("the running operation was dispatched %d times, want once", op.Attempt)
		}
		way.mend() // what was connected stays of no use
		mended := time.Now()
		late := decode[finished](t, c.must(trainArgs(c.strategy("quick2", 5))...)).ID
		c.await("the first backend tells of what another has recorded", func() bool { return strings.Contains(told.String(), late) })
		t.Logf("that took %s", time.Since(mended))
		out := run(t, nil, append(trainArgs(c.strategy("quick2", 6)), "--url", first.url)...)
		if out.code != 0 {
			t.Errorf("a training through the first backend: exit %d\n%s%s", out.code, out.stdout, out.stderr)
		}
	})

	t.Run("scheduler_stopped_hands_over", func(t *testing.T) {
		c := newCluster(t, server)
		c.worker("training", "only")
		c.importSample("EURUSD")
		stopped := time.Now()
		c.backends[0].stop()
		c.await("the second backend schedules", func() bool { return c.workerStatus("only") == "available" })
		t.Logf("handing over took %s", time.Since(stopped))
		c.must(trainArgs(c.strategy("quick", 5))...)
	})

	t.Run("artifacts_of_another_cluster_are_refused", func(t *testing.T) {
		c := newCluster(t, server)
		out := run(t, []string{"KTRDR_DATABASE_URL=" + c.database}, "serve", "--listen", "127.0.0.1:0", "--data-dir", filepath.Join(c.dir, "alone"))
		if out.code == 0 || !strings.Contains(out.stderr, "--shared-dir") {
			t.Errorf("a backend with other artifacts: exit %d, want a failure that names --shared-dir:\n%s", out.code, out.stderr)
		}
	})
}

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatalf("signal %s: %v", p.name, err)
	}
}

// follow keeps what a backend tells of all operations until the test ends. Where
// it breaks off, it is asked again for what follows.
func follow(t *testing.T, backend *process) *transcript {
	t.Helper()
	told := &transcript{}
	last := "0"
	var following sync.WaitGroup
	following.Go(func() {
		for t.Context().Err() == nil {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, backend.url+"/api/v1/events", nil)
			if err != nil {
				t.Error(err)
				return
			}
			req.Header.Set("Last-Event-ID", last)
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				continue
			}
			lines := bufio.NewScanner(resp.Body)
			for lines.Scan() {
				fmt.Fprintln(told, lines.Text())
				if n, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
					last = n
				}
			}
			_ = resp.Body.Close() // it has ended
		}
	})
	t.Cleanup(following.Wait)
	return told
}
