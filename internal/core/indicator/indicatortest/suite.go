// Package indicatortest is the contract that every indicator of the catalogue
// keeps, whatever it computes: it sees no future, is known exactly from its
// lookback on, gives the same bits one bar at a time and all at once, stays
// within its bounds, follows the scales of price and volume as it says, makes
// no number of what is not one, and forgets where a series began.
package indicatortest

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"pgregory.net/rapid"
)

// Run tests an entry of the catalogue with random parameters on random series.
func Run(t *testing.T, spec indicator.Spec) {
	properties := []struct {
		name  string
		check func(*rapid.T, indicator.Indicator)
	}{
		{"known_from_lookback", knownFromLookback},
		{"future_cut_off", futureCutOff},
		{"future_altered", futureAltered},
		{"same_bits_again", sameBitsAgain},
		{"streaming_is_batch", streamingIsBatch},
		{"few_bars", fewBars},
		{"scale", scale},
		{"within_bounds", withinBounds},
		{"flat_prices", flatPrices},
		{"price_not_a_number", priceNotANumber},
		{"volume_not_reported", volumeNotReported},
		{"forgets_the_beginning", forgetsTheBeginning},
	}
	if spec.Repaints {
		properties = properties[:1] // what repaints promises nothing else
		properties[0].name, properties[0].check = "repaints", repaints
	}
	for _, p := range properties {
		t.Run(p.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) { p.check(t, Draw(t, spec)) })
		})
	}
}

// Draw returns an indicator with random parameters, some left to their default.
func Draw(t *rapid.T, spec indicator.Spec) indicator.Indicator {
	params := map[string]indicator.Value{}
	for _, p := range spec.Params {
		if rapid.IntRange(0, 3).Draw(t, p.Name+" given") == 0 {
			continue
		}
		switch p.Kind {
		case indicator.KindInt:
			low, high := int(p.Min), int(p.Max)
			// Short periods are quick and hold the corners; long ones come too.
			high = rapid.SampledFrom([]int{min(low+30, high), min(low+30, high), high}).Draw(t, p.Name+" up to")
			params[p.Name] = indicator.Int(rapid.IntRange(low, high).Draw(t, p.Name))
		case indicator.KindNumber:
			low := p.Min
			if p.MinOpen { // not next to it either, where results have no digits left
				low += (p.Max - p.Min) / 1000
			}
			x := rapid.Float64Range(low, p.Max).Draw(t, p.Name)
			params[p.Name] = indicator.Number(x)
		case indicator.KindText:
			params[p.Name] = indicator.Text(rapid.SampledFrom(p.Choices).Draw(t, p.Name))
		case indicator.KindFlag:
			params[p.Name] = indicator.Flag(rapid.Bool().Draw(t, p.Name))
		default:
			t.Fatalf("%s: parameter %s is of no kind", spec.Name, p.Name)
		}
	}
	in, err := spec.New(params)
	if err != nil {
		t.Skip("parameters that contradict each other: ", err)
	}
	return in
}

// Series returns n valid bars from a seeded walk. Style 0 is a plain walk; the
// others mix in quiet stretches of equal prices, jumps, and bars that open away
// from the close before.
func Series(seed uint64, style, n int) market.Series {
	s := market.NewSeries("TEST", market.Hour1, n)
	rng := rand.New(rand.NewPCG(seed, uint64(style)))
	price := 100.0
	for i := range n {
		open := price
		move := 0.01 * rng.NormFloat64()
		switch {
		case style > 0 && (i/16)%2 == 1 && rng.IntN(8) > 0:
			move = 0
		case style > 1 && rng.IntN(32) == 0:
			move *= 20
		case style > 1 && rng.IntN(4) == 0:
			open *= math.Exp(0.02 * rng.NormFloat64())
		}
		price = max(open*math.Exp(move-0.1*math.Log(price/100)*0.1), 1e-3)
		high, low := max(open, price), min(open, price)
		if move != 0 {
			high, low = high*(1+0.005*rng.Float64()), low*(1-0.005*rng.Float64())
		}
		s.Append(market.Bar{Time: int64(3600 * i), Open: open, High: high, Low: low, Close: price, Volume: float64(rng.IntN(1000))})
	}
	return s
}

