package cli

import (
	"context"

	"github.com/ktrdr/ktrdr/internal/control/store"
	"github.com/ktrdr/ktrdr/internal/edge/api"
)

// checkpointIndex is the store's index of checkpoints as the API asks for it.
type checkpointIndex struct{ *store.Store }

// pageRows is how many rows are read from the store at a time.
const pageRows = 1000

// Checkpoints implements api.Checkpoints.
func (x checkpointIndex) Checkpoints(ctx context.Context, q api.CheckpointQuery) ([]api.CheckpointRecord, error) {
	var all []api.CheckpointRecord
	for {
		page, err := x.Store.Checkpoints(ctx, store.CheckpointFilter{OperationID: q.OperationID, Before: q.Before, Limit: pageRows, Offset: len(all)})
		if err != nil {
			return nil, err
		}
		for _, c := range page {
			all = append(all, api.CheckpointRecord{OperationID: c.OperationID, Type: c.Type, Status: c.Status, Checkpoint: c.Checkpoint})
		}
		if len(page) < pageRows {
			return all, nil
		}
	}
}
