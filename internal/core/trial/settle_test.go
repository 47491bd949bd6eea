package trial_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/backtest"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/trial"
)

// dyadicSpace are exits at levels that prices of few bits meet to the last bit.
const dyadicSpace = `axes:
  decisions.filters.min_signal_separation: [0, 3]
  decisions.allow_short_from_flat: [true, false]
  decisions.exits: [null, {stop_loss: 0.015625}, {take_profit: 0.015625}, {stop_loss: 0.03125, take_profit: 0.03125}, {max_holding_bars: 1},
    {max_holding_bars: 2, stop_loss: 0.015625}, {stop_loss: 0.0625, take_profit: 0.03125, max_holding_bars: 6}, {stop_loss: 0.015625, take_profit: 0.015625}]`

// mixedSpace are trials that rounds take on and others between them, of which each is
// left to itself for a reason of its own.
const mixedSpace = `axes:
  decisions.filters.min_signal_separation: [2, 3h]
  decisions.sizing: [null, {method: units, units: 30}]
  decisions.exits: [null, {stop_loss: 0.015625}, {take_profit: 0.03125}, {max_holding_bars: 3}, {trailing_stop: 0.03125}, {session_end: "20:00"},
    {trailing_stop: 0.0625, stop_loss: 0.015625}, {session_end: "04:00", take_profit: 0.03125}]`

// dyadic makes the prices of s some of those that are entries at 64 and levels of
// dyadicSpace beside them, with gaps between bars, and some at which a short is ruined,
// exactly or more than that.
func dyadic(s *market.Series, seed uint64, ruin bool) {
	rng := rand.New(rand.NewPCG(seed, 11))
	near := []float64{60, 62, 63, 63.5, 64, 64, 64, 64, 64.5, 65, 66, 68}
	draw := func() float64 {
		if ruin && rng.IntN(200) == 0 {
			return []float64{128, 128, 192}[rng.IntN(3)]
		}
		return near[rng.IntN(len(near))]
	}
	for i := range s.Len() {
		s.Open[i], s.Close[i] = draw(), draw()
		if i > 0 && rng.IntN(3) == 0 {
			s.Open[i] = s.Close[i-1]
		}
		s.High[i], s.Low[i] = max(s.Open[i], s.Close[i]), min(s.Open[i], s.Close[i])
		if rng.IntN(3) == 0 {
			s.High[i], s.Low[i] = max(s.High[i], draw()), min(s.Low[i], draw())
		}
	}
}

// dyadicInputs are of prices of few bits and of options with which a trade often
// comes to nothing at all.
func dyadicInputs(t *testing.T, seed uint64) trial.Inputs {
	in := inputs(t, "sample_momentum", market.Hour1, 700, seed, 0.01, 0.6)
	dyadic(&in.Window, seed, seed%2 == 0)
	in.Held = in.Window
	in.Options = backtest.Options{Capital: []float64{8192, 200}[seed/2%2], Fraction: []float64{1, 0.5, 0.25}[seed%3], FractionalUnits: seed/4%2 == 0,
		Commission: []float64{0, 0, 0.0009765625}[seed/3%3], Slippage: []float64{0, 0.001953125, 0}[seed/5%3]}
	if seed%4 == 0 { // for what is used up exactly
		in.Options.Fraction, in.Options.Commission, in.Options.Slippage = 1, 0, 0
	}
	return in
}

// TestSettleIsTrade holds what vectors book, trade by trade, to the same trades one by
// one, where levels are met to the last bit and within bars and at opens, and where
// nothing is traded, won or left.
func TestSettleIsTrade(t *testing.T) {
	if !trial.HasVectors() {
		t.Skip("this processor has no vectors of 512 bits: trials go one by one")
	}
	s := space(t, dyadicSpace)
	var seen struct{ booked, rare int }
	for seed := range uint64(30) {
		shared, err := trial.Prepare(dyadicInputs(t, seed))
		if err != nil {
			t.Fatal(err)
		}
		err = shared.EachTrade(s, func(at int, isRare bool, oneByOne, inRounds trial.Standing, err error) {
			if err != nil || !oneByOne.Is(inRounds) {
				t.Fatalf("seed %d, trial %d: %v, one by one %+v, in rounds %+v", seed, at, err, oneByOne, inRounds)
			}
			seen.booked++
			if isRare {
				seen.rare++
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if seen.booked < 10_000 || seen.rare < 100 {
		t.Errorf("seen %+v, want more", seen)
	}
}

// TestDyadicRowsAreThoseOfBacktests holds trials in rounds, and one by one, to their
// backtests on the same prices.
func TestDyadicRowsAreThoseOfBacktests(t *testing.T) {
	for seed := range uint64(8) {
		s := space(t, []string{dyadicSpace, mixedSpace}[seed%2])
		shared, err := trial.Prepare(dyadicInputs(t, seed))
		if err != nil {
			t.Fatal(err)
		}
		rowsOf(t, shared, s)
		rowsOf(t, shared.WithoutRounds(), s)
	}
}

// TestStretchesEndWhereALevelIsMet puts the one bar that leaves a range at every place
// of a stretch, and has it meet the level exactly, miss it by one bit, or pass it.
func TestStretchesEndWhereALevelIsMet(t *testing.T) {
	const n, below, above = 400, 90.0, 110.0
	for at := range n {
		low, high := make([]float64, n), make([]float64, n)
		for i := range n {
			low[i], high[i] = 95, 105
		}
		for _, change := range []struct{ low, high float64 }{{below, 105}, {95, above}, {80, 105}, {95, 120}, {math.Nextafter(below, 200), math.Nextafter(above, 0)}} {
			low[at], high[at] = change.low, change.high
			var all []trial.Stretch
			for k := range 32 {
				all = append(all, trial.Stretch{From: max(0, at-k*k/3-k%2), To: min(n, at+1+k*5), Below: below, Above: above})
			}
			want := make([]int, len(all))
			for i, x := range all {
				if want[i] = x.To; low[at] <= below || high[at] >= above {
					want[i] = at
				}
			}
			for _, plain := range []bool{true, false} {
				got := slices.Clone(all)
				trial.Stretches(low, high, got, plain)
				for i, x := range got {
					if x.To != want[i] || x.To > x.From && (x.Least != slices.Min(low[x.From:x.To]) || x.Most != slices.Max(high[x.From:x.To])) {
						t.Fatalf("plain %v: bars %d to %d, of which %d has %+v, end at %d with %v to %v, want %d", plain, all[i].From, all[i].To, at, change, x.To, x.Least, x.Most, want[i])
					}
				}
			}
		}
	}
}