// series draws bars: around the lookback of the indicator, or fewer, or none.
func series(t *rapid.T, in indicator.Indicator) market.Series {
	n := rapid.IntRange(0, in.Lookback()+60).Draw(t, "bars")
	return Series(rapid.Uint64().Draw(t, "seed"), rapid.IntRange(0, 2).Draw(t, "style"), n)
}

func knownFromLookback(t *rapid.T, in indicator.Indicator) {
	s := series(t, in)
	out, first := in.Compute(s), in.Lookbacks()
	if len(out) != len(in.Outputs()) || len(first) != len(out) || len(in.Spec().Scales) != len(out) {
		t.Fatalf("%s: %d columns, %d lookbacks and %d scales for %d outputs", in.Key(), len(out), len(first), len(in.Spec().Scales), len(in.Outputs()))
	}
	if in.Lookback() != slices.Max(first) || in.WarmUp() < in.Lookback() {
		t.Fatalf("%s: lookback %d of %v, warm-up %d", in.Key(), in.Lookback(), first, in.WarmUp())
	}
	for c, column := range out {
		if len(column) != s.Len() {
			t.Fatalf("%s: column %d has %d values for %d bars", in.Key(), c, len(column), s.Len())
		}
		for i, v := range column {
			mayBeUnknown := in.Spec().Gaps != "" && i >= first[c]
			if math.IsInf(v, 0) || !mayBeUnknown && math.IsNaN(v) != (i < first[c]) {
				t.Fatalf("%s: column %d is %v at bar %d of %d, first known at %d", in.Key(), c, v, i, s.Len(), first[c])
			}
		}
	}
}

func futureCutOff(t *rapid.T, in indicator.Indicator) {
	s := series(t, in)
	cut := rapid.IntRange(0, s.Len()).Draw(t, "cut")
	equalUntil(t, in, in.Compute(s), in.Compute(s.Slice(0, cut)), cut)
}

func futureAltered(t *rapid.T, in indicator.Indicator) {
	s := series(t, in)
	cut := rapid.IntRange(0, s.Len()).Draw(t, "cut")
	altered := Series(rapid.Uint64().Draw(t, "other seed"), 2, s.Len())
	for i := range cut {
		altered.Open[i], altered.High[i], altered.Low[i] = s.Open[i], s.High[i], s.Low[i]
		altered.Close[i], altered.Volume[i] = s.Close[i], s.Volume[i]
	}
	equalUntil(t, in, in.Compute(s), in.Compute(altered), cut)
}

func sameBitsAgain(t *rapid.T, in indicator.Indicator) {
	s := series(t, in)
	before := [][]float64{slices.Clone(s.Open), slices.Clone(s.High), slices.Clone(s.Low), slices.Clone(s.Close), slices.Clone(s.Volume)}
	equalUntil(t, in, in.Compute(s), in.Compute(s), s.Len())
	for c, column := range [][]float64{s.Open, s.High, s.Low, s.Close, s.Volume} {
		if !slices.Equal(column, before[c]) {
			t.Fatalf("%s changed its input", in.Key())
		}
	}
}

// scale multiplies prices, and volumes, by powers of two, which round nothing,
// so that the outputs must follow to the bit.
func scale(t *rapid.T, in indicator.Indicator) {
	s := series(t, in)
	factor := math.Ldexp(1, rapid.IntRange(-12, 12).Draw(t, "power"))
	volumeFactor := math.Ldexp(1, rapid.IntRange(-12, 12).Draw(t, "power of volumes"))
	scaled := Series(0, 0, s.Len())
	for i := range s.Len() {
		scaled.Open[i], scaled.High[i] = s.Open[i]*factor, s.High[i]*factor
		scaled.Low[i], scaled.Close[i] = s.Low[i]*factor, s.Close[i]*factor
		scaled.Volume[i] = s.Volume[i] * volumeFactor
	}
	want, got := in.Compute(s), in.Compute(scaled)
	for c, output := range in.Spec().Scales {
		switch output.Unit {
		case indicator.Price:
			for i := range want[c] {
				want[c][i] *= factor
			}
		case indicator.Volume:
			for i := range want[c] {
				want[c][i] *= volumeFactor
			}
		case indicator.Nonlinear:
			copy(want[c], got[c])
		case indicator.Plain, indicator.Clock:
		default:
			t.Fatalf("%s: column %d has no unit", in.Key(), c)
		}
	}
	equalUntil(t, in, want, got, s.Len())
}

