package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestKeptFeatures damages everything that a worker keeps on its disk: the worker that
// comes after it finds that out, says so, computes it again and finds the same.
func TestKeptFeatures(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.importSample("EURUSD")
	trains := s.worker("training", "trains")
	strategy := s.strategy("quick", 5)
	s.must(trainArgs(strategy)...)
	trains.stop()
	kept := func() []string {
		files, err := filepath.Glob(filepath.Join(s.dir, "tests", "features", "*"))
		if err != nil {
			t.Fatal(err)
		}
		return files
	}
	const discarded = "cached column discarded"
	orders := func(disturb func()) (hash, said string) {
		disturb()
		w := s.worker("backtest", "tests")
		defer w.stop()
		r := decode[struct {
			Result struct {
				Hash   string `json:"order_hash"`
				Trades int    `json:"trade_count"`
			} `json:"result"`
		}](t, s.must(backtestArgs(strategy)...)).Result
		if r.Trades == 0 {
			t.Fatal("nothing was traded: this proves nothing")
		}
		return r.Hash, w.stderr.String()
	}
	fresh, _ := orders(func() {})
	files := kept()
	if len(files) == 0 {
		t.Fatal("the worker keeps nothing on its disk")
	}
	if again, said := orders(func() {}); again != fresh || strings.Contains(said, discarded) {
		t.Errorf("from what is kept come orders %s, want %s, and the worker says\n%s", again, fresh, said)
	}
	again, said := orders(func() {
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			content[len(content)-1] ^= 1
			if err := os.WriteFile(file, content, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	})
	if again != fresh || strings.Count(said, discarded) != len(files) || len(kept()) != len(files) {
		t.Errorf("of %d damaged files come orders %s, want %s; %d files are there after it, and the worker says\n%s", len(files), again, fresh, len(kept()), said)
	}
}
