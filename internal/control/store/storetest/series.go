package storetest

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/store"
)

// testSeries: only the scheduler changes a series, and only the version that it
// knows.
func testSeries(t *testing.T, s *store.Store) {
	acquire(t, s) // as suite
	if _, err := s.Series(t.Context(), "EURUSD", "1h"); !errors.Is(err, operation.ErrNotFound) {
		t.Errorf("Series() of nothing = %v", err)
	}
	chunk := func(number int64, digit string) store.Chunk {
		return store.Chunk{Number: number, SHA256: strings.Repeat(digit, 64)}
	}
	r := store.Series{Symbol: "EURUSD", Timeframe: "1h", Bars: 12, First: -3600, Last: 36_000, Chunks: []store.Chunk{chunk(-1, "1"), chunk(0, "2")}}
	put := func(holder string, version int64, want error) {
		t.Helper()
		r.Version = version
		if got, err := s.PutSeries(t.Context(), holder, r); !errors.Is(err, want) || err == nil && got != version+1 {
			t.Fatalf("PutSeries(%s, version %d) = %d, %v, want %v", holder, version, got, err, want)
		}
	}
	put("another", 0, operation.ErrConflict)
	put("suite", 1, operation.ErrConflict)
	put("suite", 0, nil)
	put("suite", 0, operation.ErrConflict)
	r.Bars, r.Chunks = 13, []store.Chunk{chunk(-1, "1"), chunk(0, "3"), chunk(7, "4")}
	put("another", 1, operation.ErrConflict)
	put("suite", 2, operation.ErrConflict)
	put("suite", 1, nil)
	got, err := s.Series(t.Context(), "EURUSD", "1h")
	must(t, err)
	r.Version = 2
	if diff := cmp.Diff(r, got); diff != "" {
		t.Errorf("Series() (-want +got):\n%s", diff)
	}
	r = store.Series{Symbol: "EURUSD", Timeframe: "1M"}
	put("suite", 0, nil)
	all, err := s.SeriesList(t.Context())
	if must(t, err); len(all) != 2 || all[0].Timeframe != "1M" || all[1].Version != 2 || all[1].Bars != 13 {
		t.Errorf("SeriesList() = %+v", all)
	}
	referenced, err := s.Referenced(t.Context())
	must(t, err)
	e, err := s.Expired(t.Context(), Epoch, Epoch)
	must(t, err)
	for _, needed := range []map[string]bool{referenced, e.Needed} {
		if len(needed) != 3 || !needed[strings.Repeat("3", 64)] {
			t.Errorf("referred to are %v, want the chunks of the newest version", needed)
		}
	}
}
