package indicator

func cmoSpec() Spec {
	return Spec{
		Name:    "cmo",
		Aliases: []string{"chandemomentumoscillator"},
		Params: []Param{
			period("period", 14, 2, 100, "Bars of the gains and losses."),
			{
				Name: "average", Kind: KindText, Default: Text("wilder"), Choices: []string{"wilder", "simple"},
				Doc: "wilder averages gains and losses as RSI does, like TA-Lib; simple sums them, like the author.",
			},
			source(),
		},
		Outputs: []string{""},
		Scales:  []Scale{{Unit: Plain, Min: -100, Max: 100}},
		Doc:     "Chande momentum oscillator: gains less losses as a share of all moves, in percent.",

		lookback: func(in Indicator) []int { return []int{in.whole("period")} },
		memory: func(in Indicator) int {
			if in.Value("average").Text() == "simple" {
				return 0
			}
			return forget(1 - 1/float64(in.whole("period")))
		},
		start: startCMO,
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
func startCMO(in Indicator) machine {
	n := in.whole("period")
	gains, losses := newWilder(n).add, newWilder(n).add
	if in.Value("average").Text() == "simple" {
		gains, losses = newTotal(n).total, newTotal(n).total
	}
	before := nan
	return onSource(in, func(price float64) float64 {
		was := before
		if before = price; was != was {
			return nan
		}
		gain, loss := gainLoss(price - was)
		up, down := gains(gain), losses(loss)
		if up+down == 0 {
			return 0
		}
		return 100 * ((up - down) / (up + down))
	})
}
