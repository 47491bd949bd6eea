package trend

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/rolling"
)

func adxSpec() indicator.Spec {
	return indicator.Spec{
		Name:    "adx",
		Aliases: []string{"averagedirectionalindex", "adxindicator"},
		Params: []indicator.Param{
			indicator.Period("period", 14, 2, 200, "Bars of the Wilder averages."),
			indicator.Definition("textbook begins the averages with sums over the first period bars; " +
				"ktrdr begins them at bar 0, where there is no move yet."),
		},
		Outputs: []string{"adx", "plus_di", "minus_di"},
		Scales:  []indicator.Scale{indicator.Percent(), indicator.Percent(), indicator.Percent()},
		Doc:     "Average directional index: how one-sided the moves are, with the share of each direction.",

		Lookback: func(in indicator.Indicator) []int {
			n := in.Whole("period")
			return []int{2*n - 1, n, n}
		},
		Memory: func(in indicator.Indicator) int { return 2 * indicator.Forget(1-1/float64(in.Whole("period"))) },
		Start: func(in indicator.Indicator) indicator.Machine {
			if in.IsKTRDR() {
				return indicator.Steps(newADXFromFirst(in.Whole("period")).step)
			}
			return indicator.Steps(newADX(in.Whole("period")).step)
		},
		Compute: func(in indicator.Indicator, s market.Series, out [][]float64) {
			adx := ADX
			if in.IsKTRDR() {
				adx = ADXFromFirst
			}
			adx(out[0], out[1], out[2], s.High, s.Low, s.Close, in.Whole("period"))
		},
	}
}

// directional holds decaying sums over the bars so far: how far highs moved up,
// how far lows moved down, and the true range.
type directional struct{ plus, minus, tr float64 }

// add adds a bar to what is left of the sums after keep.
func (d directional) add(plus, minus, tr, keep float64) directional {
	return directional{rolling.Decay(d.plus, plus, keep), rolling.Decay(d.minus, minus, keep), rolling.Decay(d.tr, tr, keep)}
}

// moves returns how far a bar leads out of the one before, upwards and
// downwards. Only the larger of the two counts; equal moves cancel.
func moves(high, highBefore, low, lowBefore float64) (plus, minus float64) {
	// Numbers that are not negative are in the order of their bits, and whole
	// numbers are chosen without a branch, which nobody could predict here.
	up, down := math.Float64bits(max(high-highBefore, 0)), math.Float64bits(max(lowBefore-low, 0))
	onlyUp, onlyDown := up, down
	if up <= down {
		onlyUp = 0
	}
	if down <= up {
		onlyDown = 0
	}
	return math.Float64frombits(onlyUp), math.Float64frombits(onlyDown)
}

// index returns both shares of the range and their relative difference, all in
// percent; 0 where there is nothing to divide by.
func (d directional) index() (plus, minus, dx float64) {
	if d.tr == 0 {
		return 0, 0, 0
	}
	plus, minus = float64(100*(d.plus/d.tr)), float64(100*(d.minus/d.tr))
	if plus+minus == 0 {
		return plus, minus, 0
	}
	return plus, minus, float64(100 * (math.Abs(plus-minus) / (plus + minus)))
}

// ADX writes the average directional index into adx and the directional
// indicators into plus and minus.
//
//	up = high[t]-high[t-1]    down = low[t-1]-low[t]
//	+DM = up if up > down and up > 0, else 0;  -DM the other way round
//	P, M, R = sums of +DM, -DM, TR over bars 1..n-1, then S = S - S/n + x
//	plus = 100 P/R    minus = 100 M/R    DX = 100 |plus-minus| / (plus+minus)
//	adx[2n-1] = mean of DX[n..2n-1], then adx += (DX-adx)/n
//
// Shape:   all slices have the length of close; the first three overlap none.
// Range:   [0, 100]; 0 where prices are flat.
// Warm-up: plus and minus[0..n-1], adx[0..2n-2] are NaN.
// NaN:     a NaN price makes that bar or the next and all later ones NaN.
// Panics:  if n < 1 or the lengths differ.
// Error:   below 1e-9 absolute against go-talib on random and real prices.
// Source:  J. W. Wilder, New Concepts in Technical Trading Systems, 1978; seeds
// as TA-Lib, TA_ADX.
// Differs: TA-Lib takes sums below 1e-14 for 0 and then keeps the last adx; here
// DX is 0 where there is no movement.
func ADX(adx, plus, minus, high, low, close []float64, n int) {
	rolling.MustAlign("ADX", n, len(close), adx, plus, minus, high, low)
	rolling.Unknown(adx[:min(2*n-1, len(adx))])
	rolling.Unknown(plus[:min(n, len(plus))])
	rolling.Unknown(minus[:min(n, len(minus))])
	var d directional
	for t := 1; t < min(n, len(close)); t++ {
		up, down := moves(high[t], high[t-1], low[t], low[t-1])
		d = d.add(up, down, rolling.TrueRange(high[t], low[t], close[t-1]), 1)
	}
	average, alpha, keep := 0.0, 1/float64(n), 1-1/float64(n)
	for t := n; t < min(2*n, len(close)); t++ {
		var dx float64
		up, down := moves(high[t], high[t-1], low[t], low[t-1])
		d = d.add(up, down, rolling.TrueRange(high[t], low[t], close[t-1]), keep)
		plus[t], minus[t], dx = d.index()
		average += dx
	}
	if len(close) < 2*n {
		return
	}
	average /= float64(n)
	adx[2*n-1] = average
	followADX(adx, plus, minus, high, low, close, d, average, alpha, 2*n)
}

