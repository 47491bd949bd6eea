package trial

import (
	"math/bits"

	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/core/sweep"
)

// Together is how many trials go through the bars together, blockBars bars at a time,
// so that the bars of a block come from memory once for all of them.
const Together = 32

const blockBars = 1024

// A lanes simulates trials side by side. It is for one goroutine.
type lanes struct {
	sh   *Shared
	cost strategy.CostModel
	all  *signals          // of cost
	live signals           // of the threshold of the last trial taken
	kept [Together]signals // of the thresholds of the trials, one each
	sims [Together]simulation

	columns columns

	spread string // of the trials taken
	halves *halves
}

func newLanes(sh *Shared) *lanes {
	l := &lanes{sh: sh}
	for i := range l.sims {
		l.sims[i].bars = &sh.bars
		l.sims[i].book = book{shared: sh.curves, ended: make([]float64, len(sh.curves.last))}
	}
	return l
}

// run simulates tasks, at most Together of them, all of one spread.
func (l *lanes) run(tasks []task) error {
	kept := 0 // thresholds
	for i := range tasks {
		t, s := &tasks[i], &l.sims[i]
		if s.state = unable; !l.sh.bars.isSound || !t.isSparse() {
			continue
		}
		isNew := kept == 0
		if l.all == nil || t.cost != l.cost {
			all, err := l.sh.signalsOf(t.cost)
			if err != nil {
				return err
			}
			l.all, l.cost, isNew = all, t.cost, true
			l.live.none(all)
		}
		if l.live.atLeast(t.leastConfidence(), l.all) || isNew {
			l.kept[kept].copyFrom(&l.live)
			kept++
		}
		if l.spreadOf(t.policy) {
			s.begin(t.policy, &l.kept[kept-1], l.halves)
		}
	}
	n, block := l.sh.bars.Len(), blockBars
	if len(tasks) == 1 {
		block = n
	}
	for limit := 0; limit < n; {
		limit = min(limit+block, n)
		l.rounds(l.plain(len(tasks)), limit)
		for i := range tasks {
			l.sims[i].advance(limit)
		}
	}
	return nil
}

// leastRound is of how many trials a round is worth its while.
const leastRound = 3

// plain returns the lanes, of the first n, whose trials rounds take on, as a set of bits.
func (l *lanes) plain(n int) (set uint32) {
	for i := range l.sims[:n] {
		if s := &l.sims[i]; s.isPlain && s.state == running {
			set |= 1 << i
		}
	}
	if !l.sh.rounds || bits.OnesCount32(set) < leastRound {
		return 0
	}
	return set
}

// row writes the row of the trial in lane i and reports whether it could be
// simulated.
func (l *lanes) row(i int, row *sweep.Row) bool {
	s := &l.sims[i]
	if s.state != done {
		return false
	}
	row.OrderHash = s.orders.Sum()
	s.book.row(row)
	return true
}
