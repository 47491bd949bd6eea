package main_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// BenchmarkHelp is the start of the program: a regression means that something
// is computed before anybody asked for it.
func BenchmarkHelp(b *testing.B) {
	for b.Loop() {
		if out, err := exec.Command(binary, "--help").Output(); err != nil || !strings.Contains(string(out), "ktrdr [command]") {
			b.Fatalf("%v, and it says %q", err, out)
		}
	}
}

// BenchmarkSubmitToStart is the time from sending a backtest to an idle system
// until its worker has it, over HTTP and through the durable store. A regression
// means that something waits for a timer.
func BenchmarkSubmitToStart(b *testing.B) {
	s := newSystem(b)
	s.worker("training", "trainer")
	s.worker("backtest", "tester")
	s.importSample("EURUSD")
	s.must(trainArgs(s.strategy("quick", 5))...)
	var waits []time.Duration
	for b.Loop() {
		var started struct {
			ID string `json:"operation_id"`
		}
		sent := time.Now()
		if code := s.call(http.MethodPost, "/api/v1/backtests/start", map[string]any{"strategy_name": "quick", "symbol": "EURUSD",
			"timeframe": "1h", "start_date": "2016-06-15", "end_date": "2016-07-15"}, &started); code != http.StatusOK {
			b.Fatalf("start: status %d", code)
		}
		s.awaitStatus(started.ID, "completed")
		s.await("the worker is available", func() bool { return s.workerStatus("tester") == "available" })
		var answer struct {
			Data struct {
				StartedAt time.Time `json:"started_at"`
			}
		}
		s.get("/api/v1/operations/"+started.ID, &answer)
		waits = append(waits, answer.Data.StartedAt.Sub(sent))
	}
	slices.Sort(waits)
	at := func(q float64) float64 {
		return waits[int(q*float64(len(waits)-1))].Seconds() * 1000
	}
	b.ReportMetric(at(0.5), "start-p50-ms")
	b.ReportMetric(at(0.99), "start-p99-ms")
	b.ReportMetric(peakMemory(b, s.backend.cmd.Process.Pid)/1e6, "backend-peak-MB")
}

// BenchmarkBacktestMillion is a backtest of a million bars from the submission to
// the result, with a model of the example strategy, and the memory of its worker.
func BenchmarkBacktestMillion(b *testing.B) {
	s := newSystem(b)
	s.worker("training", "trainer")
	file := filepath.Join(s.dir, "minutes.csv")
	const bars = 1_100_000
	if out := run(b, nil, "data", "sample", "--symbol", "SAMPLE", "--timeframe", "1m", "--bars", strconv.Itoa(bars), "--output", file); out.code != 0 {
		b.Fatalf("data sample: exit %d\n%s", out.code, out.stderr)
	}
	s.must("data", "import", file, "--symbol", "SAMPLE", "--timeframe", "1m")
	strategy := filepath.Join(projectRoot(b), "strategies", "sample_momentum.yaml")
	s.must("models", "train", "--strategy", strategy, "--timeframe", "1m", "--start-date", "2015-01-05", "--end-date", "2015-03-01")
	simulated, orders := 0, ""
	for b.Loop() {
		b.StopTimer()
		name := fmt.Sprintf("tester-%d", time.Now().UnixNano()) // a fresh process, so that the peak is of one backtest
		worker := s.worker("backtest", name)
		b.StartTimer()
		id := decode[finished](b, s.must("backtest", "run", strategy, "SAMPLE", "1m", "--start-date", "2015-03-15", "--end-date", "2030-01-01", "--json")).ID
		b.StopTimer()
		var answer struct {
			Results struct {
				Bars   int    `json:"equity_curve_length"`
				Orders string `json:"order_hash"`
				Trades int    `json:"trade_count"`
			}
		}
		s.get("/api/v1/operations/"+id+"/results", &answer)
		simulated += answer.Results.Bars
		if r := answer.Results; r.Trades == 0 || orders != "" && r.Orders != orders {
			b.Fatalf("%d trades by orders %s, the run before had %s", r.Trades, r.Orders, orders)
		}
		orders = answer.Results.Orders
		b.ReportMetric(peakMemory(b, worker.cmd.Process.Pid)/1e6, "worker-peak-MB")
		b.ReportMetric(peakMemory(b, s.backend.cmd.Process.Pid)/1e6, "backend-peak-MB")
		worker.stop()
		b.StartTimer()
	}
	b.ReportMetric(float64(simulated)/b.Elapsed().Seconds(), "bars/s")
}

// peakMemory is the largest resident size that the process has had, in bytes.
func peakMemory(b *testing.B, pid int) float64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Skipf("no process accounting here: %v", err)
	}
	for line := range strings.Lines(string(status)) {
		if kib, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, err := strconv.ParseFloat(strings.Fields(kib)[0], 64)
			if err != nil {
				b.Fatal(err)
			}
			return n * 1024
		}
	}
	b.Fatal("no VmHWM in " + string(status))
	return 0
}
