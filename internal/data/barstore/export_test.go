package barstore

import (
	"context"
	"os"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

// What tests need to put a disk that fails below a Store.
type (
	Disk = disk
	File = file
)

func OpenOn(dir string, wrap func(Disk) Disk) (*Store, error) {
	return openOn(dir, func(root *os.Root) disk { return wrap(rootDisk{root}) })
}

// CompactNow compacts a series, however short its tail is.
func (s *Store) CompactNow(ctx context.Context, symbol market.Symbol, tf market.Timeframe) error {
	return s.compact(ctx, seriesName{symbol, tf})
}

// KeepAtMost bounds what is kept of superseded mappings.
func (s *Store) KeepAtMost(bytes int) { s.keepBytes = bytes }
