// Package bench_test measures the built program from outside, as its users meet
// it: over HTTP on the loopback, with everything on the disk that it promises to
// keep.
package bench_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/store"
	"github.com/ktrdr/ktrdr/internal/control/store/storetest"
)

// BenchmarkSubmit measures durable submissions of trainings over HTTP: parse the
// strategy, find the bars, store the operation, answer. A fall with one client
// means a longer way through the backend or to the disk; a fall with 64 that the
// requests wait for each other. In the end the backend is killed, and everything
// that it has acknowledged must be in its records.
func BenchmarkSubmit(b *testing.B) {
	binary := build(b)
	for _, engine := range []string{"sqlite", "postgres"} {
		b.Run("engine="+engine, func(b *testing.B) {
			dir := b.TempDir()
			args, records := []string{"serve", "--listen", "127.0.0.1:0", "--data-dir", dir, "--log-level", "error"}, filepath.Join(dir, "ktrdr.db")
			if engine == "postgres" {
				records = storetest.StartPostgres(b).NewDatabase()
				args = append(args, "--database-url", records)
			}
			backend := launch(b, binary, args...)
			prepare(b, binary, backend.url)
			acknowledged := map[string]bool{}
			for _, clients := range []int{1, 64} {
				b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) { submit(b, backend, clients, acknowledged) })
			}
			backend.kill()
			recorded(b, records, acknowledged)
		})
	}
}

// recorded fails unless the records hold every operation that was acknowledged.
func recorded(b *testing.B, records string, acknowledged map[string]bool) {
	b.Helper()
	s, err := store.Open(b.Context(), records, store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	missing := maps.Clone(acknowledged)
	const page = 1000
	for offset := 0; ; offset += page {
		p, err := s.List(b.Context(), operation.Filter{Limit: page, Offset: offset})
		if err != nil {
			b.Fatal(err)
		}
		for _, op := range p.Operations {
			delete(missing, op.ID)
		}
		if len(p.Operations) < page {
			break
		}
	}
	if len(missing) > 0 {
		b.Errorf("%d of %d acknowledged operations are not in the records", len(missing), len(acknowledged))
	}
}

// prepare imports bars and registers a worker that cannot be reached, so that
// submissions are taken and wait.
func prepare(b *testing.B, binary, address string) {
	b.Helper()
	file := filepath.Join(b.TempDir(), "EURUSD.csv")
	for _, args := range [][]string{
		{"data", "sample", "--symbol", "EURUSD", "--timeframe", "1h", "--seed", "7", "--bars", "2000", "--start", "2015-01-05", "--output", file},
		{"data", "import", file, "--symbol", "EURUSD", "--timeframe", "1h", "--url", address},
	} {
		if out, err := exec.Command(binary, args...).CombinedOutput(); err != nil {
			b.Fatalf("ktrdr %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	post(b, http.DefaultClient, address+"/api/v1/workers/register", map[string]any{
		"worker_id": "nobody", "worker_type": "training", "endpoint_url": "http://127.0.0.1:1",
	})
}

// submit has clients submit trainings, and adds the operations that were
// acknowledged.
func submit(b *testing.B, backend *role, clients int, acknowledged map[string]bool) {
	strategy, err := os.ReadFile("../cmd/ktrdr/testdata/quick.yaml")
	if err != nil {
		b.Fatal(err)
	}
	order, err := json.Marshal(map[string]any{"strategy_yaml": string(strategy), "symbol": "EURUSD", "timeframe": "1h", "start_date": "2015-01-05", "end_date": "2015-03-31"})
	if err != nil {
		b.Fatal(err)
	}
	all := make([]*caller, clients)
	for i := range all {
		all[i] = newCaller(b, strings.TrimPrefix(backend.url, "http://"), "/api/v1/trainings/start", order)
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	theirs, ours := backend.used(b), used(b)
	b.ResetTimer()
	for _, c := range all {
		wg.Go(func() {
			for next.Add(1) <= int64(b.N) && c.err == nil {
				c.err = c.call()
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "submits/s")
	b.ReportMetric((backend.used(b)-theirs).Seconds()*1000/float64(b.N), "backend-cpu-ms/op")
	b.ReportMetric((used(b)-ours).Seconds()*1000/float64(b.N), "clients-cpu-ms/op")
	b.ReportMetric(backend.resident(b)/1e6, "backend-MB")
	for _, c := range all {
		if err := errors.Join(c.err, c.conn.Close()); err != nil {
			b.Error(err)
		}
		for _, id := range c.ids {
			if acknowledged[id] {
				b.Errorf("operation %s was acknowledged twice", id)
			}
			acknowledged[id] = true
		}
	}
}

func post(b *testing.B, client *http.Client, url string, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		b.Error(err)
		return
	}
	send(b, client, url, text)
}

func send(b *testing.B, client *http.Client, url string, body []byte) {
	resp, err := client.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		b.Error(err)
		return
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		b.Errorf("POST %s: %s %s %v", url, resp.Status, answer, err)
	}
}
