package margin_test

import (
	"fmt"
	"math"
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
