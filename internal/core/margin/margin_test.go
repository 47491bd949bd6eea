package margin_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/margin"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// Of two longs of 16 from 72 and 64 with 1024 in the account, a quarter of what they
// are worth is left where both prices together are 96.
func ExampleAccount_Call() {
	long := func(at, low float64) margin.Stake {
		return margin.Stake{Side: 1, Quantity: 16, Value: 16 * at, Rate: 1, From: at, To: low}
	}
	a := margin.Account{Balance: 1024, Maintenance: 0.25, Stakes: []margin.Stake{long(72, 32), long(64, 24)}}
	fmt.Println(a.Holds(), a.Call())
	a.Stakes[0].To, a.Stakes[1].To = 72, 32
	fmt.Println(a.Call())
	// Output:
	// true [52 44]
	// []
}

// drawAccount draws up to four stakes, with the finer bars of some.
func drawAccount(t *rapid.T) margin.Account {
	a := margin.Account{Maintenance: rapid.SampledFrom([]float64{0.01, 0.25, 0.9}).Draw(t, "margin")}
	share := rapid.Float64Range(0, 1)
	for range rapid.IntRange(1, 4).Draw(t, "stakes") {
		at := rapid.Float64Range(1, 100).Draw(t, "price")
		k := margin.Stake{Side: rapid.SampledFrom([]float64{1, -1}).Draw(t, "side"), Quantity: rapid.Float64Range(0.1, 50).Draw(t, "quantity"), Rate: rapid.SampledFrom([]float64{1, 0.01}).Draw(t, "rate"), From: at}
		k.Value = at * k.Quantity * rapid.Float64Range(0.9, 1.1).Draw(t, "entry")
		k.To = at * (1 - k.Side*0.9*share.Draw(t, "way"))
		if rapid.Bool().Draw(t, "stop") && k.To != at {
			k.Stop = k.To
		}
		if rapid.Bool().Draw(t, "target") {
			k.Target = at * (1 + k.Side*0.5*share.Draw(t, "gain"))
		}
		n := rapid.SampledFrom([]int{0, 1, 2, 3, 3, 3, 3, 3}).Draw(t, "finer")
		lowest := rapid.IntRange(0, 3).Draw(t, "lowest")
		for i := range int64(n) {
			further := at + (k.To-at)*rapid.SampledFrom([]float64{0, 0.5}).Draw(t, "finer way")
			if int(i) == lowest {
				further = k.To
			}
			better := at * (1 + k.Side*share.Draw(t, "finer gain"))
			k.Finer.Append(market.Bar{Time: i + rapid.Int64Range(0, 1).Draw(t, "late")*100, Open: at, High: max(further, better), Low: min(further, better), Close: at})
		}
		for i := 1; i < k.Finer.Len(); i++ {
			k.Finer.Time[i] = max(k.Finer.Time[i], k.Finer.Time[i-1]+1)
		}
		a.Stakes = append(a.Stakes, k)
	}
	left, scale := slack(a, 1)
	a.Balance += rapid.Float64Range(-0.3, 0.1).Draw(t, "left")*scale - left // about what is needed at the worst
	return a
}

// slack is worked out stake by stake, after a share of the way.
func slack(a margin.Account, share float64) (slack, scale float64) {
	equity, value := a.Balance, 0.0
	for _, k := range a.Stakes {
		price := k.From + share*(k.To-k.From)
		equity += k.Rate * k.Side * (price*k.Quantity - k.Value)
		value += k.Rate * price * k.Quantity
	}
	return equity - a.Maintenance*value, math.Abs(equity) + value + a.Balance
}

// TestCall: without finer bars, an account is called where a walk along the way in
// small steps first meets the margin, at the prices of that step.
func TestCall(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := drawAccount(t)
		for i := range a.Stakes {
			a.Stakes[i].Finer = market.Series{}
		}
		const steps = 1000
		first := -1
		for i := 0; i <= steps && first < 0; i++ {
			left, scale := slack(a, float64(i)/steps)
			if math.Abs(left) < 1e-9*scale {
				return // a tie is for rounding to decide
			}
			if left <= 0 {
				first = i
			}
		}
		prices := a.Call()
		if (prices != nil) != (first >= 0) || a.Holds() != (first != 0) {
			t.Fatalf("called at %v, holds at first: %t; small steps meet the margin at %d of %d", prices, a.Holds(), first, steps)
		}
		for i, price := range prices {
			k := a.Stakes[i]
			before, after := float64(max(first-1, 0))/steps, float64(first)/steps
			from, to := k.From+before*(k.To-k.From), k.From+after*(k.To-k.From)
			if low, high := min(from, to), max(from, to); price < low-1e-9*high || price > high*(1+1e-9) {
				t.Fatalf("stake %d is called at %v, want between %v and %v", i, price, low, high)
			}
		}
	})
}

