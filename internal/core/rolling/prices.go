package rolling

// Typical returns the mean of high, low and close.
func Typical(high, low, close float64) float64 { return (high + low + close) / 3 }

// TrueRange returns the largest move that a bar made, counted from the close
// before it.
func TrueRange(high, low, closeBefore float64) float64 {
	return max(high, closeBefore) - min(low, closeBefore)
}

// A Ranger gives the true range of each bar, counted from the close before.
type Ranger struct {
	before    float64
	isStarted bool
}

// Add returns the true range of a bar that closes at price; high less low at the
// first bar.
func (r *Ranger) Add(high, low, price float64) float64 {
	before := r.before
	if r.before = price; !r.isStarted {
		r.isStarted = true
		return high - low
	}
	return TrueRange(high, low, before)
}

// Place returns where x lies between bottom (0) and top (1); in the middle where
// they are equal.
func Place(x, top, bottom float64) float64 {
	if top == bottom {
		return 0.5
	}
	return (x - bottom) / (top - bottom)
}

// Within keeps what rounding took out of its range.
func Within(x, low, high float64) float64 { return min(max(x, low), high) }

// Change returns by how much x differs from before, in percent.
func Change(x, before float64) float64 { return 100 * ((x - before) / before) }

// GainLoss splits a move into its upward and its downward part; one is 0.
func GainLoss(move float64) (gain, loss float64) {
	gain = max(move, 0)
	return gain, gain - move
}

// GainShare returns the share of gains in all moves, in percent; 50 where there were
// none.
func GainShare(up, down float64) float64 {
	total := up + down
	if total == 0 {
		return 50
	}
	// Dividing first keeps the rounded result within 100.
	return 100 * (up / total)
}