// repaints: what is said to repaint must do so, and has no stream.
func repaints(t *rapid.T, in indicator.Indicator) {
	in, err := in.Spec().New(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := Series(3, 0, 200)
	whole := in.Compute(s)
	changed := false
	for cut := 1; cut < s.Len() && !changed; cut++ {
		part := in.Compute(s.Slice(0, cut))
		for i := range cut {
			changed = changed || math.Float64bits(part[0][i]) != math.Float64bits(whole[0][i])
		}
	}
	if !changed {
		t.Fatalf("%s is said to repaint and does not", in.Key())
	}
	defer func() {
		if recover() == nil {
			t.Fatalf("%s repaints and has a stream", in.Key())
		}
	}()
	in.Stream()
}

// streamingIsBatch takes some bars with NaN volumes, and after the beginning
// also prices, in between too.
func streamingIsBatch(t *rapid.T, in indicator.Indicator) {
	s := series(t, in)
	for _, column := range [][]float64{s.Close, s.High, s.Volume} {
		if begun := in.Lookback() + 1; begun < s.Len() && rapid.IntRange(0, 3).Draw(t, "with NaN") == 0 {
			column[rapid.IntRange(begun, s.Len()-1).Draw(t, "NaN at")] = math.NaN()
		}
	}
	want, stream := in.Compute(s), in.Stream()
	for i := range s.Len() {
		for c, v := range stream.Next(s.Bar(i)) {
			if math.Float64bits(v) != math.Float64bits(want[c][i]) && !(math.IsNaN(v) && math.IsNaN(want[c][i])) {
				t.Fatalf("%s: column %d at bar %d is %v one bar at a time, and %v at once", in.Key(), c, i, v, want[c][i])
			}
		}
	}
}

func fewBars(t *rapid.T, in indicator.Indicator) {
	s := Series(rapid.Uint64().Draw(t, "seed"), 2, 10)
	whole := in.Compute(s)
	for n := range s.Len() + 1 {
		equalUntil(t, in, whole, in.Compute(s.Slice(0, n)), n)
	}
}

// priceNotANumber: a bar without prices has no values, and no later value is
// infinite or outside its bounds for it.
func priceNotANumber(t *rapid.T, in indicator.Indicator) {
	s := Series(rapid.Uint64().Draw(t, "seed"), 0, in.Lookback()+30)
	at := rapid.IntRange(0, s.Len()-1).Draw(t, "at")
	s.Open[at], s.High[at], s.Low[at], s.Close[at] = math.NaN(), math.NaN(), math.NaN(), math.NaN()
	for c, column := range in.Compute(s) {
		bounds := in.Spec().Scales[c]
		if bounds.Unit == indicator.Clock {
			continue
		}
		if !math.IsNaN(column[at]) {
			t.Fatalf("%s: column %d is %v at a bar without prices", in.Key(), c, column[at])
		}
		for i, v := range column {
			if math.IsInf(v, 0) || v < bounds.Min || v > bounds.Max {
				t.Fatalf("%s: column %d is %v at bar %d, without prices at %d", in.Key(), c, v, i, at)
			}
		}
	}
}

// volumeNotReported: what is computed from volumes is unknown without them, and
// nothing else changes.
func volumeNotReported(t *rapid.T, in indicator.Indicator) {
	s := series(t, in)
	with := in.Compute(s)
	for i := range s.Volume {
		s.Volume[i] = math.NaN()
	}
	for c, column := range in.Compute(s) {
		without := true
		for i, v := range column {
			without = without && math.Float64bits(v) == math.Float64bits(with[c][i])
			if !math.IsNaN(v) && (in.Spec().Volume && c == 0) {
				t.Fatalf("%s: column %d is %v at bar %d without volumes", in.Key(), c, v, i)
			}
		}
		if without || in.Spec().Volume && !slices.ContainsFunc(column, func(v float64) bool { return !math.IsNaN(v) }) {
			continue
		}
		t.Fatalf("%s: column %d changes without volumes, and is not NaN", in.Key(), c)
	}
}

func withinBounds(t *rapid.T, in indicator.Indicator) {
	s := series(t, in)
	for c, column := range in.Compute(s) {
		bounds := in.Spec().Scales[c]
		for i, v := range column {
			if v < bounds.Min || v > bounds.Max {
				t.Fatalf("%s: column %d is %v at bar %d, outside [%v, %v]", in.Key(), c, v, i, bounds.Min, bounds.Max)
			}
		}
	}
}

// flatPrices must give one value for ever, to the bit: whatever still moves
// moves by rounding.
func flatPrices(t *rapid.T, in indicator.Indicator) {
	price := rapid.Float64Range(1e-3, 1e5).Draw(t, "price")
	s := market.NewSeries("TEST", market.Hour1, 0)
	for i := range in.Lookback() + 60 {
		s.Append(market.Bar{Time: int64(3600 * i), Open: price, High: price, Low: price, Close: price, Volume: 1})
	}
	for c, column := range in.Compute(s) {
		if in.Spec().Scales[c].Unit == indicator.Clock {
			continue
		}
		first := in.Lookbacks()[c]
		for i, v := range column[first:] {
			if math.Float64bits(v) != math.Float64bits(column[first]) {
				t.Fatalf("%s: column %d moves from %v to %v at bar %d of flat prices", in.Key(), c, column[first], v, first+i)
			}
		}
	}
}

// forgetsTheBeginning compares a series with its own tail. After the warm-up of
// the tail the two may differ by what is left of the seed, 0.1 % for each filter
// in cascade; 1 % of the range of the output leaves room for ratios of filters, and
// an output that stays near one end of a bounded scale may differ by 0.1 % of that.
// Numbers that are not whole keep their default: a channel of no width would
// magnify whatever is left.
func forgetsTheBeginning(t *rapid.T, in indicator.Indicator) {
	in = withDefaultNumbers(t, in)
	if in.Anchored() {
		return // it never forgets, or not in a bounded time
	}
	skip := rapid.IntRange(1, 50).Draw(t, "skip")
	s := Series(rapid.Uint64().Draw(t, "seed"), 0, skip+in.WarmUp()+200)
	whole, tail := in.Compute(s), in.Compute(s.Slice(skip, s.Len()))
	for c := range whole {
		known := whole[c][in.Lookback():]
		allowed := 0.01*(slices.Max(known)-slices.Min(known)) + 1e-9
		if width := in.Spec().Scales[c].Max - in.Spec().Scales[c].Min; !math.IsInf(width, 1) {
			allowed = max(allowed, 0.001*width)
		}
		for i := in.WarmUp(); i < len(tail[c]); i++ {
			if d := math.Abs(tail[c][i] - whole[c][skip+i]); d > allowed {
				t.Fatalf("%s: column %d still differs by %v, %d bars after a later beginning; allowed %v", in.Key(), c, d, i, allowed)
			}
		}
	}
}

func withDefaultNumbers(t *rapid.T, in indicator.Indicator) indicator.Indicator {
	params := map[string]indicator.Value{}
	for _, p := range in.Spec().Params {
		if v := in.Value(p.Name); p.Kind != indicator.KindNumber && v != p.Default {
			params[p.Name] = v
		}
	}
	made, err := in.Spec().New(params)
	if err != nil {
		t.Fatalf("%s with default numbers: %v", in.Key(), err)
	}
	return made
}

func equalUntil(t *rapid.T, in indicator.Indicator, want, got [][]float64, n int) {
	for c := range want {
		for i := range n {
			if math.Float64bits(got[c][i]) != math.Float64bits(want[c][i]) {
				t.Fatalf("%s: column %d at bar %d is %v, want %v", in.Key(), c, i, got[c][i], want[c][i])
			}
		}
	}
}
