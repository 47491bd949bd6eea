package dispatch

import "sync"

// A mailbox passes values to one goroutine in order and never blocks the
// sender. What it holds is bounded by what its senders have under way.
type mailbox[T any] struct {
	box *struct {
		mu     sync.Mutex // guards values and closed
		values []T
		closed bool
	}
	bell chan struct{} // holds one token while there is something to take
}

func newMailbox[T any]() mailbox[T] {
	m := mailbox[T]{bell: make(chan struct{}, 1)}
	m.box = new(struct {
		mu     sync.Mutex
		values []T
		closed bool
	})
	return m
}

// put adds a value; it reports false if the mailbox is closed.
func (m mailbox[T]) put(v T) bool {
	m.box.mu.Lock()
	closed := m.box.closed
	if !closed {
		m.box.values = append(m.box.values, v)
	}
	m.box.mu.Unlock()
	m.ring()
	return !closed
}

// close refuses further values; those inside can still be taken.
func (m mailbox[T]) close() {
	m.box.mu.Lock()
	m.box.closed = true
	m.box.mu.Unlock()
	m.ring()
}

func (m mailbox[T]) ring() {
	select {
	case m.bell <- struct{}{}:
	default:
	}
}

// take returns everything inside; more reports whether more can come.
func (m mailbox[T]) take() (values []T, more bool) {
	m.box.mu.Lock()
	defer m.box.mu.Unlock()
	values, m.box.values = m.box.values, nil
	return values, !m.box.closed
}
