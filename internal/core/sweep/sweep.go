package sweep

import (
	"fmt"
	"math"
	"math/bits"
)

// MaxTrials is the largest number of trials that a space may have.
const MaxTrials = 1_000_000

// An Axis is a value of the strategy file and what is tried in its place.
type Axis struct {
	Path   string   // of keys, with dots between them: decisions.exits.stop_loss
	Values []string // in YAML, as they stand in the file
}

// A Space is the grid of its axes, or a sample of it. ParseSpace makes one that
// can be used.
type Space struct {
	Axes   []Axis
	Sample int    // points of the grid that are tried; 0 is all
	Seed   uint64 // which they are
}

// A Setting is one value in one place.
type Setting struct{ Path, Value string }

// A Trial is one point of a space.
type Trial struct {
	Index    int       // from 0
	Settings []Setting // one per axis, in their order
}

// A Row is what came of a trial. Its numbers are those of the report of a backtest
// of the same strategy file, under the same names, to the last bit; NaN stands
// for what is undefined there.
type Row struct {
	Trial            int     `json:"trial"`
	OrderHash        string  `json:"order_hash"`
	TotalTrades      int     `json:"total_trades"`
	TotalReturn      float64 `json:"total_return"`
	TotalReturnPct   float64 `json:"total_return_pct"`
	AnnualizedReturn float64 `json:"annualized_return"`
	Volatility       float64 `json:"volatility"`
	SharpeRatio      float64 `json:"sharpe_ratio"`
	SortinoRatio     float64 `json:"sortino_ratio"`
	CalmarRatio      float64 `json:"calmar_ratio"`
	MaxDrawdown      float64 `json:"max_drawdown"`
	MaxDrawdownPct   float64 `json:"max_drawdown_pct"`
	ProfitFactor     float64 `json:"profit_factor"`
	WinRate          float64 `json:"win_rate"`
	Exposure         float64 `json:"exposure"`
	FinalEquity      float64 `json:"final_equity"`
}

// Len returns the number of trials.
func (s Space) Len() int {
	if s.Sample > 0 {
		return s.Sample
	}
	return int(s.points())
}

// points returns the size of the grid, at most math.MaxInt64.
func (s Space) points() uint64 {
	product := uint64(1)
	for _, a := range s.Axes {
		high, low := bits.Mul64(product, uint64(len(a.Values)))
		if high > 0 || low > math.MaxInt64 {
			return math.MaxInt64
		}
		product = low
	}
	return product
}

// Trial returns trial i. It panics if i is not in [0, Len).
func (s Space) Trial(i int) Trial {
	if i < 0 || i >= s.Len() {
		panic(fmt.Sprintf("sweep: trial %d of %d", i, s.Len()))
	}
	point := uint64(i)
	if s.Sample > 0 {
		point = shuffled(point, s.points(), s.Seed)
	}
	t := Trial{Index: i, Settings: make([]Setting, len(s.Axes))}
	for k := len(s.Axes) - 1; k >= 0; k-- {
		a := s.Axes[k]
		n := uint64(len(a.Values))
		t.Settings[k] = Setting{Path: a.Path, Value: a.Values[point%n]}
		point /= n
	}
	return t
}

// shuffled returns the place of i in a permutation of the numbers below n, which
// depends on seed: a Feistel network over the next power of four, walked until it
// leads back below n.
//
// Source: J. Black and P. Rogaway, Ciphers with Arbitrary Finite Domains, 2002.
func shuffled(i, n, seed uint64) uint64 {
	half := max(1, (bits.Len64(n-1)+1)/2)
	mask := uint64(1)<<half - 1
	for {
		left, right := i>>half, i&mask
		for round := range uint64(4) {
			left, right = right, left^(mixed(right+mixed(seed+round*0x9E3779B97F4A7C15))&mask)
		}
		if i = left<<half | right; i < n {
			return i
		}
	}
}

// mixed spreads the bits of z.
//
// Source: S. Vigna, splitmix64.
func mixed(z uint64) uint64 {
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}
