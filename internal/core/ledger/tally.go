package ledger

import (
	"math"

	"github.com/ktrdr/ktrdr/internal/core/decision"
)

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

// Add takes in a trade of the side 1 or -1: its net result, and the seconds that it was
// held.
func (t *Tally) Add(net float64, seconds int64, side decision.Position) {
	longs := int(side+1) >> 1
	if net != 0 {
		t.AddAll([]float64{net}, []int64{seconds}, longs)
		return
	}
	t.Count, t.Longs, t.Seconds, t.streak = t.Count+1, t.Longs+longs, t.Seconds+seconds, 0
	t.Most, t.Least = max(t.Most, 0), min(t.Least, 0)
}

// AddAll takes trades in, none of which has a result of 0, and some of which are longs. It
// has no branch on the results: nobody foresees those. What does not belong to a sum adds 0
// to it, which changes nothing.
func (t *Tally) AddAll(nets []float64, seconds []int64, longs int) {
	losses, streak, longest, all, lostSeconds := int64(0), int64(t.streak), int64(t.Longest), int64(0), int64(0)
	net, won, lost, most, least := t.Net, t.Won, t.Lost, t.Most, t.Least
	seconds = seconds[:len(nets)]
	for i, v := range nets {
		bits, held := int64(math.Float64bits(v)), seconds[i]
		isLoss := bits >> 63 // all bits or none
		losses -= isLoss
		streak = isLoss & (streak + 1)
		longest = max(longest, streak)
		all += held
		lostSeconds += held & isLoss
		net += v
		won += math.Float64frombits(uint64(bits &^ isLoss))
		lost += math.Float64frombits(uint64(bits & isLoss))
		if v > most {
			most = v
		}
		if v < least {
			least = v
		}
	}
	t.Count, t.Wins, t.Losses, t.Longs = t.Count+len(nets), t.Wins+len(nets)-int(losses), t.Losses+int(losses), t.Longs+longs
	t.streak, t.Longest, t.Most, t.Least = int(streak), int(longest), most, least
	t.Net, t.Won, t.Lost = net, won, lost
	t.Seconds, t.WonSeconds, t.LostSeconds = t.Seconds+all, t.WonSeconds+all-lostSeconds, t.LostSeconds+lostSeconds
}
