package replica_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/replica"
	"github.com/ktrdr/ktrdr/internal/control/store"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/data/artifact"
	"github.com/ktrdr/ktrdr/internal/data/barstore"
)

const symbol = market.Symbol("EURUSD")

// A cluster is backends that share a database and artifacts; one of them
// schedules.
type cluster struct {
	t        testing.TB
	dir      string
	records  *store.Store
	files    *artifact.Store
	backends []*replica.Bars
	own      []*barstore.Store
	here     int
	reign    chan struct{}
}

func newCluster(t testing.TB, n int) *cluster {
	t.Helper()
	c := &cluster{t: t, dir: t.TempDir(), reign: make(chan struct{})}
	var err error
	c.records, err = store.Open(context.Background(), filepath.Join(c.dir, "ktrdr.db"), store.Options{})
	c.check(err)
	t.Cleanup(func() { c.check(c.records.Close()) })
	c.files, err = artifact.Open(filepath.Join(c.dir, "artifacts"))
	c.check(err)
	t.Cleanup(func() { c.check(c.files.Close()) })
	for i := range n {
		own, err := barstore.Open(filepath.Join(c.dir, fmt.Sprint("bars", i)))
		c.check(err)
		t.Cleanup(func() { c.check(own.Close()) })
		c.own = append(c.own, own)
		c.backends = append(c.backends, replica.New(replica.Options{Own: own, Records: c.records, Files: c.files, Holder: holder(i),
			Reign: func() (bool, <-chan struct{}) { return c.here == i, c.reign }}))
	}
	c.elect(0)
	return c
}

func holder(i int) string { return fmt.Sprintf("http://backend-%d", i) }

