package job_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/ledger"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/data/sample"
	"github.com/ktrdr/ktrdr/internal/work/job"
)

// longer returns the bars of a longer timeframe made of those of s.
func longer(s market.Series, tf market.Timeframe) market.Series {
	out := market.NewSeries(s.Symbol, tf, 0)
	for i := 0; i < s.Len(); {
		b, end := s.Bar(i), tf.End(s.Time[i]-s.Time[i]%tf.Seconds())
		b.Time -= b.Time % tf.Seconds()
		for i++; i < s.Len() && s.Time[i] < end; i++ {
			next := s.Bar(i)
			b.High, b.Low, b.Close, b.Volume = max(b.High, next.High), min(b.Low, next.Low), next.Close, b.Volume+next.Volume
		}
		out.Append(b)
	}
	return out
}

const contextStrategy = `
name: sample_context
version: "3.0"
training_data:
  symbols: {mode: single, symbol: SAMPLE}
  timeframes: {mode: single, timeframe: 4h}
indicators:
  roc_6: {type: roc, period: 6}
fuzzy_sets:
  move: {indicator: roc_6, down: [-2, -1, 0], flat: [-1, 0, 1], up: [0, 1, 2]}
nn_inputs:
  - {fuzzy_set: move, timeframes: all}
model: {type: mlp, architecture: {hidden_layers: [8]}}
training: {labels: {source: context}, epochs: 4}
decisions: {output_format: context_classification}
`

// A cast is the trained models of an ensemble and the bars they were trained on.
type cast struct {
	*world
	hours, fours market.Series
	members      []wire.MemberOrder
	yaml         map[string]string // the strategy of each
}

