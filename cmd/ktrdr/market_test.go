package main_test

import (
	"math"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// TestRealMarket is the main job on real bars: two timeframes of GBPUSD, five
// years of training, three later years of backtest, on two workers of each type
// that use different numbers of threads.
func TestRealMarket(t *testing.T) {
	hourly, fourHourly := marketData(t, "GBPUSD_1h.csv"), marketData(t, "GBPUSD_4h.csv")
	s := newSystem(t)
	s.must("data", "import", hourly, "--symbol", "GBPUSD", "--timeframe", "1h")
	s.must("data", "import", fourHourly, "--symbol", "GBPUSD", "--timeframe", "4h")
	strategy := filepath.Join(projectRoot(t), "strategies", "gbpusd_two_timeframes.yaml")

	train := func(worker, threads string) string {
		p := s.worker("training", worker, "--threads", threads)
		defer p.stop()
		id := decode[finished](t, s.must("models", "train", "--strategy", strategy, "--symbol", "GBPUSD",
			"--start-date", "2013-01-01", "--end-date", "2017-12-31", "--seed", "20130101", "--json")).ID
		if got := s.operation(id).Worker; got != worker {
			t.Fatalf("trained on %s, want %s", got, worker)
		}
		return s.weights(id)
	}
	if one, two := train("one-thread", "1"), train("two-threads", "2"); one != two {
		t.Errorf("one thread made model %s, two made %s", one, two)
	}

	first := s.backtest(t, strategy, "tester-1", "1")
	again := s.backtest(t, strategy, "tester-1-again", "1")
	second := s.backtest(t, strategy, "tester-2", "2")
	for name, other := range map[string]backtestResult{"again": again, "on another worker with two threads": second} {
		if other.OrderHash != first.OrderHash || other.FinalEquity != first.FinalEquity {
			t.Errorf("%s: orders %s equity %v, want %s %v", name, other.OrderHash, other.FinalEquity, first.OrderHash, first.FinalEquity)
		}
		if other.equityFile != first.equityFile || other.tradesFile != first.tradesFile {
			t.Errorf("%s: the files of trades and equity differ", name)
		}
	}
	if len(first.trades) < 20 {
		t.Errorf("the backtest made %d trades over three years, want some tens", len(first.trades))
	}
	sum := 0.0
	for _, trade := range first.trades {
		sum += trade.Net
	}
	if change := first.FinalEquity - first.Config.InitialCapital; math.Abs(sum-change) > 0.005 {
		t.Errorf("the trades sum to %v and the equity changed by %v", sum, change)
	}
}

type tradeRow struct {
	Net float64 `parquet:"net_pnl"`
}

type backtestResult struct {
	OrderHash   string  `json:"order_hash"`
	FinalEquity float64 `json:"final_equity"`
	Config      struct {
		InitialCapital float64 `json:"initial_capital"`
	} `json:"config"`
	trades                 []tradeRow
	tradesFile, equityFile string
}

// backtest runs the strategy on a worker of its own and reads back all that it
// left.
func (s *system) backtest(t *testing.T, strategy, worker, threads string) backtestResult {
	t.Helper()
	p := s.worker("backtest", worker, "--threads", threads)
	defer p.stop()
	dir := filepath.Join(s.dir, "results-"+worker)
	id := decode[finished](t, s.must("backtest", "run", strategy, "GBPUSD", "1h",
		"--start-date", "2019-01-01", "--end-date", "2021-12-31", "--output", dir, "--json")).ID
	if got := s.operation(id).Worker; got != worker {
		t.Fatalf("tested on %s, want %s", got, worker)
	}
	var answer struct{ Results backtestResult }
	if code := s.get("/api/v1/operations/"+id+"/results", &answer); code != http.StatusOK {
		t.Fatalf("results: status %d", code)
	}
	result := answer.Results
	var err error
	if result.trades, err = parquet.ReadFile[tradeRow](filepath.Join(dir, "trades.parquet")); err != nil {
		t.Fatal(err)
	}
	for name, into := range map[string]*string{"trades.parquet": &result.tradesFile, "equity.parquet": &result.equityFile} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		*into = string(data)
	}
	return result
}