func (c *cluster) check(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// elect makes backend i the one that schedules.
func (c *cluster) elect(i int) {
	c.t.Helper()
	_, err := c.records.AcquireTerm(context.Background(), holder(i))
	c.check(err)
	close(c.reign)
	c.here, c.reign = i, make(chan struct{})
}

// bar is one at a time that says by its close which import it is of.
func bar(t int64, n int) market.Bar {
	price := 1 + float64(n)/1000
	return market.Bar{Time: t, Open: price, High: price, Low: price, Close: price, Volume: 1}
}

func seriesOf(tf market.Timeframe, bars ...market.Bar) market.Series {
	s := market.NewSeries(symbol, tf, len(bars))
	for _, b := range bars {
		s.Append(b)
	}
	return s
}

// add imports bars on backend i, as the API does.
func (c *cluster) add(i int, s market.Series) error {
	ctx := context.Background()
	if err := c.backends[i].Ready(ctx, s.Symbol, s.Timeframe); err != nil {
		return err
	}
	if _, err := c.own[i].Merge(ctx, s); err != nil {
		return err
	}
	return c.backends[i].Publish(ctx, s.Symbol, s.Timeframe)
}

func (c *cluster) read(i int, tf market.Timeframe) market.Series {
	c.t.Helper()
	s, err := c.backends[i].Read(context.Background(), symbol, tf, market.Span{})
	if errors.Is(err, barstore.ErrNotFound) {
		return market.NewSeries(symbol, tf, 0)
	}
	c.check(err)
	return s
}

func TestBars(t *testing.T) {
	const day = 86_400
	c := newCluster(t, 2)
	// Bars on both sides of 1970 and of borders between chunks.
	width := int64(1<<16) * 3600
	times := []int64{-width - 3600, -width, -3600, 0, 3600, width - 3600, width, 5 * width}
	var bars []market.Bar
	for n, at := range times {
		bars = append(bars, bar(at, n))
	}
	c.check(c.add(0, seriesOf(market.Hour1, bars...)))
	c.check(c.add(0, seriesOf(market.Day1, bar(day, 1))))

	c.elect(1)
	if all, err := c.backends[1].List(t.Context()); err != nil || len(all) != 2 || all[0].Bars != len(times) || all[0].First != times[0] || all[1].Timeframe != market.Day1 {
		t.Errorf("List() on the other backend = %+v, %v", all, err)
	}
	if got, want := c.read(1, market.Hour1), c.read(0, market.Hour1); !reflect.DeepEqual(got, want) || got.Len() != len(times) {
		t.Errorf("the other backend reads %d bars, want %d", got.Len(), len(times))
	}

	// A backend that was replaced changes nothing.
	if err := c.add(0, seriesOf(market.Hour1, bar(7200, 50))); !errors.Is(err, operation.ErrConflict) {
		t.Errorf("an import on the backend that was replaced: %v, want ErrConflict", err)
	}
	if got := c.read(1, market.Hour1); got.Len() != len(times) {
		t.Errorf("its bars came through: %d bars", got.Len())
	}

	// One bar changes one chunk.
	before, err := c.records.Series(t.Context(), string(symbol), "1h")
	c.check(err)
	c.check(c.add(1, seriesOf(market.Hour1, bar(3600, 60))))
	after, err := c.records.Series(t.Context(), string(symbol), "1h")
	c.check(err)
	changed := 0
	for i := range before.Chunks {
		if before.Chunks[i] != after.Chunks[i] {
			changed++
		}
	}
	if len(before.Chunks) != 5 || len(after.Chunks) != 5 || changed != 1 || after.Version != before.Version+1 {
		t.Errorf("chunks were %v, are %v", before.Chunks, after.Chunks)
	}

	// What the first backend has beside the agreed bars is added when it schedules
	// again; where both have a bar, the agreed one stays.
	_, err = c.own[0].Merge(t.Context(), seriesOf(market.Hour1, bar(3600, 70)))
	c.check(err)
	c.elect(0)
	got := c.read(0, market.Hour1)
	if got.Len() != len(times)+1 || got.Close[got.Search(3600)] != bar(0, 60).Close || got.Close[got.Search(7200)] != bar(0, 50).Close {
		t.Errorf("merged are %v of %v", got.Close, got.Time)
	}
	c.elect(1)
	if again := c.read(1, market.Hour1); !reflect.DeepEqual(got, again) {
		t.Errorf("the backends differ: %v and %v", got.Close, again.Close)
	}
}

// Quotes are part of what backends agree on, in the chunks that have them; a
// backend that holds the same bars without them gets them.
func TestBars_quotes(t *testing.T) {
	const width = int64(1<<16) * 3600
	c := newCluster(t, 2)
	plain := seriesOf(market.Hour1, bar(0, 1), bar(3600, 2), bar(width, 3), bar(width+3600, 4))
	c.check(c.add(0, plain))
	c.elect(1)
	c.read(1, market.Hour1)
	before, err := c.records.Series(t.Context(), string(symbol), "1h")
	c.check(err)
	quoted := market.NewSeries(symbol, market.Hour1, 2)
	for i := 2; i < 4; i++ {
		quoted.AppendQuoted(plain.Bar(i), market.Quote{Bid: plain.Close[i], Ask: plain.Close[i] + 0.001})
	}
	c.check(c.add(1, quoted))
	after, err := c.records.Series(t.Context(), string(symbol), "1h")
	c.check(err)
	if len(before.Chunks) != 2 || len(after.Chunks) != 2 || before.Chunks[0] != after.Chunks[0] || before.Chunks[1] == after.Chunks[1] {
		t.Errorf("chunks were %v, are %v: want the second one changed", before.Chunks, after.Chunks)
	}
	c.elect(0)
	got := c.read(0, market.Hour1)
	for i := range 4 {
		if q := got.Quote(i); i < 2 && q.IsKnown() || i >= 2 && q != quoted.Quote(i-2) {
			t.Errorf("the other backend has the quote %v of bar %d", q, i)
		}
	}
}

func TestBars_damaged_chunk(t *testing.T) {
	c := newCluster(t, 2)
	c.check(c.add(0, seriesOf(market.Hour1, bar(0, 1))))
	r, err := c.records.Series(t.Context(), string(symbol), "1h")
	c.check(err)
	hash := r.Chunks[0].SHA256
	path := filepath.Join(c.dir, "artifacts", "sha256", hash[:2], hash)
	content, err := os.ReadFile(path)
	c.check(err)
	content[len(content)-1] ^= 1
	c.check(os.WriteFile(path, content, 0o600))
	c.elect(1)
	if err := c.backends[1].Ready(t.Context(), symbol, market.Hour1); !errors.Is(err, artifact.ErrCorrupt) {
		t.Errorf("a damaged chunk: %v, want ErrCorrupt", err)
	}
	if all, err := c.own[1].List(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("of a damaged chunk %v was taken, %v", all, err)
	}
}

// TestBars_agree: whoever schedules, and wherever imports break off, a backend
// that schedules has every acknowledged bar as it was acknowledged last, and no
// bar that nobody imported. Where nothing broke off, all backends have the same.
func TestBars_agree(t *testing.T) {
	const seeds, steps, backends = 8, 15, 3
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			t.Parallel()
			a := agreement{cluster: newCluster(t, backends), random: rand.New(rand.NewPCG(seed, 1)), acknowledged: map[int64]int{}, tried: map[int64]bool{}}
			for range steps {
				a.step()
				a.verify()
			}
			last := a.read(a.here, market.Minute1)
			for i := range backends {
				a.elect(i)
				if got := a.read(i, market.Minute1); !a.brokeOff && !reflect.DeepEqual(got, last) {
					t.Errorf("backend %d reads %v, another one read %v", i, got.Time, last.Time)
				}
			}
		})
	}
}

