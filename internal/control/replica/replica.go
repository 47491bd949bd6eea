package replica

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/store"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/data/artifact"
	"github.com/ktrdr/ktrdr/internal/data/barstore"
)

// Options are the parts of Bars. All of them are required.
type Options struct {
	Own     *barstore.Store
	Records *store.Store
	Files   *artifact.Store
	Holder  string // names this backend as it does in the scheduler's lease
	// Reign returns whether this backend schedules, and a channel that is closed
	// when that changes.
	Reign func() (here bool, reign <-chan struct{})
}

// Bars are the bars that backends share, as one of them has them. Make them with
// New; methods may be called from any goroutine.
type Bars struct {
	Options
	turn chan struct{} // holds a value while a series is compared, fetched or published

	mu    sync.Mutex // guards the rest
	reign <-chan struct{}
	known map[key]store.Series // what the database says, as of this reign
}

// New returns the bars that backends share.
func New(o Options) *Bars { return &Bars{Options: o, turn: make(chan struct{}, 1)} }

// take waits for the turn; the caller gives it back.
func (b *Bars) take(ctx context.Context) error {
	select {
	case b.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (b *Bars) giveBack() { <-b.turn }

type key struct {
	symbol market.Symbol
	tf     market.Timeframe
}

// recall returns what is known of a series in this reign.
func (b *Bars) recall(k key) (store.Series, bool) {
	here, reign := b.Reign()
	b.mu.Lock()
	defer b.mu.Unlock()
	if reign != b.reign {
		b.reign, b.known = reign, map[key]store.Series{}
	}
	r, ok := b.known[k]
	return r, ok && here
}

// remember notes what is known of a series, unless the reign is another one by
// now; a nil r forgets.
func (b *Bars) remember(k key, reign <-chan struct{}, r *store.Series) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case reign != b.reign:
	case r == nil:
		delete(b.known, k)
	default:
		b.known[k] = *r
	}
}

// List returns what is held, ordered by symbol and timeframe: what the database
// names and what this backend alone holds.
func (b *Bars) List(ctx context.Context) ([]barstore.Coverage, error) {
	own, err := b.Own.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range own { // a series that is not agreed on yet becomes so
		if err := b.Ready(ctx, c.Symbol, c.Timeframe); err != nil {
			return nil, err
		}
	}
	agreed, err := b.Records.SeriesList(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]barstore.Coverage, 0, len(agreed))
	for _, symbol := range symbolsOf(agreed) {
		for _, tf := range market.Timeframes() {
			for _, r := range agreed {
				if r.Symbol == symbol && r.Timeframe == tf.String() {
					all = append(all, barstore.Coverage{Symbol: market.Symbol(r.Symbol), Timeframe: tf, Bars: r.Bars, First: r.First, Last: r.Last})
				}
			}
		}
	}
	return all, nil
}

// symbolsOf returns the symbols of series that are ordered by them.
func symbolsOf(all []store.Series) []string {
	var symbols []string
	for _, r := range all {
		if len(symbols) == 0 || symbols[len(symbols)-1] != r.Symbol {
			symbols = append(symbols, r.Symbol)
		}
	}
	return symbols
}

// Read returns bars as the store of this backend does, after Ready.
func (b *Bars) Read(ctx context.Context, symbol market.Symbol, tf market.Timeframe, span market.Span) (market.Series, error) {
	if err := b.Ready(ctx, symbol, tf); err != nil {
		return market.Series{}, err
	}
	return b.Own.Read(ctx, symbol, tf, span)
}

