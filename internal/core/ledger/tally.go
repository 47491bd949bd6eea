package ledger

import "math"

// A Tally adds trades up, in order. NewTally makes that of none. A win has a net result
// above 0 and a loss one below.
type Tally struct {
	Count, Wins, Losses, Longs int
	Longest                    int     // losses in a row
	Net, Won, Lost             float64 // of all, of the wins, of the losses

	Seconds, WonSeconds, LostSeconds int64 // that they were held: whole ones, so that no order rounds them otherwise

	Most, Least float64 // the largest and the smallest net result

	streak int // losses in a row up to now
}

// NewTally returns the tally of no trades.
func NewTally() Tally { return Tally{Most: math.Inf(-1), Least: math.Inf(1)} }

// Add takes trades in, some of them longs: the net results, and the seconds that each was
// held. It has no branch on the results: nobody foresees those. What does not belong to a
// sum adds 0 to it, which changes nothing.
func (t *Tally) Add(nets []float64, seconds []int64, longs int) {
	wins, losses, streak, longest := int64(0), int64(0), int64(t.streak), int64(t.Longest)
	net, won, lost := t.Net, t.Won, t.Lost
	all, wonSeconds, lostSeconds := t.Seconds, t.WonSeconds, t.LostSeconds
	most, least := t.Most, t.Least
	seconds = seconds[:len(nets)]
	for i, v := range nets {
		bits := int64(math.Float64bits(v))
		isWin := ^bits & -bits >> 63                             // all bits or none
		isLoss := bits >> 63 &^ ((bits&math.MaxInt64 - 1) >> 63) // below 0, and not the 0 with a sign
		wins -= isWin
		losses -= isLoss
		streak = isLoss & (streak + 1)
		longest = max(longest, streak)
		net += v
		won += masked(v, isWin)
		lost += masked(v, isLoss)
		all += seconds[i]
		wonSeconds += seconds[i] & isWin
		lostSeconds += seconds[i] & isLoss
		if v > most {
			most = v
		}
		if v < least {
			least = v
		}
	}
	t.Count, t.Wins, t.Losses, t.Longs = t.Count+len(nets), t.Wins+int(wins), t.Losses+int(losses), t.Longs+longs
	t.streak, t.Longest, t.Most, t.Least = int(streak), int(longest), most, least
	t.Net, t.Won, t.Lost, t.Seconds, t.WonSeconds, t.LostSeconds = net, won, lost, all, wonSeconds, lostSeconds
}

// masked returns v where mask is all bits, and 0 where it is none.
func masked(v float64, mask int64) float64 {
	return math.Float64frombits(math.Float64bits(v) & uint64(mask))
}
