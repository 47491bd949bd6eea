package dispatch

import (
	"cmp"
	"slices"

	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// A queue holds the operations that wait for one type of worker: highest
// priority first; within a priority those that come back from a lost attempt,
// and then one of each submitter in turn, each submitter's in the order in which
// they were submitted.
type queue struct {
	lanes []*lane // highest priority first, none of them empty
	size  int
	// entering counts submissions that will wait but are not durable yet; they
	// are ahead of those that come later.
	entering int
}

// A lane holds the operations of one priority.
type lane struct {
	priority int
	returned []*held // by age
	lines    map[string]*line
	turn     uint64 // in which the last was taken
}

// A line holds the operations of one submitter. The first is due in its turn,
// the next in the turn after that, and so on. Whoever comes new is due in the
// turn after the present one, so that nobody gains by leaving and coming again.
type line struct {
	waiting []*held // by age
	turn    uint64
}

func older(a, b *held) int { return cmp.Compare(a.seq, b.seq) }

// comesBack reports whether an operation had its turn already.
func (h *held) comesBack() bool {
	return h.op.Attempt > 0 && h.op.Ended != operation.Settled
}

func insert(all []*held, h *held) []*held {
	i, _ := slices.BinarySearchFunc(all, h, older)
	return slices.Insert(all, i, h)
}

func (q *queue) find(priority int) (int, bool) {
	return slices.BinarySearchFunc(q.lanes, priority, func(l *lane, p int) int { return cmp.Compare(p, l.priority) })
}

func (q *queue) push(h *held) {
	i, ok := q.find(h.op.Priority)
	if !ok {
		q.lanes = slices.Insert(q.lanes, i, &lane{priority: h.op.Priority, lines: map[string]*line{}})
	}
	q.size++
	l := q.lanes[i]
	if h.comesBack() {
		l.returned = insert(l.returned, h)
		return
	}
	mine := l.lines[h.op.Submitter]
	if mine == nil {
		mine = &line{turn: l.turn + 1}
		l.lines[h.op.Submitter] = mine
	}
	mine.waiting = insert(mine.waiting, h)
}

// next returns the first whose submitter may have one more, nil if there is
// none.
func (q *queue) next(may func(submitter string) bool) *held {
	for _, l := range q.lanes {
		for _, h := range l.returned {
			if may(h.op.Submitter) {
				return h
			}
		}
		var first *held
		var turn uint64
		for submitter, x := range l.lines { // in any order: no two are equal
			if h := x.waiting[0]; (first == nil || x.turn < turn || x.turn == turn && h.seq < first.seq) && may(submitter) {
				first, turn = h, x.turn
			}
		}
		if first != nil {
			return first
		}
	}
	return nil
}

// take removes what next returned, and counts it as the turn of its submitter.
func (q *queue) take(h *held) {
	i, _ := q.find(h.op.Priority)
	l := q.lanes[i]
	if mine := l.lines[h.op.Submitter]; mine != nil && mine.waiting[0] == h {
		// One that was held back by a limit has not saved up turns.
		l.turn = max(l.turn, mine.turn)
		mine.turn = l.turn + 1
	}
	q.remove(h)
}

// remove takes an operation out; it does nothing if that does not wait.
func (q *queue) remove(h *held) {
	i, ok := q.find(h.op.Priority)
	if !ok {
		return
	}
	l := q.lanes[i]
	mine := l.lines[h.op.Submitter]
	if k, ok := slices.BinarySearchFunc(l.returned, h, older); ok {
		l.returned = slices.Delete(l.returned, k, k+1)
	} else if k, ok := mine.find(h); ok {
		mine.delete(k)
	} else {
		return
	}
	q.size--
	if mine != nil && len(mine.waiting) == 0 {
		delete(l.lines, h.op.Submitter)
	}
	if len(l.returned) == 0 && len(l.lines) == 0 {
		q.lanes = slices.Delete(q.lanes, i, i+1)
	}
}

func (x *line) find(h *held) (int, bool) {
	if x == nil {
		return 0, false
	}
	return slices.BinarySearchFunc(x.waiting, h, older)
}

func (x *line) delete(i int) {
	if i == 0 { // without moving the others
		x.waiting[0] = nil
		x.waiting = x.waiting[1:]
	} else {
		x.waiting = slices.Delete(x.waiting, i, i+1)
	}
}

// position returns 1 for the next, 0 for one that does not wait: how many would
// go before it, itself included, if nobody came or went.
func (q *queue) position(h *held) int {
	n := 0
	for _, l := range q.lanes {
		if l.priority == h.op.Priority {
			if p := l.position(h); p > 0 {
				return n + p
			}
			return 0
		}
		n += len(l.returned)
		for _, x := range l.lines {
			n += len(x.waiting)
		}
	}
	return 0
}

func (l *lane) position(h *held) int {
	if i, ok := slices.BinarySearchFunc(l.returned, h, older); ok {
		return i + 1
	}
	mine := l.lines[h.op.Submitter]
	i, ok := mine.find(h)
	if !ok {
		return 0
	}
	turn := mine.turn + uint64(i)
	n := len(l.returned) + i + 1
	for _, x := range l.lines {
		if x == mine {
			continue
		}
		before := 0 // of x in earlier turns
		if turn > x.turn {
			before = int(min(uint64(len(x.waiting)), turn-x.turn))
		}
		n += before
		if before < len(x.waiting) && x.turn+uint64(before) == turn && x.waiting[before].seq < h.seq {
			n++ // in the same turn
		}
	}
	return n
}
