package trend

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

func zigzagSpec() indicator.Spec {
	return indicator.Spec{
		Name:     "zigzag",
		Aliases:  []string{"zigzagindicator"},
		Params:   []indicator.Param{reversal(), indicator.Source()},
		Outputs:  []string{""},
		Scales:   []indicator.Scale{indicator.AnyPrice()},
		Doc:      "Zigzag: the prices of the turning points, which are known only long after them. For charts.",
		Repaints: true,
		Gaps:     "at every bar that is no turning point",

		Lookback: func(indicator.Indicator) []int { return []int{0} },
		Anchored: indicator.Always,
		Compute: func(in indicator.Indicator, s market.Series, out [][]float64) {
			markTurns(out[0], in.Source(s), in.Number("threshold"))
		},
	}
}

func zigzagConfirmedSpec() indicator.Spec {
	return indicator.Spec{
		Name:    "zigzagconfirmed",
		Params:  []indicator.Param{reversal(), indicator.Source()},
		Outputs: []string{"pivot", "direction"},
		Scales:  []indicator.Scale{indicator.AnyPrice(), indicator.Symmetric()},
		Doc:     "Confirmed zigzag: the price of the last turning point that is certain, and the direction since.",
		Gaps:    "until the first reversal",

		Lookback: func(indicator.Indicator) []int { return []int{0, 0} },
		Anchored: indicator.Always,
		Start: func(in indicator.Indicator) indicator.Machine {
			c := &confirmed{price: in.BarSource(), legs: zigzag{threshold: in.Number("threshold")}, pivot: math.NaN()}
			return indicator.Steps(c.step)
		},
	}
}

func reversal() indicator.Param {
	return indicator.Param{
		Name: "threshold", Kind: indicator.KindNumber, Default: indicator.Number(0.05), Min: 0, Max: 0.999, MinOpen: true,
		Doc: "Move against the leg that ends it, as a fraction of the price.",
	}
}

// markTurns writes the price at each turning point into dst, NaN elsewhere.
//
//	bar 0 is a turning point; the first leg begins at the first bar with
//	|p[t]/p[0] - 1| >= threshold
//	up leg:   p[t] > extreme moves the extreme, and its mark, to t;
//	          p[t]/extreme - 1 <= -threshold begins a down leg at t
//	down leg: the other way round
//
// Shape:   len(dst) == len(price); they must not overlap.
// Range:   prices.
// Warm-up: none. The last mark moves, or stays, with what comes after: this sees
// the future of every bar but the last.
// NaN:     a NaN price is no turning point.
// Error:   none: values are prices.
// Source:  the original KTRDR.
func markTurns(dst, price []float64, threshold float64) {
	rolling.Unknown(dst)
	z := zigzag{threshold: threshold}
	for t, p := range price {
		before := z.at
		switch z.add(p) {
		case moved:
			dst[before], dst[t] = math.NaN(), p
		case turned:
			dst[t] = p
		}
	}
}

// A zigzag is the leg that a price is in.
type zigzag struct {
	threshold, extreme, way float64
	at, bars                int // at: bar of the extreme
}

// What a price does to a leg.
type turn uint8

const (
	stayed turn = iota // nothing
	moved              // it is the new extreme
	turned             // it begins a leg
)

func (z *zigzag) add(price float64) turn {
	t := z.bars
	z.bars++
	move := (price - z.extreme) / z.extreme
	event := stayed
	switch {
	case t == 0:
		event = turned
	case z.way == 0 && math.Abs(move) >= z.threshold:
		event, z.way = turned, math.Copysign(1, move)
	case z.way != 0 && move*z.way > 0:
		event = moved
	case z.way != 0 && -move*z.way >= z.threshold:
		event, z.way = turned, -z.way
	}
	if event != stayed {
		z.extreme, z.at = price, t
	}
	return event
}

// confirmed is the zigzag as it is known at each bar.
//
//	pivot     = the extreme of the leg that the last reversal ended
//	direction = 1 after a low, -1 after a high
//
// Range:   direction is 1 or -1.
// Warm-up: none; NaN until the first leg ends. Later values depend on where the
// series begins until both courses have turned at the same bar.
// NaN:     a price that is not a number ends the output.
// Error:   none: values are prices.
// Source:  markTurns without what is not certain yet.
type confirmed struct {
	price func(b market.Bar) float64
	legs  zigzag
	pivot float64
}

func (c *confirmed) step(b market.Bar, out []float64) {
	wayBefore, extremeBefore := c.legs.way, c.legs.extreme
	if c.legs.add(c.price(b)) == turned && wayBefore != 0 {
		c.pivot = extremeBefore
	}
	out[0], out[1] = c.pivot, c.legs.way
	if math.IsNaN(c.pivot) {
		out[1] = c.pivot
	}
}
