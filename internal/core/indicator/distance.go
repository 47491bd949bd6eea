package indicator

func distanceSpec() Spec {
	return Spec{
		Name:    "distancefromma",
		Aliases: []string{"distance_from_ma", "distancefrommaindicator"},
		Params: []Param{
			period("period", 20, 1, 200, "Bars of the average."),
			{
				Name: "ma_type", Kind: KindText, Default: Text("SMA"), Choices: []string{"SMA", "EMA"},
				Doc: "Kind of the average: simple or exponential.",
			},
			source(),
			definition("which definition of the exponential average is meant; the simple one has but one."),
		},
		Outputs: []string{""},
		Scales:  []Scale{{Unit: Plain, Min: -100, Max: ratio.Max}},
		Doc:     "Distance from a moving average, in percent of the average.",

		lookback: func(in Indicator) []int { return []int{in.whole("period") - 1} },
		memory: func(in Indicator) int {
			if in.Value("ma_type").Text() == "SMA" {
				return 0
			}
			return forget(1 - alphaOf(in.whole("period")))
		},
		start: startDistance,
	}
}

// startDistance makes the distance from an average.
//
//	100 (p - MA) / MA    MA = SMA(p, n), or EMA(p, n); with definition ktrdr
//	EMAAdjusted(p, n)
//
// Range:   above -100; 0 where prices are flat.
// Warm-up: bars 0..n-2.
// NaN:     a price that is not a number ends the output.
// Error:   that of the average, and three roundings.
// Source:  the original KTRDR.
// Differs: the original gives values of the exponential form from bar 0 on.
func startDistance(in Indicator) machine {
	n := in.whole("period")
	add := newAverage(n).mean
	switch {
	case in.Value("ma_type").Text() == "SMA":
	case in.isKTRDR():
		add = (&adjusted{keep: 1 - alphaOf(n)}).add
	default:
		add = newEMA(n).add
	}
	return onSource(in, func(price float64) float64 { return change(price, add(price)) })
}
