package queue

import (
	"cmp"
	"slices"
)

// An Entry is an operation that waits.
type Entry struct {
	ID        string
	Submitter string
	Priority  int
	Age       uint64 // in order of submission, the oldest first; no two are equal
	Returns   bool   // it had its turn and came back from an attempt without a result
}

// A Queue holds the operations that wait for one type of worker, in the order that
// the package describes. The zero value is empty.
type Queue struct {
	// Entering counts submissions that will wait but are not durable yet; they
	// are ahead of those that come later.
	Entering int

	lanes []*lane // highest priority first, none of them empty
	size  int
}

// A lane holds the operations of one priority.
type lane struct {
	priority int
	returned []Entry // by age
	lines    map[string]*line
	turn     uint64 // in which the last was taken
}

// A line holds the operations of one submitter. The first is due in its turn,
// the next in the turn after that, and so on. Whoever comes new is due in the
// turn after the present one, so that nobody gains by leaving and coming again.
type line struct {
	waiting []Entry // by age
	turn    uint64
}

func older(a, b Entry) int { return cmp.Compare(a.Age, b.Age) }

func insert(all []Entry, e Entry) []Entry {
	i, _ := slices.BinarySearchFunc(all, e, older)
	return slices.Insert(all, i, e)
}

func (q *Queue) find(priority int) (int, bool) {
	return slices.BinarySearchFunc(q.lanes, priority, func(l *lane, p int) int { return cmp.Compare(p, l.priority) })
}

// Push adds an operation.
func (q *Queue) Push(e Entry) {
	i, ok := q.find(e.Priority)
	if !ok {
		q.lanes = slices.Insert(q.lanes, i, &lane{priority: e.Priority, lines: map[string]*line{}})
	}
	q.size++
	l := q.lanes[i]
	if e.Returns {
		l.returned = insert(l.returned, e)
		return
	}
	mine := l.lines[e.Submitter]
	if mine == nil {
		mine = &line{turn: l.turn + 1}
		l.lines[e.Submitter] = mine
	}
	mine.waiting = insert(mine.waiting, e)
}

// Len is how many wait.
func (q *Queue) Len() int { return q.size }

// Next returns the first whose submitter may have one more; ok is false if there
// is none.
func (q *Queue) Next(may func(submitter string) bool) (first Entry, ok bool) {
	for _, l := range q.lanes {
		for _, e := range l.returned {
			if may(e.Submitter) {
				return e, true
			}
		}
		var turn uint64
		for submitter, x := range l.lines { // in any order: no two are equal
			e := x.waiting[0]
			if (!ok || x.turn < turn || x.turn == turn && e.Age < first.Age) && may(submitter) {
				first, turn, ok = e, x.turn, true
			}
		}
		if ok {
			return first, true
		}
	}
	return first, false
}

// Take removes what Next returned, and counts it as the turn of its submitter.
func (q *Queue) Take(e Entry) {
	i, _ := q.find(e.Priority)
	l := q.lanes[i]
	if mine := l.lines[e.Submitter]; mine != nil && mine.waiting[0].Age == e.Age {
		// One that was held back by a limit has not saved up turns.
		l.turn = max(l.turn, mine.turn)
		mine.turn = l.turn + 1
	}
	q.Remove(e)
}

// Remove takes an operation out; it does nothing if that does not wait.
func (q *Queue) Remove(e Entry) {
	i, ok := q.find(e.Priority)
	if !ok {
		return
	}
	l := q.lanes[i]
	mine := l.lines[e.Submitter]
	if k, ok := slices.BinarySearchFunc(l.returned, e, older); ok {
		l.returned = slices.Delete(l.returned, k, k+1)
	} else if k, ok := mine.find(e); ok {
		mine.delete(k)
	} else {
		return
	}
	q.size--
	if mine != nil && len(mine.waiting) == 0 {
		delete(l.lines, e.Submitter)
	}
	if len(l.returned) == 0 && len(l.lines) == 0 {
		q.lanes = slices.Delete(q.lanes, i, i+1)
	}
}

func (x *line) find(e Entry) (int, bool) {
	if x == nil {
		return 0, false
	}
	return slices.BinarySearchFunc(x.waiting, e, older)
}

func (x *line) delete(i int) {
	if i == 0 { // without moving the others
		x.waiting[0] = Entry{}
		x.waiting = x.waiting[1:]
	} else {
		x.waiting = slices.Delete(x.waiting, i, i+1)
	}
}

// Position returns 1 for the next, 0 for one that does not wait: how many would
// go before it, itself included, if nobody came or went.
func (q *Queue) Position(e Entry) int {
	n := 0
	for _, l := range q.lanes {
		if l.priority == e.Priority {
			if p := l.position(e); p > 0 {
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

func (l *lane) position(e Entry) int {
	if i, ok := slices.BinarySearchFunc(l.returned, e, older); ok {
		return i + 1
	}
	mine := l.lines[e.Submitter]
	i, ok := mine.find(e)
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
		if before < len(x.waiting) && x.turn+uint64(before) == turn && x.waiting[before].Age < e.Age {
			n++ // in the same turn
		}
	}
	return n
}