// TestCall_finer: finer bars call no account that the whole bar does not, and at no
// price beyond it.
func TestCall_finer(t *testing.T) {
	called, spared := 0, 0
	check := func(t *rapid.T) {
		a := drawAccount(t)
		fine := a.Call()
		for i := range a.Stakes {
			a.Stakes[i].Finer = market.Series{}
		}
		whole := a.Call()
		switch left, scale := slack(a, 1); {
		case math.Abs(left) < 1e-9*scale:
			return
		case fine == nil && whole != nil:
			spared++
		case fine != nil:
			called++
		}
		if fine != nil && whole == nil {
			t.Fatalf("called at %v by finer bars only", fine)
		}
		for i, price := range fine {
			if k := a.Stakes[i]; price != 0 && k.Side*(price-k.To) < -1e-9*k.From {
				t.Fatalf("stake %d is called at %v, beyond %v", i, price, k.To)
			}
		}
	}
	for round := 0; round < 200 && (called == 0 || spared == 0); round++ { // few are spared
		rapid.Check(t, check)
	}
	if called == 0 || spared == 0 {
		t.Errorf("%d accounts called and %d spared by finer bars: both are meant", called, spared)
	}
}

// Of two longs of 16 that were worth 72 and 64 and are worth 62 and 20, all of the second
// goes, and nine of the first, for which 496 would need more than the 160 there are.
func ExampleWalk_Reduce() {
	long := func(bought, at float64) margin.Stake {
		return margin.Stake{Side: 1, Quantity: 16, Value: 16 * bought, Rate: 1, From: at, To: at, Lot: 1}
	}
	a := margin.Account{Balance: 1024, Stakes: []margin.Stake{long(72, 62), long(64, 20)}}
	earn := func(i int, quantity float64) float64 {
		return quantity * (a.Stakes[i].From - []float64{72, 64}[i])
	}
	fmt.Println(a.Walk().Reduce(1.0/3, earn))
	// Output: [{1 16 0} {0 9 7}]
}

// TestWalk_Reduce: lots are closed, all of a stake but of the last, and never where there
// is no market; after that the walk goes on to prices further against all.
func TestWalk_Reduce(t *testing.T) {
	parts := 0
	promised := func(t *rapid.T) {
		a := drawAccount(t)
		a.Maintenance = min(a.Maintenance, 0.25)
		initial := a.Maintenance / rapid.SampledFrom([]float64{0.9, 0.5}).Draw(t, "share")
		for i := range a.Stakes {
			k := &a.Stakes[i]
			k.Lot = k.Quantity / float64(rapid.IntRange(1, 8).Draw(t, "lots"))
			if rapid.IntRange(0, 4).Draw(t, "market") == 0 {
				k.Lot = 0
			}
		}
		before := slices.Clone(a.Stakes)
		walk, last, finished := a.Walk(), []float64(nil), false
		for prices := walk.Next(); prices != nil && !finished; prices = walk.Next() {
			for i, price := range prices {
				if k := before[i]; last != nil && price != 0 && k.Finer.Len() == 0 && k.Side*(price-last[i]) > 1e-9*price {
					t.Fatalf("stake %d is called at %v after %v", i, price, last[i])
				}
			}
			last = prices
			cuts := walk.Reduce(initial, func(i int, quantity float64) float64 {
				return before[i].Rate * before[i].Side * quantity * (prices[i] - before[i].Value/before[i].Quantity)
			})
			for n, c := range cuts {
				k := before[c.Stake]
				if k.Lot == 0 || math.Abs(math.Round(c.Quantity/k.Lot)*k.Lot-c.Quantity) > 1e-9*k.Quantity {
					t.Fatalf("%v of lots of %v is closed", c.Quantity, k.Lot)
				}
				if c.Rest > 0 && n < len(cuts)-1 {
					t.Fatalf("cuts %v: a part before the last", cuts)
				}
				if c.Rest > 0 {
					parts++
				}
			}
			finished = len(cuts) == 0
		}
	}
	for round := 0; round < 20 && parts == 0; round++ { // few draws may close none
		rapid.Check(t, promised)
	}
	if parts == 0 {
		t.Error("no stake was closed in part")
	}
}
