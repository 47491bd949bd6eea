package decision_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/label"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

func TestExitsOf(t *testing.T) {
	barrier := label.Default(label.TripleBarrier)
	barrier.PTMultiplier, barrier.SLMultiplier, barrier.MaxHolding = 3, 1.5, 24
	forward := label.Default(label.ForwardReturn)
	forward.Horizon = 7
	own := strategy.Exits{StopLoss: 0.01, TakeProfit: 0.02, TrailingStop: 0.03, MaxHoldingBars: 4, SessionEnd: 990}
	for name, c := range map[string]struct {
		labels label.Spec
		exits  strategy.Exits
		want   decision.Exits
	}{
		"own":     {barrier, own, decision.Exits{StopLoss: 0.01, TakeProfit: 0.02, TrailingStop: 0.03, MaxHoldingBars: 4, SessionEnd: 990}},
		"barrier": {barrier, strategy.Exits{FromLabel: true}, decision.Exits{UpperBarrier: 3, LowerBarrier: 1.5, MaxHoldingBars: 24}},
		"horizon": {forward, strategy.Exits{FromLabel: true}, decision.Exits{MaxHoldingBars: 7}},
		"none":    {barrier, strategy.Exits{}, decision.Exits{}},
	} {
		s := &strategy.Strategy{Training: strategy.Training{Labels: c.labels}, Decisions: strategy.Decisions{Exits: c.exits}}
		if got := decision.ExitsOf(s); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
		prices := hourly(60)
		got := decision.VolatilityOf(s, prices)
		if c.want.UpperBarrier == 0 {
			if got != nil {
				t.Errorf("%s: a volatility that no exit needs", name)
			}
		} else if !slices.EqualFunc(got, barrier.Volatility(prices), func(a, b float64) bool { return a == b || a != a && b != b }) {
			t.Errorf("%s: volatility %v is not that of the labels", name, got)
		}
	}
}

// hourly returns n bars of a price that swings.
func hourly(n int) market.Series {
	s := market.NewSeries("TEST", market.Hour1, n)
	before := 100.0
	for i := range n {
		price := 100 + 3*math.Sin(float64(i))
		s.Append(market.Bar{Time: int64(3600 * i), Open: before, High: max(before, price) + 1, Low: min(before, price) - 1, Close: price})
		before = price
	}
	return s
}

