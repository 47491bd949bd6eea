package indicatortest

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

// Original returns the closed-form series on which the reference numbers of the
// original KTRDR were computed.
func Original() market.Series {
	const n = 200
	s := market.NewSeries("TEST", market.Hour1, n)
	before := 0.0
	for i := range n {
		x := float64(i)
		price := 100 + 8*math.Sin(.15*x) + 2.5*math.Sin(.9*x+.5) + .03*x
		open := before
		if i == 0 {
			open = price - .4
		}
		s.Append(market.Bar{
			Time: 1577836800 + int64(3600*i), Open: open, Close: price,
			High:   max(open, price) + .6 + .4*math.Pow(math.Sin(1.7*x), 2),
			Low:    min(open, price) - .5 - .3*math.Pow(math.Cos(1.3*x), 2),
			Volume: 1000 + 400*math.Sin(.4*x) + 10*float64(i%17),
		})
		before = price
	}
	return s
}
