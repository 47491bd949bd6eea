package main_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var epochs = regexp.MustCompile(`epochs: \d+`)

// trainExample trains an example strategy on EURUSD before June 2016, whose bars are
// made up, for so many epochs that its model says something, and returns its file.
func (s *system) trainExample(name string) string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "strategies", name+".yaml"))
	if err != nil {
		s.t.Fatal(err)
	}
	file := filepath.Join(s.dir, name+".yaml")
	if err := os.WriteFile(file, epochs.ReplaceAll(text, []byte("epochs: 12")), 0o644); err != nil {
		s.t.Fatal(err)
	}
	s.must(trainArgs(file)...)
	return file
}

// TestEnsemble trains a model of regimes and two signal models, and backtests the
// example ensemble of them, as a user would; in volatile markets one of them is asked
// too, so that both of them trade.
func TestEnsemble(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.worker("training", "trainer")
	s.worker("backtest", "tester")
	s.importSample("EURUSD")
	regime := s.trainExample("market_regime")
	s.trainExample("sample_momentum")
	example, err := os.ReadFile(filepath.Join("..", "..", "strategies", "ensembles", "sample_regimes.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(s.dir, "sample_regimes.yaml")
	if err := os.WriteFile(file, []byte(strings.Replace(string(example), "volatile: {action: FLAT}", "volatile: {model: trend}", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	args := func(more ...string) []string {
		return append([]string{"ensemble", "backtest", file, "EURUSD", "--start-date", "2016-06-15", "--end-date", "2016-10-31", "--json"}, more...)
	}

	if out := s.run(args()...); out.code == 0 || !strings.Contains(out.stderr+out.stdout, "Model not found: sample_sequence_1h") {
		t.Errorf("without one of its models: exit %d\n%s", out.code, out.stderr)
	}
	s.trainExample("sample_sequence")
	if out := s.run(args("--start-date", "2016-01-01")...); out.code == 0 || !strings.Contains(out.stderr+out.stdout, "overlaps the training window of member") {
		t.Errorf("in-sample: exit %d\n%s", out.code, out.stderr)
	}
	if out := s.run(backtestArgs(regime)...); out.code == 0 || !strings.Contains(out.stderr+out.stdout, "name its model in an ensemble") {
		t.Errorf("a backtest of regimes alone: exit %d\n%s", out.code, out.stderr)
	}

	type report struct {
		Hash     string `json:"order_hash"`
		Bars     int    `json:"equity_curve_length"`
		Trades   int    `json:"trade_count"`
		Ensemble struct {
			Regimes []struct {
				Bars   int `json:"bars"`
				Trades int `json:"trades"`
			} `json:"regimes"`
			Members []struct {
				Bars   int `json:"bars"`
				Trades int `json:"trades"`
			} `json:"members"`
		} `json:"ensemble"`
	}
	run := func(more ...string) report {
		var answer struct {
			Results report `json:"results"`
		}
		s.get("/api/v1/operations/"+decode[finished](t, s.must(args(more...)...)).ID+"/results", &answer)
		return answer.Results
	}
	first, again := run(), run("--threads", "2")
	if first.Hash == "" || first.Hash != again.Hash {
		t.Errorf("the orders are %q and, once more, %q", first.Hash, again.Hash)
	}
	bars, trades := 0, 0
	for _, r := range first.Ensemble.Regimes {
		bars, trades = bars+r.Bars, trades+r.Trades
	}
	if bars == 0 || bars != first.Bars || trades != first.Trades || len(first.Ensemble.Members) != 3 {
		t.Fatalf("%d of %d bars and %d of %d trades are in regimes, %d members", bars, first.Bars, trades, first.Trades, len(first.Ensemble.Members))
	}
	if trend, calm := first.Ensemble.Members[1], first.Ensemble.Members[2]; trend.Trades == 0 || calm.Trades == 0 || trend.Trades+calm.Trades != trades {
		t.Errorf("trend made %d trades and calm %d, of %d; want some of both", trend.Trades, calm.Trades, trades)
	}
	if long := run("--set", "allow_short_from_flat=false"); long.Hash == first.Hash || long.Trades >= first.Trades {
		t.Errorf("without shorts it makes %d trades, with them %d", long.Trades, first.Trades)
	}
	several := args("--stop-loss", "0.02", "--set", "filters.min_signal_separation=12")
	several[3] = "EURUSD,GBPUSD"
	if out := s.run(several...); out.code == 0 || !strings.Contains(out.stderr+out.stdout, "GBPUSD") {
		t.Errorf("with a symbol that is not there: exit %d\n%s", out.code, out.stderr)
	}
	s.importSample("GBPUSD")
	both := struct {
		Results struct {
			Trades  int      `json:"trade_count"`
			Policy  []string `json:"policy"`
			Symbols []struct {
				Symbol string `json:"symbol"`
				report
			} `json:"symbols"`
		} `json:"results"`
	}{}
	s.get("/api/v1/operations/"+decode[finished](t, s.must(several...)).ID+"/results", &both)
	if r := both.Results; r.Trades == 0 || len(r.Symbols) != 2 || r.Symbols[1].Symbol != "GBPUSD" || r.Symbols[0].Trades+r.Symbols[1].Trades != r.Trades ||
		len(r.Symbols[1].Ensemble.Regimes) != len(first.Ensemble.Regimes) {
		t.Errorf("two markets: %+v", r)
	}
	policy := strings.Join(both.Results.Policy, "\n")
	for _, want := range []string{"EURUSD, GBPUSD share the money", "of entries by sample_regimes, by signals; a stop at 2 %", "of entries by calm, by signals only", "12 bars from one entry"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy does not say %q:\n%s", want, policy)
		}
	}
	if out := s.must(args()[:8]...); !strings.Contains(out, "Regimes") && !strings.Contains(out, "switches") {
		t.Errorf("the report does not show the regimes:\n%s", out)
	}
}

// TestEnsembleValidate needs no backend.
func TestEnsembleValidate(t *testing.T) {
	file := filepath.Join("..", "..", "strategies", "ensembles", "sample_regimes.yaml")
	if out := run(t, nil, "ensemble", "validate", file); out.code != 0 || !strings.Contains(out.stdout, "is valid: ensemble sample_regimes of the models market_regime_1h") {
		t.Errorf("exit %d\n%s%s", out.code, out.stdout, out.stderr)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	wrong := filepath.Join(t.TempDir(), "wrong.yaml")
	if err := os.WriteFile(wrong, []byte(strings.Replace(string(text), "stability_bars", "stability_bar", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	if out := run(t, nil, "ensemble", "validate", wrong); out.code != 1 || !strings.Contains(out.stdout, "unknown key (did you mean stability_bars?)") {
		t.Errorf("exit %d\n%s%s", out.code, out.stdout, out.stderr)
	}
}

// TestMetaModel trains a model on the decisions of another one and backtests both
// together.
func TestMetaModel(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.worker("training", "trainer")
	s.worker("backtest", "tester")
	s.importSample("SAMPLE")
	examples := filepath.Join("..", "..", "strategies")
	train := func(name, from, to string) outcome {
		return s.run("models", "train", "--strategy", filepath.Join(examples, name+".yaml"), "--start-date", from, "--end-date", to, "--json")
	}
	if out := train("sample_momentum", "2015-01-05", "2015-10-31"); out.code != 0 {
		t.Fatalf("exit %d\n%s", out.code, out.stderr)
	}
	if out := train("sample_meta", "2015-06-01", "2016-05-31"); out.code == 0 || !strings.Contains(out.stderr+out.stdout, "its decisions before then say nothing about new bars") {
		t.Errorf("a training on decisions that the primary model was trained on: exit %d\n%s", out.code, out.stderr)
	}
	if out := train("sample_meta", "2015-11-01", "2016-05-31"); out.code != 0 {
		t.Fatalf("exit %d\n%s", out.code, out.stderr)
	}
	out := s.must("ensemble", "backtest", filepath.Join(examples, "ensembles", "sample_meta.yaml"), "--start-date", "2016-06-10", "--end-date", "2016-10-31", "--json")
	var answer struct {
		Results struct {
			Decisions map[string]int `json:"decisions"`
			InSample  bool           `json:"in_sample"`
		} `json:"results"`
	}
	s.get("/api/v1/operations/"+decode[finished](t, out).ID+"/results", &answer)
	if r := answer.Results; r.InSample || r.Decisions["skipped"] == 0 {
		t.Errorf("in-sample %v, decisions %v; want some skipped", r.InSample, r.Decisions)
	}
}
