package main_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// rssMiB is the resident memory of a process, 0 where the system does not say.
func (p *process) rssMiB() float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kib / 1024
		}
	}
	return 0
}

// cpu is the processor time that a process has used, 0 where the system does not
// say.
func (p *process) cpu() time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	ticks := 0
	for _, f := range fields[11:13] { // of user and system, a hundred a second
		n, _ := strconv.Atoi(f)
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// flood submits n operations of a type, so many at a time that the queue is never
// empty, and returns when all have completed; each is told how many have. It asks
// seldom, so that asking costs little.
func (s *system) flood(kind, path string, n int, body func(i int) map[string]any, each func(completed int)) {
	s.t.Helper()
	const ahead = 256
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for submitted, completed := 0, 0; completed < n; <-tick.C {
		for ; submitted < n && submitted-completed < ahead; submitted++ {
			if code := s.call(http.MethodPost, path, body(submitted), nil); code != http.StatusOK {
				s.t.Fatalf("start %d: status %d", submitted, code)
			}
		}
		var failed struct {
			Total  int `json:"total_count"`
			Active int `json:"active_count"` // whatever the filter; nothing else is active
		}
		s.get("/api/v1/operations?limit=1&status=failed&operation_type="+kind, &failed)
		if failed.Total > 0 {
			s.t.Fatalf("%d operations of type %s failed", failed.Total, kind)
		}
		if ended := submitted - failed.Active; ended > completed {
			completed = ended
			each(completed)
		}
	}
}

// BenchmarkBacktestsInOneWorker runs backtests one after another in one worker
// process and prints its resident memory on the way. Run it with -benchtime 10000x;
// memory that goes on growing after the first tenth is a leak.
func BenchmarkBacktestsInOneWorker(b *testing.B) {
	s := newSystem(b)
	s.worker("training", "trainer")
	worker := s.worker("backtest", "tester")
	s.importSample("EURUSD")
	s.must(trainArgs(s.strategy("quick", 5))...)
	warm, printed := 0.0, 0
	b.ResetTimer()
	s.flood("backtesting", "/api/v1/backtests/start", b.N, func(i int) map[string]any {
		return map[string]any{"strategy_name": "quick", "symbol": "EURUSD", "timeframe": "1h", "start_date": "2016-06-15", "end_date": "2016-09-30",
			"initial_capital": 100_000 + i}
	}, func(completed int) {
		if tenths := 10 * completed / b.N; tenths > printed {
			printed = tenths
			rss := worker.rssMiB()
			b.Logf("after %d backtests: worker %.1f MiB, backend %.1f MiB", completed, rss, s.backend.rssMiB())
			if warm == 0 {
				warm = rss
			}
		}
	})
	b.ReportMetric(warm, "MiB-after-a-tenth")
	b.ReportMetric(worker.rssMiB(), "MiB-at-the-end")
}

// BenchmarkTrainings trains small models on one worker process and on two, each on
// one thread. Two that train less than 1.9 times as many as one keep each other from
// work, or the backend does, which shares their cores.
func BenchmarkTrainings(b *testing.B) {
	for _, epochs := range []int{40, 400} {
		for _, workers := range []int{1, 2} {
			b.Run(fmt.Sprintf("epochs=%d/workers=%d", epochs, workers), func(b *testing.B) { benchmarkTrainings(b, epochs, workers) })
		}
	}
}

func benchmarkTrainings(b *testing.B, epochs, workers int) {
	s := newSystem(b)
	var running []*process
	for i := range workers {
		id := fmt.Sprintf("trainer-%d", i) // one core each, for collecting garbage too
		running = append(running, start(b, id, []string{"KTRDR_API_URL=" + s.backend.url, "WORKER_ID=" + id, "GOMAXPROCS=1"},
			"worker", "training", "--listen", "127.0.0.1:0", "--data-dir", filepath.Join(s.dir, id), "--threads", "1"))
		s.await("worker "+id+" is available", func() bool { return s.workerStatus(id) == "available" })
	}
	s.importSample("EURUSD")
	text, err := os.ReadFile(s.strategy("quick", epochs))
	if err != nil {
		b.Fatal(err)
	}
	used := func() (all time.Duration) {
		for _, p := range running {
			all += p.cpu()
		}
		return all
	}
	b.ResetTimer()
	began, before, backend := time.Now(), used(), s.backend.cpu()
	s.flood("training", "/api/v1/trainings/start", b.N, func(i int) map[string]any {
		return map[string]any{"strategy_yaml": string(text), "symbol": "EURUSD", "timeframe": "1h", "start_date": "2015-01-05", "end_date": "2016-05-31", "seed": i}
	}, func(int) {})
	took, n := time.Since(began).Seconds(), float64(b.N)
	b.StopTimer()
	memory := 0.0
	for _, p := range running {
		memory += peakMemory(b, p.cmd.Process.Pid) / 1e6
	}
	b.ReportMetric(memory, "workers-peak-MB")
	b.ReportMetric(n/took, "trainings/s")
	b.ReportMetric((used()-before).Seconds()/n*1000, "worker-cpu-ms/training")
	b.ReportMetric((s.backend.cpu()-backend).Seconds()/n*1000, "backend-cpu-ms/training")
	b.ReportMetric(100*(used()-before).Seconds()/took/float64(workers), "%busy")
}
