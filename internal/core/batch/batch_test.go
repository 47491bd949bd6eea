package batch_test

import (
	"fmt"

	"github.com/ktrdr/ktrdr/internal/core/batch"
	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/ledger"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// Three orders: a buy decided on bar 0 is filled at the open of 1, left at that of 3
// by the sell of 2, and a short follows by the sell of 3.
func ExampleBatch() {
	says := []decision.Signal{decision.Buy, decision.Buy, decision.Sell, decision.Sell, decision.Hold}
	bars, raws := market.NewSeries("EURUSD", market.Hour1, len(says)), []decision.Raw{}
	for i, signal := range says {
		price := 100 + float64(10*i)
		bars.Append(market.Bar{Time: 3600 * int64(i), Open: price, High: price, Low: price, Close: price})
		raws = append(raws, decision.Raw{Known: true, Confidence: 1, Signal: signal})
	}
	var sieve decision.Sieve
	sieve.Sift(decision.Rules{AllowShort: true}, raws)

	policy := batch.Policy{Capital: 1100, Fraction: 0.5, AllowShort: true}
	deals := ledger.NewDeals(&bars)
	var b batch.Batch
	b.Columns, b.At = deals.Room()
	b.Run(&policy, &bars, &sieve, &batch.Start{End: len(says), Entry: 1, Pending: decision.Buy, Most: batch.Most})
	deals.Left(b.Seconds(), b.Longs)

	fmt.Printf("%d trade: %+v\n", b.N, deals.At(0))
	fmt.Printf("realised %v, then the order %v at bar %d\n", b.Realised(1), b.Pending, b.Next)
	// Output:
	// 1 trade: {Entry:1 Exit:3 Quantity:5 Price:130 Net:100 Side:LONG Cause:signal AtOpen:true AtClose:false Limit:false}
	// realised 100, then the order SELL at bar 4
}
