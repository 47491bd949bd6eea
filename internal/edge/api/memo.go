package api

import "sync"

// A memo keeps what was worked out for the keys that were asked for last: at
// least the last size of them, at most twice as many. Its methods may be called
// from several goroutines.
type memo[K comparable, V any] struct {
	size int

	mu             sync.Mutex
	recent, before map[K]V // before is what recent was when it was last full
}

func newMemo[K comparable, V any](size int) *memo[K, V] {
	return &memo[K, V]{size: size, recent: map[K]V{}}
}

// of returns what is kept for key, or else what work returns, which is then kept.
// Two that ask at the same time may both work. An error is not kept.
func (m *memo[K, V]) of(key K, work func() (V, error)) (V, error) {
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
func (m *memo[K, V]) keep(key K, v V) {
	if len(m.recent) >= m.size {
		m.before, m.recent = m.recent, make(map[K]V, m.size)
	}
	m.recent[key] = v
}
