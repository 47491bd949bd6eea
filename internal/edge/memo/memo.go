package memo

import (
	"sync"
)

// A Recent keeps what was worked out for the keys that were asked for last: at
// least the last size of them, at most twice as many. Its methods may be called
// from several goroutines. Make one with New.
type Recent[K comparable, V any] struct {
	size int

	mu             sync.Mutex
	recent, before map[K]V // before is what recent was when it was last full
}

// New returns a memo of that size.
func New[K comparable, V any](size int) *Recent[K, V] {
	return &Recent[K, V]{size: size, recent: map[K]V{}}
}

// Of returns what is kept for key, or else what work returns, which is then kept.
// Two that ask at the same time may both work. An error is not kept.
func (m *Recent[K, V]) Of(key K, work func() (V, error)) (V, error) {
	m.mu.Lock()
	v, ok := m.recent[key]
	if !ok {
		if v, ok = m.before[key]; ok {
			m.keep(key, v)
		}
	}
	m.mu.Unlock()
	if ok {
		return v, nil
	}
	v, err := work()
	if err == nil {
		m.mu.Lock()
		m.keep(key, v)
		m.mu.Unlock()
	}
	return v, err
}

// keep stores v. The caller holds mu.
func (m *Recent[K, V]) keep(key K, v V) {
	if len(m.recent) >= m.size {
		m.before, m.recent = m.recent, make(map[K]V, m.size)
	}
	m.recent[key] = v
}