func TestExits_Validate(t *testing.T) {
	const fraction = ": want a fraction above 0 and below 1"
	for name, c := range map[string]struct {
		exits decision.Exits
		tf    market.Timeframe
		want  string // empty where nothing is wrong
	}{
		"none":              {decision.Exits{}, market.Hour1, ""},
		"all":               {decision.Exits{StopLoss: 0.999, TakeProfit: 100, TrailingStop: 0.999, MaxHoldingBars: 1, SessionEnd: 1440}, market.Hour1, ""},
		"barriers":          {decision.Exits{UpperBarrier: 1000, LowerBarrier: 1000}, market.Hour1, ""},
		"stop":              {decision.Exits{StopLoss: 1}, market.Hour1, "stop_loss 1" + fraction},
		"stop_negative":     {decision.Exits{StopLoss: -0.1}, market.Hour1, "stop_loss -0.1" + fraction},
		"stop_nan":          {decision.Exits{StopLoss: math.NaN()}, market.Hour1, "stop_loss NaN" + fraction},
		"trailing":          {decision.Exits{TrailingStop: 1}, market.Hour1, "trailing_stop 1" + fraction},
		"trailing_negative": {decision.Exits{TrailingStop: -1}, market.Hour1, "trailing_stop -1" + fraction},
		"target":            {decision.Exits{TakeProfit: 101}, market.Hour1, "take_profit 101: want a fraction above 0, at most 100"},
		"target_negative":   {decision.Exits{TakeProfit: -1}, market.Hour1, "take_profit -1: want"},
		"upper":             {decision.Exits{UpperBarrier: 1001, LowerBarrier: 1}, market.Hour1, "upper_barrier 1001: want volatilities above 0, at most 1000"},
		"lower":             {decision.Exits{UpperBarrier: 1, LowerBarrier: 1001}, market.Hour1, "lower_barrier 1001: want volatilities above 0, at most 1000"},
		"one_barrier":       {decision.Exits{UpperBarrier: 1}, market.Hour1, "lower_barrier 0: want both barriers or none"},
		"barriers_and_stop": {decision.Exits{UpperBarrier: 1, LowerBarrier: 1, StopLoss: 0.1}, market.Hour1, "upper_barrier 1: want barriers, or a stop loss and a take profit, but not both"},
		"holding":           {decision.Exits{MaxHoldingBars: -1}, market.Hour1, "max_holding_bars -1: want a number of bars"},
		"session":           {decision.Exits{SessionEnd: 1441}, market.Hour1, "session_end 1441: want minutes from midnight, at most 1440"},
		"session_of_days":   {decision.Exits{SessionEnd: 60}, market.Day1, "want bars shorter than a day"},
	} {
		err := c.exits.Validate(c.tf)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestExits_Levels(t *testing.T) {
	fractions, barriers := decision.Exits{StopLoss: 0.1, TakeProfit: 0.25}, decision.Exits{UpperBarrier: 2, LowerBarrier: 1}
	for name, c := range map[string]struct {
		exits                    decision.Exits
		side                     decision.Position
		volatility, stop, target float64
	}{
		"long":           {fractions, decision.Long, 0, 180, 250},
		"short":          {fractions, decision.Short, 0, 220, 150},
		"long_barriers":  {barriers, decision.Long, 0.125, 175, 250},
		"short_barriers": {barriers, decision.Short, 0.125, 250, 175},
		"short_to_0":     {decision.Exits{TakeProfit: 1.5}, decision.Short, 0, 0, 0},
		"none":           {decision.Exits{}, decision.Long, 0.1, 0, 0},
	} {
		stop, target := c.exits.Levels(200, c.volatility, c.side)
		if math.Abs(stop-c.stop) > 1e-12 || math.Abs(target-c.target) > 1e-12 {
			t.Errorf("%s: stop %v and target %v, want %v and %v", name, stop, target, c.stop, c.target)
		}
	}
	for v, want := range map[float64]bool{0.5: true, 0: false, 1: false, math.NaN(): false} {
		if barriers.KnowLevels(v) != want {
			t.Errorf("levels by the volatility %v are known: %v", v, !want)
		}
	}
	if !fractions.KnowLevels(math.NaN()) {
		t.Error("fractions want a volatility")
	}
}

// TestExits_SessionAfter: a session that ends at 16:30 goes on until then, and at
// 16:30 the next begins; days before 1970 are days too.
func TestExits_SessionAfter(t *testing.T) {
	const day, end = 86_400, (16*60 + 30) * 60
	x := decision.Exits{SessionEnd: 16*60 + 30}
	for at, want := range map[int64]int64{
		0: end, end - 1: end, end: end + day, end + 1: end + day, 100*day + end - 60: 100*day + end, -1: end, end - day: end, end - day - 1: end - day,
	} {
		if got := x.SessionAfter(at); got != want {
			t.Errorf("the session of %d ends at %d, want %d", at, got, want)
		}
	}
	if got := (decision.Exits{}).SessionAfter(5); got != 0 {
		t.Errorf("a session that nothing ends does at %d", got)
	}
}

// TestCalls: a model is asked as if nothing were held nor had been, with shorts
// allowed, at events alone, and where it can be.
func TestCalls(t *testing.T) {
	forward := label.Default(label.ForwardReturn)
	forward.CUSUM, forward.CUSUMThreshold = true, 0.009
	s := &strategy.Strategy{Training: strategy.Training{Labels: forward}, Decisions: strategy.Decisions{
		OutputFormat: strategy.Classification, ConfidenceThreshold: 0.5, MinSignalSeparation: 9}}
	held := hourly(12)
	const first = 2
	classes, outputs, known := []string{"BUY", "HOLD", "SELL"}, []float32{}, []bool{}
	for i := range held.Len() - first {
		row := [][]float32{{3, 0, 0}, {0, 0, 3}, {0, 3, 0}, {0.1, 0, 0}}[i%4]
		outputs, known = append(outputs, row...), append(known, i != 5)
	}
	got, err := decision.Calls(s, classes, held, first, outputs, known)
	if err != nil {
		t.Fatal(err)
	}
	isEvent := forward.Events(held)
	var want []label.Call
	for i := range known {
		if bar := first + i; known[i] && i%4 < 2 && isEvent[bar] {
			want = append(want, label.Call{Time: held.Time[bar], Sell: i%4 == 1})
		}
	}
	if !slices.Equal(got, want) || len(want) < 3 || !slices.ContainsFunc(want, func(c label.Call) bool { return c.Sell }) {
		t.Errorf("calls %v, want %v", got, want)
	}
	s.Training.Labels = label.Default(label.ForwardReturn)
	if all, err := decision.Calls(s, classes, held, first, outputs, known); err != nil || len(all) != 5 {
		t.Errorf("calls %v, %v without an event filter, want 5", all, err)
	}
	if none, err := decision.Calls(s, classes, held, first, nil, nil); err != nil || none != nil {
		t.Errorf("calls %v, %v at no bars", none, err)
	}
	if _, err := decision.Calls(s, []string{"UP"}, held, first, nil, nil); err == nil {
		t.Error("classes that are no calls are taken")
	}
	outputs[0] = float32(math.NaN())
	if _, err := decision.Calls(s, classes, held, first, outputs, known); err == nil {
		t.Error("an output that is no number is a call")
	}
}