// example is the text of an example strategy.
func example(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "strategies", name+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// newCast trains four models on the first 5,000 of 8,000 sample hours.
func newCast(t *testing.T) *cast {
	t.Helper()
	c := &cast{world: newWorld()}
	c.hours = sample.Generate(sample.Options{Symbol: "SAMPLE", Timeframe: market.Hour1, Seed: 3, Bars: 8_000})
	c.fours = longer(c.hours, market.Hour4)
	momentum := example(t, "sample_momentum")
	c.train(t, "regime", example(t, "market_regime"))
	c.train(t, "trend", momentum)
	c.train(t, "range", strings.Replace(strings.Replace(momentum, "seed: 7", "seed: 8", 1), "confidence_threshold: 0.45", "confidence_threshold: 0.3\n  exits: {stop_loss: 0.05}", 1))
	c.train(t, "day", contextStrategy)
	return c
}

var epochs = regexp.MustCompile(`epochs: \d+`)

func (c *cast) train(t *testing.T, member, yaml string) {
	t.Helper()
	if err := c.trainOn(t, member, yaml, 0, 5_000, nil); err != nil {
		t.Fatalf("train %s: %v", member, err)
	}
}

// trainOn trains a member on the hours from from to to-1.
func (c *cast) trainOn(t *testing.T, member, yaml string, from, to int, primary *wire.MemberOrder) error {
	t.Helper()
	_, name, _ := strings.Cut(yaml, "\nname: ")
	name, _, _ = strings.Cut(name, "\n")
	bars := c.hours.Slice(0, to)
	if member == "day" {
		bars = longer(bars, market.Hour4)
	}
	text, err := c.run(t, job.Training(), wire.TrainingOrder{
		StrategyName: name, StrategyYAML: epochs.ReplaceAllString(yaml, "epochs: 4"), Symbols: []market.Symbol{"SAMPLE"}, EngineVersion: "test",
		StartDate: market.Stamp(c.hours.Time[from]), EndDate: market.Stamp(c.hours.Time[to-1]), Data: []wire.DataRef{c.snapshot(t, bars)}, Primary: primary,
	})
	if err != nil {
		return err
	}
	var result job.TrainingResult
	if err := json.Unmarshal(text, &result); err != nil {
		t.Fatal(err)
	}
	if c.yaml == nil {
		c.yaml = map[string]string{}
	}
	c.yaml[member] = yaml
	c.members = append(c.members, wire.MemberOrder{Member: member, ModelID: "model_" + member, ModelName: name, ModelSHA256: result.Model.SHA256})
	return nil
}

const twoRegimes = `
name: two_regimes
models:
  regime: {model: market_regime_1h, output_type: regime_classification}
  trend: {model: sample_momentum_1h, output_type: classification}
  range: {model: sample_momentum_1h, output_type: classification}
  day: {model: sample_context_4h, output_type: context_classification}
composition:
  type: regime_route
  gate_model: regime
  context_gate: day
  allow_short_from_flat: true
  rules:
    trending_up: {model: trend}
    trending_down: {model: trend}
    ranging: {model: range}
    volatile: {action: FLAT}
decisions:
  filters: {min_signal_separation: 2}
`

// order asks for a backtest of an ensemble on the hours from 5,200 to until-1.
func (c *cast) order(t *testing.T, yaml string, until int) wire.EnsembleOrder {
	t.Helper()
	hours := c.hours.Slice(0, until)
	return wire.EnsembleOrder{
		BacktestOrder: wire.BacktestOrder{StrategyName: "two_regimes", Symbol: "SAMPLE", Timeframe: market.Hour1,
			StartDate: market.Stamp(c.hours.Time[5_200]), EndDate: market.Stamp(hours.Time[until-1]),
			InitialCapital: 100_000, Commission: 0.0001, SizingFraction: 0.5, EngineVersion: "test",
			Data: []wire.DataRef{c.snapshot(t, hours), c.snapshot(t, longer(hours, market.Hour4))}},
		EnsembleYAML: yaml, Members: c.members,
	}
}

func (c *cast) backtest(t *testing.T, order wire.EnsembleOrder) (job.BacktestResult, []byte) {
	t.Helper()
	text, err := c.run(t, job.Backtest(), order)
	if err != nil {
		t.Fatal(err)
	}
	var r job.BacktestResult
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return r, text
}

func TestEnsemble(t *testing.T) {
	c := newCast(t)
	order := c.order(t, twoRegimes, 8_000)
	r, text := c.backtest(t, order)

	t.Run("same_bytes_for_any_threads", func(t *testing.T) {
		for _, threads := range []int{2, 5} {
			other := order
			other.Threads = threads
			if _, again := c.backtest(t, other); !bytes.Equal(text, again) {
				t.Errorf("%d threads gave\n%s\none gave\n%s", threads, again, text)
			}
		}
	})
	t.Run("report_adds_up", func(t *testing.T) {
		bars, trades, net, asked := 0, 0, 0.0, 0
		for _, x := range r.Ensemble.Regimes {
			bars, trades, net = bars+x.Bars, trades+x.Trades, net+x.Net
		}
		byMember := 0
		for _, m := range r.Ensemble.Members {
			asked, byMember = asked+m.Bars, byMember+m.Trades
		}
		volatile := r.Ensemble.Regimes[3].Bars
		if bars != r.EquityCurveLength || trades != r.TradeCount || byMember != trades || asked != bars-volatile-r.Ensemble.Regimes[4].Bars {
			t.Errorf("%d bars in regimes of %d, %d asked; %d trades in regimes, %d of members, of %d", bars, r.EquityCurveLength, asked, trades, byMember, r.TradeCount)
		}
		if change := r.FinalEquity - r.Config.Capital; net-change > 1e-6 || change-net > 1e-6 {
			t.Errorf("the regimes made %v, equity changed by %v", net, change)
		}
		if all := strings.Join(c.warnings, "\n"); !strings.Contains(all, "member range: what its strategy sample_momentum says about exits is not used: an ensemble decides about positions by its own file; exits: own") || strings.Contains(all, "member trend: what") {
			t.Errorf("warnings %q, want of the exits of member range alone", all)
		}
		if r.TradeCount == 0 || r.Ensemble.Switches == 0 || r.Model != (job.ModelRef{}) || r.StrategyName != "two_regimes" {
			t.Errorf("%d trades, %d switches, result of %q", r.TradeCount, r.Ensemble.Switches, r.StrategyName)
		}
		if r.Decisions[decision.OutOfRegime] > volatile || r.Decisions.Total() != bars {
			t.Errorf("decisions %v over %d bars, %d of them volatile", r.Decisions, bars, volatile)
		}
	})
	t.Run("a_shorter_window_ends_alike", func(t *testing.T) {
		// Bars that come later change no trade that was closed by a signal before.
		short, _ := c.backtest(t, c.order(t, twoRegimes, 7_000))
		long, cut := c.trades(t, r), c.trades(t, short)
		for i, trade := range cut {
			if trade.Reason == ledger.ByEnd.String() {
				break
			}
			if diff := cmp.Diff(long[i], trade); diff != "" {
				t.Fatalf("trade %d (-long +short):\n%s", i, diff)
			}
		}
		if len(cut) < 5 {
			t.Errorf("%d trades say little", len(cut))
		}
	})
	t.Run("no_bar_is_seen_early", func(t *testing.T) {
		// Every bar that is not available at a moment has other prices: equity is what it
		// was up to then. The moments lie within bars of the gates, too.
		own := strings.Replace(twoRegimes, "range: {model: sample_momentum_1h, output_type: classification}", "range: {model: sample_momentum_1h, output_type: classification, exits: own}", 1)
		whole, _ := c.backtest(t, c.order(t, own, 8_000))
		want := readTable[point](t, c.content[whole.Equity.SHA256])
		rng := rand.New(rand.NewPCG(5, 6))
		for range 6 {
			now := c.hours.Available(5_300 + rng.IntN(2_600))
			order := c.order(t, own, 8_000)
			order.Data = []wire.DataRef{c.snapshot(t, alterAfter(c.hours.Slice(0, 8_000), now, rng)), c.snapshot(t, alterAfter(longer(c.hours.Slice(0, 8_000), market.Hour4), now, rng))}
			altered, _ := c.backtest(t, order)
			seen := 0
			for i, p := range readTable[point](t, c.content[altered.Equity.SHA256]) {
				if p.Time/1000+3600 > now {
					break
				}
				if seen++; p != want[i] {
					t.Fatalf("equity at %s is %v, and %v with other bars after %s", market.Stamp(p.Time/1000), want[i].Equity, p.Equity, market.Stamp(now))
				}
			}
			if seen < 100 || altered.OrderHash == whole.OrderHash {
				t.Errorf("%d points before %s, and the same orders with other bars after it: %t", seen, market.Stamp(now), altered.OrderHash == whole.OrderHash)
			}
		}
	})
	t.Run("the_window_moves_no_regime", func(t *testing.T) {
		// The report of two halves is that of the whole, bar by bar.
		first, second := c.order(t, twoRegimes, 6_600), c.order(t, twoRegimes, 8_000)
		second.StartDate = market.Stamp(c.hours.Time[6_600])
		a, _ := c.backtest(t, first)
		b, _ := c.backtest(t, second)
		for i, whole := range r.Ensemble.Regimes {
			if sum := a.Ensemble.Regimes[i].Bars + b.Ensemble.Regimes[i].Bars; sum != whole.Bars {
				t.Errorf("%s: %d bars in halves, %d in one", whole.Regime, sum, whole.Bars)
			}
		}
	})
	t.Run("let_run_leaves_nothing", func(t *testing.T) {
		run, _ := c.backtest(t, c.order(t, strings.NewReplacer("  rules:", "  on_regime_transition: let_run\n  rules:", "{action: FLAT}", "{action: HOLD}").Replace(twoRegimes), 8_000))
		left := func(trades []closed) (n int) {
			for _, trade := range trades {
				if trade.Reason == ledger.ByRegime.String() {
					n++
				}
			}
			return n
		}
		if a, b := left(c.trades(t, r)), left(c.trades(t, run)); a == 0 || b != 0 {
			t.Errorf("%d trades end by a change of regime, %d with let_run; want some and none", a, b)
		}
	})
	t.Run("refuses", func(t *testing.T) {
		swapped := order
		swapped.Members = append([]wire.MemberOrder{}, order.Members...)
		swapped.Members[0].ModelSHA256, swapped.Members[1].ModelSHA256 = swapped.Members[1].ModelSHA256, swapped.Members[0].ModelSHA256
		fewer := order
		fewer.Members = order.Members[:3]
		other := order
		other.Members = []wire.MemberOrder{order.Members[1], order.Members[0], order.Members[2], order.Members[3]}
		empty := order
		empty.StartDate, empty.EndDate = "2040-01-01", "2040-02-01"
		for want, o := range map[string]wire.EnsembleOrder{"output_type": swapped, "3 models for 4": fewer, "stands where": other, "no bars": empty} {
			if _, err := c.run(t, job.Backtest(), o); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want one with %q", err, want)
			}
		}
	})
}

// A point is a row of an equity curve.
type point struct {
	Time   int64   `parquet:"timestamp,timestamp(millisecond)"`
	Equity float64 `parquet:"portfolio_value"`
}

// A closed is what a trade says that later bars must not change.
type closed struct {
	Entry  int64   `parquet:"entry_time,timestamp(millisecond)"`
	Exit   int64   `parquet:"exit_time,timestamp(millisecond)"`
	Net    float64 `parquet:"net_pnl"`
	Reason string  `parquet:"exit_reason"`
}

func (c *cast) trades(t *testing.T, r job.BacktestResult) []closed {
	t.Helper()
	return readTable[closed](t, c.content[r.Trades.SHA256])
}

func readTable[Row any](t *testing.T, file []byte) []Row {
	t.Helper()
	rows, err := parquet.Read[Row](bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	return rows
}
