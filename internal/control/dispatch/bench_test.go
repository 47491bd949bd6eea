package dispatch_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/dispatch"
	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/store"
)

// instant is a transport to workers that accept everything and say when.
type instant struct {
	started chan placed
	current sync.Map // worker id to token, while it runs
}

// placed is an attempt and the worker that has it.
type placed struct {
	token  operation.Token
	worker string
}

func (i *instant) Start(_ context.Context, w fleet.Worker, _ operation.Operation, t operation.Token) error {
	i.current.Store(w.ID, t)
	i.started <- placed{token: t, worker: w.ID}
	return nil
}

func (i *instant) Cancel(context.Context, fleet.Worker, operation.Token, string) error { return nil }

func (i *instant) Health(_ context.Context, w fleet.Worker, _ int64) (fleet.Health, error) {
	h := fleet.Health{WorkerID: w.ID}
	if t, busy := i.current.Load(w.ID); busy {
		token := t.(operation.Token)
		h.Busy, h.Current = true, &token
	}
	return h, nil
}

// scheduler runs a controller over a database, with workers.
func scheduler(b *testing.B, workers int) (*dispatch.Controller, *instant, *store.Store) {
	s, err := store.Open(b.Context(), filepath.Join(b.TempDir(), "ktrdr.db"), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	wires := &instant{started: make(chan placed, 1<<20)}
	c := dispatch.New(dispatch.Options{Store: s, Transport: wires})
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	b.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			b.Error(err)
		}
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	for i := range workers {
		id := fmt.Sprintf("w%04d", i)
		if _, err := c.Register(ctx, fleet.Registration{WorkerID: id, Type: fleet.Training, EndpointURL: "http://" + id + ":1"}); err != nil {
			b.Fatal(err)
		}
	}
	return c, wires, s
}

// recorded fails unless the records hold so many operations, and so many that have
// completed.
func recorded(b *testing.B, s *store.Store, operations, completed int) {
	b.Helper()
	p, err := s.List(b.Context(), operation.Filter{Limit: 1, Status: operation.Completed})
	if err != nil || p.Total+p.Active != operations || p.Total != completed {
		b.Fatalf("the records hold %d operations that have completed and %d others, want %d of %d: %v", p.Total, p.Active, completed, operations, err)
	}
}

// complete reports that an attempt is done.
func complete(b *testing.B, c *dispatch.Controller, wires *instant, p placed) {
	wires.current.Delete(p.worker)
	if err := c.Report(b.Context(), operation.Report{Token: p.token, WorkerID: p.worker, State: operation.Completed, Result: []byte(`{}`)}); err != nil {
		b.Error(err)
	}
}

// BenchmarkSubmit measures durable submissions through the scheduler, without
// HTTP. All workers are busy.
func BenchmarkSubmit(b *testing.B) {
	for _, clients := range []int{1, 64} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			c, _, s := scheduler(b, 1)
			var next atomic.Int64
			var wg sync.WaitGroup
			b.ReportAllocs()
			b.ResetTimer()
			for range clients {
				wg.Go(func() {
					for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
						if _, err := c.Submit(b.Context(), submission(fmt.Sprintf("op_%d", i), operation.Training)); err != nil {
							b.Error(err)
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "submits/s")
			b.StopTimer()
			recorded(b, s, b.N, 0)
		})
	}
}

// BenchmarkSubmitToStart measures how long after a submission an idle worker is
// called. More than a few milliseconds means a wait that should not be there.
func BenchmarkSubmitToStart(b *testing.B) {
	c, wires, s := scheduler(b, 2)
	var took []time.Duration
	b.ReportAllocs()
	for b.Loop() {
		began := time.Now()
		if _, err := c.Submit(b.Context(), submission(fmt.Sprintf("op_%d", len(took)), operation.Training)); err != nil {
			b.Fatal(err)
		}
		p := <-wires.started
		took = append(took, time.Since(began))
		b.StopTimer()
		if want := fmt.Sprintf("op_%d", len(took)-1); p.token.OperationID != want {
			b.Fatalf("operation %s was started, want %s", p.token.OperationID, want)
		}
		complete(b, c, wires, p)
		b.StartTimer()
	}
	recorded(b, s, len(took), len(took))
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}

// BenchmarkSchedule measures 10,000 operations from submission to result over
// 1,000 workers that take no time.
func BenchmarkSchedule(b *testing.B) {
	const operations, workers = 10_000, 1_000
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		c, wires, s := scheduler(b, workers)
		b.StartTimer()
		var wg sync.WaitGroup
		for n := range 64 {
			wg.Go(func() {
				for i := n; i < operations; i += 64 {
					if _, err := c.Submit(b.Context(), submission(fmt.Sprintf("op_%d", i), operation.Training)); err != nil {
						b.Error(err)
					}
				}
			})
			wg.Go(func() {
				for i := n; i < operations; i += 64 {
					complete(b, c, wires, <-wires.started)
				}
			})
		}
		wg.Wait()
		b.StopTimer()
		recorded(b, s, operations, operations)
		b.StartTimer()
	}
	b.ReportMetric(operations*float64(b.N)/b.Elapsed().Seconds(), "operations/s")
}
