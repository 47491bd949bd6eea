package upkeep

import (
	"sync"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/store"
	"github.com/ktrdr/ktrdr/internal/data/artifact"
	"github.com/ktrdr/ktrdr/internal/data/barstore"
)

// A Keeper looks after the stores of a running backend. Its methods may be called
// from any goroutine. All fields are required but those that say otherwise, and
// must not be changed.
type Keeper struct {
	Records *store.Store
	Files   *artifact.Store
	Bars    *barstore.Store
	Dir     string // for what is kept for the duration of a backup
	Version string // of the program, for people
	Policy  Policy // the zero one keeps everything
	Now     func() time.Time

	// busy is held by backups together, and by a clean-up alone.
	busy sync.RWMutex
}
