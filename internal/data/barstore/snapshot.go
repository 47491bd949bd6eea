package barstore

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

// Encode appends the snapshot of s to dst and returns the result. Equal bars
// give equal bytes. It panics if s has columns of different lengths, or a symbol
// or timeframe that cannot be parsed.
func Encode(dst []byte, s market.Series) []byte {
	if err := checkNames(s.Symbol, s.Timeframe); err != nil {
		panic("barstore: Encode: " + err.Error())
	}
	for i, column := range [...][]float64{s.Open, s.High, s.Low, s.Close, s.Volume, s.Bid, s.Ask} {
		if isQuote := 1+i >= plainColumns; len(column) != s.Len() && !(isQuote && len(s.Bid)+len(s.Ask) == 0) {
			panic("barstore: Encode: columns differ in length")
		}
	}
	columns := rawOf(canonical(s))
	h := describe(s, columns)
	dst = slices.Grow(dst, h.bytes()+h.width*valueBytes*h.bars)
	dst = h.append(dst)
	for _, column := range columns[:h.width] {
		dst = append(dst, column...)
	}
	return dst
}

// Decode returns the series that Encode wrote, after checking all of it. Where b
// is aligned to eight bytes the columns are parts of b, which must not be
// written to afterwards.
func Decode(b []byte) (market.Series, error) {
	s, err := decode(b)
	if err != nil {
		return market.Series{}, fmt.Errorf("snapshot of bars: %w: fetch it again", err)
	}
	return s, nil
}

func decode(b []byte) (market.Series, error) {
	h, size, err := parseHead(b)
	if err != nil {
		return market.Series{}, err
	}
	body := b[size:]
	if want := h.width * valueBytes * h.bars; len(body) != want {
		return market.Series{}, fmt.Errorf("%w: %d bytes behind the head, want %d for %d bars", ErrDamaged, len(body), want, h.bars)
	}
	if h.generation != 0 || h.blockBars != snapshotBlock {
		return market.Series{}, fmt.Errorf("%w: it is the head of a folder of bars, not a snapshot", ErrDamaged)
	}
	var columns raw
	for c := range h.width {
		columns[c] = body[c*valueBytes*h.bars : (c+1)*valueBytes*h.bars]
	}
	s := columns.series(h.symbol, h.timeframe, 0, h.bars)
	if err := h.compare(describe(s, columns)); err != nil {
		return market.Series{}, err
	}
	if err := s.Validate(); err != nil {
		return market.Series{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	for c, column := range [...][]float64{s.Volume, s.Bid, s.Ask} {
		if i := slices.IndexFunc(column, func(v float64) bool { return !isCanonical(v) }); i >= 0 {
			return market.Series{}, fmt.Errorf("%w: bar %d has a %s that is never written", ErrDamaged, i, columnNames[plainColumns-1+c])
		}
	}
	if h.width == columnCount && !anyQuote(s) {
		return market.Series{}, fmt.Errorf("%w: it has columns of quotes and no quote", ErrDamaged)
	}
	return s, nil
}

// compare returns where the columns that got describes differ from those that h
// promises.
func (h *head) compare(got head) error {
	if h.last != got.last {
		return fmt.Errorf("%w: the last bar is at %s, the head says %s", ErrDamaged, market.Stamp(got.last), market.Stamp(h.last))
	}
	for k := range h.blocksOf(h.bars) {
		if h.firstOf(k) != got.firstOf(k) {
			return fmt.Errorf("%w: block %d begins at %s, the head says %s", ErrDamaged, k, market.Stamp(got.firstOf(k)), market.Stamp(h.firstOf(k)))
		}
		for c := range h.width {
			if !bytes.Equal(h.sum(k, c), got.sum(k, c)) {
				return fmt.Errorf("%w: column %s, block %d fails its checksum", ErrDamaged, columnNames[c], k)
			}
		}
	}
	return nil
}

func checkNames(symbol market.Symbol, tf market.Timeframe) error {
	parsed, err := market.ParseSymbol(string(symbol))
	if err != nil {
		return err
	}
	if parsed != symbol {
		return fmt.Errorf("symbol %q: want upper case", symbol)
	}
	_, err = market.ParseTimeframe(tf.String())
	return err
}