// An agreement is a cluster and what it must hold.
type agreement struct {
	*cluster
	random       *rand.Rand
	n            int           // of the last import
	acknowledged map[int64]int // by which import each bar was acknowledged last
	tried        map[int64]bool
	brokeOff     bool
}

// some is a few bars in about four chunks, on both sides of 1970.
func (a *agreement) some() market.Series {
	const quarter = 1 << 16 * 60 / 4
	a.n++
	var bars []market.Bar
	for i := int64(-6); i <= 12; i++ {
		if a.random.IntN(4) == 0 || i == 12 && bars == nil {
			bars = append(bars, bar(i*quarter, a.n))
			a.tried[i*quarter] = true
		}
	}
	return seriesOf(market.Minute1, bars...)
}

func (a *agreement) step() {
	switch another := a.random.IntN(len(a.backends)); a.random.IntN(5) {
	case 0:
		a.elect(another)
	case 1: // after the bars were merged, before others have them
		a.check(a.backends[a.here].Ready(context.Background(), symbol, market.Minute1))
		_, err := a.own[a.here].Merge(context.Background(), a.some())
		a.check(err)
		a.brokeOff = true
		a.elect(another)
	case 2:
		if another != a.here {
			a.brokeOff = true
			if err := a.add(another, a.some()); err == nil {
				a.t.Error("an import on a backend that was replaced was acknowledged")
			}
		}
	default:
		s := a.some()
		a.check(a.add(a.here, s))
		for _, at := range s.Time {
			a.acknowledged[at] = a.n
		}
	}
}

func (a *agreement) verify() {
	a.t.Helper()
	got := a.read(a.here, market.Minute1)
	for at, n := range a.acknowledged {
		if i := got.Search(at); i == got.Len() || got.Time[i] != at || got.Close[i] != bar(0, n).Close {
			a.t.Fatalf("the bar at %d of import %d is not there: %v %v", at, n, got.Time, got.Close)
		}
	}
	for _, at := range got.Time {
		if !a.tried[at] {
			a.t.Fatalf("nobody imported a bar at %d", at)
		}
	}
}

// Once a series is known, a reign asks the database no more.
func BenchmarkReady(b *testing.B) {
	c := newCluster(b, 1)
	c.check(c.add(0, seriesOf(market.Hour1, bar(time.Hour.Milliseconds()/1000, 1))))
	b.ReportAllocs()
	for b.Loop() {
		if err := c.backends[0].Ready(b.Context(), symbol, market.Hour1); err != nil {
			b.Fatal(err)
		}
	}
}