// Ready makes the store of this backend hold what is agreed on about a series. It
// does nothing where nobody holds any of it.
func (b *Bars) Ready(ctx context.Context, symbol market.Symbol, tf market.Timeframe) error {
	k := key{symbol, tf}
	if _, ok := b.recall(k); ok {
		return nil
	}
	if err := b.take(ctx); err != nil {
		return err
	}
	defer b.giveBack()
	if _, ok := b.recall(k); ok {
		return nil
	}
	_, reign := b.Reign()
	agreed, err := b.Records.Series(ctx, string(symbol), tf.String())
	if errors.Is(err, operation.ErrNotFound) {
		agreed, err = store.Series{Symbol: string(symbol), Timeframe: tf.String()}, nil
	}
	if err == nil {
		err = b.fetch(ctx, k, agreed)
	}
	if err == nil {
		err = b.publish(ctx, k, reign, agreed)
	}
	if err != nil {
		return fmt.Errorf("bars of %s %s as the backends agree on them: %w", symbol, tf, err)
	}
	return nil
}

// fetch merges the agreed chunks that this backend does not have.
func (b *Bars) fetch(ctx context.Context, k key, agreed store.Series) error {
	own, err := b.own(ctx, k)
	if err != nil {
		return err
	}
	for _, c := range agreed.Chunks {
		if _, hash := encode(own, c.Number); hash == c.SHA256 {
			continue
		}
		content, err := b.Files.ReadAll(ctx, artifact.Hash(c.SHA256))
		if err != nil {
			return err
		}
		bars, err := barstore.Decode(content)
		if err != nil {
			return err
		}
		if bars.Symbol != k.symbol || bars.Timeframe != k.tf {
			return fmt.Errorf("chunk %d is of %s %s", c.Number, bars.Symbol, bars.Timeframe)
		}
		if _, err := b.Own.Merge(ctx, bars); err != nil {
			return err
		}
	}
	return nil
}

// own returns what this backend holds of a series, empty for nothing.
func (b *Bars) own(ctx context.Context, k key) (market.Series, error) {
	own, err := b.Own.Read(ctx, k.symbol, k.tf, market.Span{})
	if errors.Is(err, barstore.ErrNotFound) {
		return market.NewSeries(k.symbol, k.tf, 0), nil
	}
	return own, err
}

// Publish makes what this backend holds of a series what all agree on. The caller
// has called Ready before it changed the series. When Publish fails, others do
// not have the change, and it is published when this backend is asked next.
func (b *Bars) Publish(ctx context.Context, symbol market.Symbol, tf market.Timeframe) error {
	if err := b.take(ctx); err != nil {
		return err
	}
	defer b.giveBack()
	k := key{symbol, tf}
	_, reign := b.Reign()
	agreed, ok := b.recall(k)
	if !ok {
		agreed = store.Series{Symbol: string(symbol), Timeframe: tf.String()}
	}
	b.remember(k, reign, nil) // until it is done
	if err := b.publish(ctx, k, reign, agreed); err != nil {
		return fmt.Errorf("share bars of %s %s with the other backends: %w", symbol, tf, err)
	}
	return nil
}

// publish stores the chunks in which this backend differs from what is agreed on,
// and the next version; none if there is no difference.
func (b *Bars) publish(ctx context.Context, k key, reign <-chan struct{}, agreed store.Series) error {
	own, err := b.own(ctx, k)
	if err != nil {
		return err
	}
	if own.Len() == 0 {
		return nil
	}
	next := store.Series{Symbol: agreed.Symbol, Timeframe: agreed.Timeframe, Version: agreed.Version,
		Bars: own.Len(), First: own.Time[0], Last: own.Time[own.Len()-1]}
	for _, n := range numbers(own) {
		content, hash := encode(own, n)
		next.Chunks = append(next.Chunks, store.Chunk{Number: n, SHA256: hash})
		_, err := b.Files.Stat(ctx, artifact.Hash(hash))
		if errors.Is(err, artifact.ErrNotFound) {
			_, err = b.Files.PutBytes(ctx, content)
		}
		if err != nil {
			return err
		}
	}
	if !slices.Equal(next.Chunks, agreed.Chunks) {
		if next.Version, err = b.Records.PutSeries(ctx, b.Holder, next); err != nil {
			return err
		}
	}
	b.remember(k, reign, &next)
	return nil
}
