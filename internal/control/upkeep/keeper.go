package upkeep

import (
	"context"
	"sync"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/store"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/data/artifact"
	"github.com/ktrdr/ktrdr/internal/data/barstore"
)

// Bars are what a backup takes the bars from; *barstore.Store are such.
type Bars interface {
	List(ctx context.Context) ([]barstore.Coverage, error)
	Read(ctx context.Context, symbol market.Symbol, tf market.Timeframe, span market.Span) (market.Series, error)
}

// A Keeper looks after the stores of a running backend. Its methods may be called
// from any goroutine. All fields are required but those that say otherwise, and
// must not be changed.
type Keeper struct {
	Records *store.Store
	Files   *artifact.Store
	Bars    Bars
	Dir     string // for what is kept for the duration of a backup
	Version string // of the program, for people
	Policy  Policy // the zero one keeps everything
	Now     func() time.Time

	// busy is held by backups together, and by a clean-up alone.
	busy sync.RWMutex
}
