package store

import (
	"slices"
	"sync"
)

// bells ring whoever watches the database.
type bells struct {
	mu  sync.Mutex // guards all
	all []chan struct{}
}

func (b *bells) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, bell := range b.all {
		select {
		case bell <- struct{}{}:
		default: // it has not been heard yet
		}
	}
}

// Watch returns a bell that rings after every group of writes, of this process
// or, on PostgreSQL, of another one. Several groups may ring it once. Call stop
// when done.
func (s *Store) Watch() (bell <-chan struct{}, stop func()) {
	mine := make(chan struct{}, 1)
	s.bells.mu.Lock()
	defer s.bells.mu.Unlock()
	s.bells.all = append(s.bells.all, mine)
	return mine, func() {
		s.bells.mu.Lock()
		defer s.bells.mu.Unlock()
		s.bells.all = slices.DeleteFunc(s.bells.all, func(c chan struct{}) bool { return c == mine })
	}
}
