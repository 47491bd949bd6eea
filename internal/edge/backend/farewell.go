package backend

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/wire"
)

// farewellTimeout is how long telling all workers that the backend stops may take.
const farewellTimeout = 2 * time.Second

// farewell tells workers that this backend stops, so that they come back soon
// after its restart. Whoever does not hear it finds out by itself.
func farewell(ctx context.Context, client *wire.WorkerClient, workers []fleet.Worker, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewellTimeout)
	defer cancel()
	var calls sync.WaitGroup
	defer calls.Wait()
	for _, w := range workers {
		calls.Go(func() {
			if err := client.BackendStopping(ctx, w, "backend is stopping"); err != nil {
				log.DebugContext(ctx, "worker was not told that the backend stops", "worker", w.ID, "error", err)
			}
		})
	}
}
