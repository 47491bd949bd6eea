package store_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/store"
	"github.com/ktrdr/ktrdr/internal/control/store/storetest"
)

// BenchmarkCommit measures durable submissions. A fall with one client means a
// slower flush to disk; a fall with 64 means that commits are no longer shared.
func BenchmarkCommit(b *testing.B) {
	b.Run("engine=sqlite", func(b *testing.B) {
		benchmarkCommit(b, func() string { return filepath.Join(b.TempDir(), "ktrdr.db") })
	})
	b.Run("engine=postgres", func(b *testing.B) {
		benchmarkCommit(b, storetest.StartPostgres(b).NewDatabase)
	})
}

func benchmarkCommit(b *testing.B, database func() string) {
	for _, clients := range []int{1, 64} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			s := open(b, database())
			term, err := s.AcquireTerm(b.Context(), "bench")
			if err != nil {
				b.Fatal(err)
			}
			var next atomic.Int64
			var wg sync.WaitGroup
			b.ReportAllocs()
			b.ResetTimer()
			for range clients {
				wg.Go(func() {
					for {
						i := next.Add(1)
						if i > int64(b.N) {
							return
						}
						op := storetest.New(fmt.Sprintf("op_%d", i), operation.Training, storetest.Epoch)
						if err := s.Commit(b.Context(), term, []operation.Transaction{{operation.Created{Operation: op}}})[0]; err != nil {
							b.Error(err)
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "submits/s")
			b.StopTimer()
			if all, err := s.List(b.Context(), operation.Filter{Limit: 1}); err != nil || all.Total != b.N {
				b.Fatalf("%d operations are stored, want %d: %v", all.Total, b.N, err)
			}
		})
	}
}

// BenchmarkList measures one page of a list of many operations. More than 20 ms
// would be felt.
func BenchmarkList(b *testing.B) {
	const rows = 100_000
	s := open(b, filepath.Join(b.TempDir(), "ktrdr.db"))
	fill(b, s, rows)
	for name, f := range map[string]operation.Filter{
		"all":        {Limit: 50},
		"active":     {Limit: 50, Active: true},
		"failed":     {Limit: 50, Status: operation.Failed},
		"training":   {Limit: 50, Type: operation.Training},
		"both":       {Limit: 50, Type: operation.Training, Status: operation.Cancelled},
		"last_page":  {Limit: 50, Offset: rows - 50},
		"deep_typed": {Limit: 50, Type: operation.Backtesting, Offset: rows / 3},
	} {
		b.Run(fmt.Sprintf("rows=%d/filter=%s", rows, name), func(b *testing.B) {
			b.ReportAllocs()
			var page operation.Page
			for b.Loop() {
				var err error
				if page, err = s.List(b.Context(), f); err != nil {
					b.Fatal(err)
				}
			}
			if got, want := ids(page.Operations), selected(rows, f); !slices.Equal(got, want) {
				b.Fatalf("the page holds %v, want %v", got, want)
			}
		})
	}
}

func ids(operations []operation.Operation) (all []string) {
	for _, op := range operations {
		all = append(all, op.ID)
	}
	return all
}

// selected is the page that f asks for of what fill has stored, the newest first.
func selected(rows int, f operation.Filter) (page []string) {
	for i, skipped := rows-1, 0; i >= 0 && len(page) < f.Limit; i-- {
		kind, state := filled(i)
		switch isActive := i >= rows-100; {
		case f.Type != "" && f.Type != kind, f.Status != "" && (isActive || f.Status != state), f.Active && !isActive:
		case skipped < f.Offset:
			skipped++
		default:
			page = append(page, fmt.Sprintf("op_%d", i))
		}
	}
	return page
}

// filled says what fill makes of an operation, and in which state it ends.
func filled(i int) (operation.Type, operation.Status) {
	kind, state := operation.Training, operation.Cancelled
	if i%2 == 0 {
		kind = operation.Backtesting
	}
	if i%7 == 0 {
		state = operation.Failed
	}
	return kind, state
}

// fill stores operations, all but the last hundred ended.
func fill(b *testing.B, s *store.Store, rows int) {
	term, err := s.AcquireTerm(b.Context(), "bench")
	if err != nil {
		b.Fatal(err)
	}
	var tx operation.Transaction
	for i := range rows {
		kind, state := filled(i)
		op := storetest.New(fmt.Sprintf("op_%d", i), kind, storetest.Epoch.Add(time.Duration(i)*time.Second))
		tx = append(tx, operation.Created{Operation: op})
		if i < rows-100 {
			tx = append(tx, operation.Closed{ID: op.ID, State: state, At: storetest.Epoch})
		}
	}
	if err := s.Commit(b.Context(), term, []operation.Transaction{tx})[0]; err != nil {
		b.Fatal(err)
	}
}

// BenchmarkUnfinished measures what a restarted scheduler reads.
func BenchmarkUnfinished(b *testing.B) {
	const rows = 10_000
	s := open(b, filepath.Join(b.TempDir(), "ktrdr.db"))
	term, err := s.AcquireTerm(b.Context(), "bench")
	if err != nil {
		b.Fatal(err)
	}
	var tx operation.Transaction
	for i := range rows {
		op := storetest.New(fmt.Sprintf("op_%d", i), operation.Training, storetest.Epoch)
		tx = append(tx, operation.Created{Operation: op})
	}
	if err := s.Commit(b.Context(), term, []operation.Transaction{tx})[0]; err != nil {
		b.Fatal(err)
	}
	b.Run(fmt.Sprintf("waiting=%d", rows), func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if all, err := s.Unfinished(b.Context()); err != nil || len(all) != rows {
				b.Fatal(len(all), err)
			}
		}
	})
}
