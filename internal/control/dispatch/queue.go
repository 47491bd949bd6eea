package dispatch

import (
	"cmp"
	"slices"
)

// A queue holds the operations that wait for one type of worker: highest
// priority first, then in order of submission.
type queue struct {
	waiting []*held
	// entering counts submissions that will wait but are not durable yet; they
	// are ahead of those that come later.
	entering int
}

func precedes(a, b *held) int {
	return cmp.Or(-cmp.Compare(a.op.Priority, b.op.Priority), cmp.Compare(a.seq, b.seq))
}

func (q *queue) push(h *held) {
	i, _ := slices.BinarySearchFunc(q.waiting, h, precedes)
	q.waiting = slices.Insert(q.waiting, i, h)
}

func (q *queue) pop() *held {
	h := q.waiting[0]
	q.waiting[0] = nil
	q.waiting = q.waiting[1:]
	return h
}

func (q *queue) remove(h *held) {
	if i, ok := slices.BinarySearchFunc(q.waiting, h, precedes); ok {
		q.waiting = slices.Delete(q.waiting, i, i+1)
	}
}

// position returns 1 for the next, 0 for one that does not wait.
func (q *queue) position(h *held) int {
	if i, ok := slices.BinarySearchFunc(q.waiting, h, precedes); ok {
		return i + 1
	}
	return 0
}
