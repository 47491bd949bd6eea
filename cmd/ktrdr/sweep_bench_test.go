package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// benchSweeps are spaces of 10,000 variants.
var benchSweeps = []struct{ axes, text string }{
	{"thresholds", `axes:
  decisions.confidence_threshold: {from: 0.40, to: 0.895, step: 0.005}
  decisions.filters.min_signal_separation: {from: 1, to: 100, step: 1}
`},
	{"exits", `axes:
  decisions.confidence_threshold: {from: 0.4, to: 0.6, step: 0.05}
  decisions.exits.stop_loss: {from: 0.002, to: 0.041, step: 0.001}
  decisions.exits.take_profit: {from: 0.002, to: 0.051, step: 0.001}
`},
}

// BenchmarkSweepWhole is a sweep of 10,000 variants on two worker processes, from the
// command line to the leaderboard: how many bars of how many
// variants a second, from the command to its end and while chunks are computed, and the
// most memory that either worker had. A regression means that somebody waits between
// chunks, or that a trial takes longer.
func BenchmarkSweepWhole(b *testing.B) {
	const bars = 211_000
	s := newSystem(b)
	s.worker("training", "trainer")
	file := filepath.Join(s.dir, "hours.csv")
	if out := run(b, nil, "data", "sample", "--symbol", "SAMPLE", "--timeframe", "1h", "--start", "1990-01-01", "--bars", strconv.Itoa(bars), "--output", file); out.code != 0 {
		b.Fatalf("data sample: exit %d\n%s", out.code, out.stderr)
	}
	s.must("data", "import", file, "--symbol", "SAMPLE", "--timeframe", "1h")
	strategy := filepath.Join(projectRoot(b), "strategies", "sample_momentum.yaml")
	s.must("models", "train", "--strategy", strategy, "--symbol", "SAMPLE", "--timeframe", "1h", "--start-date", "1990-01-02", "--end-date", "1991-02-28")
	for _, space := range benchSweeps {
		b.Run("trials=10000/axes="+space.axes, func(b *testing.B) { benchmarkSweep(b, s, strategy, space.text) })
	}
}

func benchmarkSweep(b *testing.B, s *system, strategy, text string) {
	file := filepath.Join(s.dir, "space.yaml")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		b.Fatal(err)
	}
	evaluated, computing := 0.0, time.Duration(0)
	for b.Loop() {
		b.StopTimer()
		var workers []*process
		for i := range 2 { // fresh processes, so that the peak is of one sweep
			id := fmt.Sprintf("tester-%d-%d", i, time.Now().UnixNano())
			workers = append(workers, s.worker("backtest", id))
		}
		b.StartTimer()
		done := decode[struct {
			ID     string `json:"operation_id"`
			Result struct {
				Bars int `json:"bars"`
				Luck struct{ Trials int }
			} `json:"result"`
		}](b, s.must("sweep", file, "--strategy", strategy, "--symbol", "SAMPLE", "--timeframe", "1h",
			"--start-date", "1991-04-01", "--end-date", "2030-01-01", "--json"))
		b.StopTimer()
		evaluated += float64(done.Result.Bars) * float64(done.Result.Luck.Trials)
		computing += s.spanOfChunks(done.ID)
		memory := 0.0
		for _, w := range workers {
			memory = max(memory, peakMemory(b, w.cmd.Process.Pid)/1e6)
			w.stop()
		}
		b.ReportMetric(memory, "worker-peak-MB")
		b.ReportMetric(float64(done.Result.Bars), "bars")
		b.StartTimer()
	}
	b.ReportMetric(evaluated/b.Elapsed().Seconds()/1e6, "Mbars/s")
	b.ReportMetric(evaluated/computing.Seconds()/1e6, "Mbars/s-of-chunks")
}

// spanOfChunks is the time from the start of the first chunk of a sweep to the end of its
// last.
func (s *system) spanOfChunks(id string) time.Duration {
	s.t.Helper()
	var from, to time.Time
	for _, child := range s.children(id) {
		var chunk struct {
			Data struct {
				StartedAt   time.Time `json:"started_at"`
				CompletedAt time.Time `json:"completed_at"`
			}
		}
		s.get("/api/v1/operations/"+child.ID, &chunk)
		if c := chunk.Data; from.IsZero() || c.StartedAt.Before(from) {
			from = c.StartedAt
		}
		if c := chunk.Data; c.CompletedAt.After(to) {
			to = c.CompletedAt
		}
	}
	if !to.After(from) {
		s.t.Fatalf("sweep %s has no chunks with times", id)
	}
	return to.Sub(from)
}