// ADXFromFirst is ADX with every average begun at bar 0, where both moves are 0
// and the true range is high less low.
//
//	P, M, R = S[t-1] - S[t-1]/n + x[t] from S[0] = 0, 0, n*(high[0]-low[0])
//	adx[0] = 0, then adx += (DX-adx)/n
//
// Shape:   all slices have the length of close; the first three overlap none.
// Range:   [0, 100]; 0 where prices are flat.
// Warm-up: plus and minus[0..n-1], adx[0..2n-2] are NaN, although the
// recursions run from bar 0.
// NaN:     a NaN price makes that bar or the next and all later ones NaN.
// Panics:  if n < 1 or the lengths differ.
// Error:   below 1e-8 absolute against pandas 1.5.3 (testdata/ktrdr.csv).
// Source:  the original KTRDR, with ewm(alpha=1/n, adjust=False).
// Differs: the original gives values from bar 0 on, which begin at 0.
func ADXFromFirst(adx, plus, minus, high, low, close []float64, n int) {
	rolling.MustAlign("ADXFromFirst", n, len(close), adx, plus, minus, high, low)
	if len(close) == 0 {
		return
	}
	d := directional{tr: float64(n) * (high[0] - low[0])}
	followADX(adx, plus, minus, high, low, close, d, 0, 1/float64(n), 1)
	rolling.Unknown(adx[:min(2*n-1, len(adx))])
	rolling.Unknown(plus[:min(n, len(plus))])
	rolling.Unknown(minus[:min(n, len(minus))])
}

// followADX runs all recursions from bar from on.
func followADX(adx, plus, minus, high, low, close []float64, d directional, average, alpha float64, from int) {
	keep := 1 - alpha
	for t := from; t < len(close); t++ {
		var dx float64
		up, down := moves(high[t], high[t-1], low[t], low[t-1])
		d = d.add(up, down, rolling.TrueRange(high[t], low[t], close[t-1]), keep)
		plus[t], minus[t], dx = d.index()
		average = rolling.Smooth(average, dx, alpha)
		adx[t] = average
	}
}

// mover adds up the directional moves one bar at a time.
type mover struct {
	sums        directional
	before      market.Bar
	n, bars     int
	isFromFirst bool
}

// add reports false until the sums are known: over bars 1 to n-1 by the
// textbook, and from bar 0 on otherwise.
func (m *mover) add(b market.Bar) (isKnown bool) {
	before := m.before
	m.before = b
	m.bars++
	if m.bars == 1 {
		if m.isFromFirst {
			m.sums.tr = float64(m.n) * (b.High - b.Low)
		}
		return false
	}
	keep := 1 - 1/float64(m.n)
	if !m.isFromFirst && m.bars <= m.n {
		keep = 1
	}
	up, down := moves(b.High, before.High, b.Low, before.Low)
	m.sums = m.sums.add(up, down, rolling.TrueRange(b.High, b.Low, before.Close), keep)
	return m.isFromFirst || m.bars > m.n
}

// adxMachine is ADX, or ADXFromFirst, one bar at a time.
type adxMachine struct {
	moves   mover
	average *rolling.Follower
}

func newADX(n int) *adxMachine {
	return &adxMachine{moves: mover{n: n}, average: rolling.NewWilder(n)}
}

func newADXFromFirst(n int) *adxMachine {
	return &adxMachine{moves: mover{n: n, isFromFirst: true}, average: rolling.NewWilderFromZero(n)}
}

func (m *adxMachine) step(b market.Bar, out []float64) {
	if !m.moves.add(b) {
		rolling.Unknown(out)
		return
	}
	var dx float64
	out[1], out[2], dx = m.moves.sums.index()
	out[0] = m.average.Add(dx)
}
