// Package bench_test measures the built program from outside, as its users meet
// it: over HTTP on the loopback, with everything on the disk that it promises to
// keep.
package bench_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/ktrdr/ktrdr/internal/control/store/storetest"
)

// BenchmarkSubmit measures durable submissions of trainings over HTTP: parse the
// strategy, find the bars, store the operation, answer. A fall with one client
// means a longer way through the backend or to the disk; a fall with 64 that the
// requests wait for each other.
func BenchmarkSubmit(b *testing.B) {
	binary := filepath.Join(b.TempDir(), "ktrdr")
	if out, err := exec.Command("go", "build", "-o", binary, "../cmd/ktrdr").CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	for _, engine := range []string{"sqlite", "postgres"} {
		b.Run("engine="+engine, func(b *testing.B) {
			var env []string
			if engine == "postgres" {
				env = append(env, "KTRDR_DATABASE_URL="+storetest.StartPostgres(b).NewDatabase())
			}
			address := serve(b, binary, env)
			prepare(b, binary, address)
			for _, clients := range []int{1, 64} {
				b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) { submit(b, address, clients) })
			}
		})
	}
}

// serve starts a backend that ends with the benchmark.
func serve(b *testing.B, binary string, env []string) (address string) {
	b.Helper()
	cmd := exec.Command(binary, "serve", "--listen", "127.0.0.1:0", "--data-dir", b.TempDir(), "--log-level", "error")
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		if err := cmd.Wait(); err != nil {
			b.Errorf("the backend ended with %v", err)
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	address, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if err != nil || !ok {
		b.Fatalf("the backend said %q: %v", line, err)
	}
	return address
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

func submit(b *testing.B, address string, clients int) {
	strategy, err := os.ReadFile("../cmd/ktrdr/testdata/quick.yaml")
	if err != nil {
		b.Fatal(err)
	}
	order, err := json.Marshal(map[string]any{"strategy_yaml": string(strategy), "symbol": "EURUSD", "timeframe": "1h", "start_date": "2015-01-05", "end_date": "2015-03-31"})
	if err != nil {
		b.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	var next atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for range clients {
		wg.Go(func() {
			for next.Add(1) <= int64(b.N) && !b.Failed() {
				send(b, client, address+"/api/v1/trainings/start", order)
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "submits/s")
	client.CloseIdleConnections()
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
