package nn

import (
	"sync"
	"sync/atomic"
)

// A team runs jobs 0..n-1 side by side and waits for them all. Which goroutine
// runs which job is left open, so jobs write to places of their own (chosen by
// the job's number) and the caller puts them together in order: the number of
// goroutines never shows in a result.
//
// This file is the only one of the mathematics that starts goroutines.
type team struct {
	size int
	wake chan struct{}
	done chan struct{}
	job  func(desk, i int)
	n    int64
	next atomic.Int64
}

// withTeam calls body with a team of that size, of which the caller is one, and
// returns when its goroutines have ended.
func withTeam(size int, body func(*team) error) error {
	size = max(1, size)
	t := &team{size: size, wake: make(chan struct{}), done: make(chan struct{}, size)}
	var wg sync.WaitGroup
	defer wg.Wait()
	defer close(t.wake)
	for desk := 1; desk < size; desk++ {
		wg.Go(func() {
			for range t.wake {
				t.work(desk)
				t.done <- struct{}{}
			}
		})
	}
	return body(t)
}

// Lanes calls job(0) to job(n-1) on so many goroutines, of which the caller is one,
// and returns when all have returned. Jobs begin in their order and are work of their
// own, such as the training of one network among several.
func Lanes(threads, n int, job func(i int)) {
	_ = withTeam(min(threads, n), func(t *team) error { // there is none to return
		t.run(n, func(_, i int) { job(i) })
		return nil
	})
}

// jobs returns how many jobs make a round: several for each goroutine, where
// there are others than the caller, because they do not start at once.
func (t *team) jobs() int {
	if t.size == 1 {
		return 1
	}
	return 4 * t.size
}

// run calls job(desk, 0) … job(desk, n-1), where desk is a number below the size of
// the team that no two jobs have at the same time.
func (t *team) run(n int, job func(desk, i int)) {
	t.job, t.n = job, int64(n)
	t.next.Store(0)
	helpers := min(n, t.size) - 1
	for range helpers {
		t.wake <- struct{}{}
	}
	t.work(0)
	for range helpers {
		<-t.done
	}
}

// work takes jobs until there are none.
func (t *team) work(desk int) {
	for {
		i := t.next.Add(1) - 1
		if i >= t.n {
			return
		}
		t.job(desk, int(i))
	}
}
