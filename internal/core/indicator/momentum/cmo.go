package momentum

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

func cmoSpec() indicator.Spec {
	return indicator.Spec{
		Name:    "cmo",
		Aliases: []string{"chandemomentumoscillator"},
		Params: []indicator.Param{
			indicator.Period("period", 14, 2, 100, "Bars of the gains and losses."),
			{
				Name: "average", Kind: indicator.KindText, Default: indicator.Text("wilder"), Choices: []string{"wilder", "simple"},
				Doc: "wilder averages gains and losses as RSI does, like TA-Lib; simple sums them, like the author.",
			},
			indicator.Source(),
		},
		Outputs: []string{""},
		Scales:  []indicator.Scale{{Unit: indicator.Plain, Min: -100, Max: 100}},
		Doc:     "Chande momentum oscillator: gains less losses as a share of all moves, in percent.",

		Lookback: func(in indicator.Indicator) []int { return []int{in.Whole("period")} },
		Memory: func(in indicator.Indicator) int {
			if in.Value("average").Text() == "simple" {
				return 0
			}
			return indicator.Forget(1 - 1/float64(in.Whole("period")))
		},
		Start: startCMO,
	}
}

// startCMO makes the difference of gains and losses.
//
//	100 (U - D) / (U + D)    U, D = Wilder averages of gains and losses of n
//	bars, or their sums; 0 where both are 0
//
// Range:   [-100, 100].
// Warm-up: bars 0..n-1.
// NaN:     a price that is not a number ends the output.
// Error:   below 1e-9 absolute against go-talib on random and real prices.
// Source:  T. Chande and S. Kroll, The New Technical Trader, 1994 (sums);
// TA-Lib, TA_CMO (Wilder averages).
func startCMO(in indicator.Indicator) indicator.Machine {
	n := in.Whole("period")
	gains, losses := rolling.NewWilder(n).Add, rolling.NewWilder(n).Add
	if in.Value("average").Text() == "simple" {
		gains, losses = rolling.NewTotal(n).Total, rolling.NewTotal(n).Total
	}
	before := math.NaN()
	return indicator.OnSource(in, func(price float64) float64 {
		was := before
		if before = price; was != was {
			return math.NaN()
		}
		gain, loss := rolling.GainLoss(price - was)
		up, down := gains(gain), losses(loss)
		if up+down == 0 {
			return 0
		}
		return 100 * ((up - down) / (up + down))
	})
}
