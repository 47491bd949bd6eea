package backend

import (
	"context"
	"io"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/store"
	"github.com/ktrdr/ktrdr/internal/data/artifact"
	"github.com/ktrdr/ktrdr/internal/edge/api"
	"github.com/ktrdr/ktrdr/internal/edge/intake"
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

// modelIndex is the store's index of models as the API asks for it.
type modelIndex struct{ *store.Store }

// Models implements api.Models.
func (m modelIndex) Models(ctx context.Context, q intake.ModelQuery) ([]operation.ModelRecord, error) {
	return m.Store.Models(ctx, store.ModelFilter{
		Name: q.Name, StrategyName: q.StrategyName, Symbol: q.Symbol, Timeframe: q.Timeframe,
		OperationID: q.OperationID, Limit: q.Limit, Offset: q.Offset,
	})
}

// artifactFiles is the artifact store as the API asks for it: hashes are text.
type artifactFiles struct{ files *artifact.Store }

// Open implements api.Artifacts.
func (a artifactFiles) Open(ctx context.Context, hash string) (io.ReadCloser, int64, error) {
	return a.files.Open(ctx, artifact.Hash(hash))
}

// Stat implements api.Artifacts.
func (a artifactFiles) Stat(ctx context.Context, hash string) (int64, error) {
	info, err := a.files.Stat(ctx, artifact.Hash(hash))
	return info.SizeBytes, err
}

// Put implements api.Artifacts.
func (a artifactFiles) Put(ctx context.Context, hash string, r io.Reader) (int64, error) {
	return a.files.PutExpected(ctx, artifact.Hash(hash), r)
}
