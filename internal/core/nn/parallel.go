package nn

import "sync"

// A team runs jobs 0..n-1 side by side and waits for them all. Which goroutine
// runs which job is left open, so jobs write to places of their own (chosen by
// the job's number) and the caller puts them together in order: the number of
// goroutines never shows in a result.
//
// This file is the only one of the mathematics that starts goroutines.
type team struct {
	size int
	jobs chan int
	done chan struct{}
	job  func(i int)
}

// withTeam calls body with a team of that size, of which the caller is one, and
// returns when its goroutines have ended.
func withTeam(size int, body func(*team) error) error {
	size = max(1, size)
	t := &team{size: size, jobs: make(chan int), done: make(chan struct{}, size)}
	var wg sync.WaitGroup
	defer wg.Wait()
	defer close(t.jobs)
	for range t.size - 1 {
		wg.Go(func() {
			for i := range t.jobs {
				t.job(i)
				t.done <- struct{}{}
			}
		})
	}
	return body(t)
}

// run calls job(0) … job(n-1), n at most the size of the team.
func (t *team) run(n int, job func(i int)) {
	t.job = job
	for i := 1; i < n; i++ {
		t.jobs <- i
	}
	job(0)
	for i := 1; i < n; i++ {
		<-t.done
	}
}
