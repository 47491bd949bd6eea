package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
)

// Checkpoints are the states that operations can be resumed from.
type Checkpoints interface {
	// Checkpoints returns what is kept, newest first.
	Checkpoints(ctx context.Context, q CheckpointQuery) ([]CheckpointRecord, error)
	// DeleteCheckpoints deletes those of an operation. It fails with
	// operation.ErrNotFound if there are none, and with operation.ErrConflict if
	// the operation has not ended and may need them.
	DeleteCheckpoints(ctx context.Context, operationID string) (int, error)
}

// A CheckpointQuery selects checkpoints. Empty fields select all.
type CheckpointQuery struct {
	OperationID string
	Before      time.Time // made before then
}

// A CheckpointRecord is a checkpoint and whose it is.
type CheckpointRecord struct {
	OperationID string
	Type        operation.Type
	Status      operation.Status
	operation.Checkpoint
}

type checkpointsInput struct {
	OlderThanDays int `query:"older_than_days" minimum:"0" maximum:"36500" doc:"only those at least so old; default: all"`
}

type sweepInput struct {
	MaxAgeDays int  `query:"max_age_days" minimum:"1" maximum:"36500" default:"30"`
	DryRun     bool `query:"dry_run" doc:"only say what would be deleted"`
}

func (s *server) addCheckpoints() {
	tags := []string{"checkpoints"}
	add(s, huma.Operation{OperationID: "list-checkpoints", Method: http.MethodGet, Path: wire.PathCheckpoints, Tags: tags,
		Summary: "List the states that operations can be resumed from, newest first"}, s.listCheckpoints)
	add(s, huma.Operation{OperationID: "checkpoint-stats", Method: http.MethodGet, Path: wire.PathCheckpointStats, Tags: tags,
		Summary: "Sum up the checkpoints"}, s.checkpointStats)
	add(s, huma.Operation{OperationID: "clean-checkpoints", Method: http.MethodPost, Path: wire.PathCheckpointSweep, Tags: tags,
		Summary:     "Delete the old checkpoints of operations that have ended",
		Description: "Checkpoints of operations that have not ended stay, however old: they may be needed."}, s.sweepCheckpoints)
	add(s, huma.Operation{OperationID: "get-checkpoint", Method: http.MethodGet, Path: wire.PathCheckpoint, Tags: tags,
		Summary: "Get the newest checkpoint of an operation"}, s.checkpoint)
	add(s, huma.Operation{OperationID: "delete-checkpoint", Method: http.MethodDelete, Path: wire.PathCheckpoint, Tags: tags,
		Summary: "Delete the checkpoints of an operation that has ended"}, s.deleteCheckpoint)
	add(s, huma.Operation{OperationID: "resume-operation", Method: http.MethodPost, Path: wire.PathOperationResume, Tags: []string{"operations"},
		Summary:     "Take a failed or cancelled operation up again from its newest checkpoint",
		Description: "It goes on under its id, on any worker and without a deadline, to the result that it would have had without the interruption."}, s.resume)
}

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

func (s *server) listCheckpoints(ctx context.Context, in *checkpointsInput) (wire.CheckpointList, error) {
	q := CheckpointQuery{}
	if in.OlderThanDays > 0 {
		q.Before = s.o.Now().Add(-days(in.OlderThanDays))
	}
	all, err := s.o.Checkpoints.Checkpoints(ctx, q)
	if err != nil {
		return wire.CheckpointList{}, fmt.Errorf("list checkpoints: %w", err)
	}
	l := wire.CheckpointList{Success: true, Data: []wire.CheckpointSummary{}, TotalCount: len(all)}
	for _, c := range all {
		l.Data = append(l.Data, c.summary())
	}
	return l, nil
}

func (c CheckpointRecord) summary() wire.CheckpointSummary {
	return wire.CheckpointSummary{OperationID: c.OperationID, OperationType: c.Type, OperationStatus: c.Status, Kind: c.Kind,
		CreatedAt: c.CreatedAt, StateSummary: wire.StateOf(c.Checkpoint), ArtifactsSizeBytes: c.Bytes, SHA256: c.SHA256}
}

func (s *server) checkpointStats(ctx context.Context, _ *struct{}) (wire.CheckpointStats, error) {
	all, err := s.o.Checkpoints.Checkpoints(ctx, CheckpointQuery{})
	if err != nil {
		return wire.CheckpointStats{}, fmt.Errorf("list checkpoints: %w", err)
	}
	stats := wire.CheckpointStats{Success: true, TotalCheckpoints: len(all)}
	for _, c := range all {
		stats.TotalSizeBytes += c.Bytes
		if stats.OldestCheckpoint == nil || c.CreatedAt.Before(*stats.OldestCheckpoint) {
			stats.OldestCheckpoint = new(c.CreatedAt)
		}
	}
	return stats, nil
}

func (s *server) sweepCheckpoints(ctx context.Context, in *sweepInput) (wire.CheckpointCleanup, error) {
	old, err := s.o.Checkpoints.Checkpoints(ctx, CheckpointQuery{Before: s.o.Now().Add(-days(in.MaxAgeDays))})
	if err != nil {
		return wire.CheckpointCleanup{}, fmt.Errorf("list checkpoints: %w", err)
	}
	done := wire.CheckpointCleanup{Success: true, DryRun: in.DryRun, Operations: []string{}}
	counted := map[string]int{}
	for _, c := range old {
		if c.Status.Terminal() {
			if counted[c.OperationID]++; counted[c.OperationID] == 1 {
				done.Operations = append(done.Operations, c.OperationID)
			}
		}
	}
	for _, id := range done.Operations {
		n := counted[id]
		if !in.DryRun {
			n, err = s.o.Checkpoints.DeleteCheckpoints(ctx, id)
			if errors.Is(err, operation.ErrConflict) || errors.Is(err, operation.ErrNotFound) {
				continue // resumed or deleted meanwhile
			}
			if err != nil {
				return done, fmt.Errorf("delete checkpoints of %s: %w", id, err)
			}
		}
		done.CheckpointsDeleted += n
	}
	return done, nil
}

func (s *server) checkpoint(ctx context.Context, in *operationInput) (wire.CheckpointAnswer, error) {
	all, err := s.o.Checkpoints.Checkpoints(ctx, CheckpointQuery{OperationID: in.OperationID})
	if err != nil {
		return wire.CheckpointAnswer{}, fmt.Errorf("checkpoints of %s: %w", in.OperationID, err)
	}
	if len(all) == 0 {
		return wire.CheckpointAnswer{}, noCheckpoint(in.OperationID)
	}
	c := all[0]
	d := wire.CheckpointDetail{OperationID: c.OperationID, Kind: c.Kind, CreatedAt: c.CreatedAt, State: wire.StateOf(c.Checkpoint), Facts: c.State,
		SHA256: c.SHA256, SizeBytes: c.Bytes, ArtifactsPath: strings.Replace(wire.PathArtifact, "{sha256}", c.SHA256, 1), Older: []wire.CheckpointSummary{}}
	for _, older := range all[1:] {
		d.Older = append(d.Older, older.summary())
	}
	return wire.CheckpointAnswer{Success: true, Data: d}, nil
}

func noCheckpoint(id string) error {
	return wire.Errorf(wire.CodeCheckpointNotFound, "Checkpoint not found: %s", id)
}

func (s *server) deleteCheckpoint(ctx context.Context, in *operationInput) (wire.Done, error) {
	_, err := s.o.Checkpoints.DeleteCheckpoints(ctx, in.OperationID)
	switch {
	case errors.Is(err, operation.ErrNotFound):
		return wire.Done{}, noCheckpoint(in.OperationID)
	case errors.Is(err, operation.ErrConflict):
		return wire.Done{}, wire.Errorf(wire.CodeCheckpointInUse, "Operation %s has not ended and may need its checkpoints: cancel it first", in.OperationID)
	case err != nil:
		return wire.Done{}, fmt.Errorf("delete checkpoints of %s: %w", in.OperationID, err)
	}
	return wire.Done{Success: true, Message: "Checkpoint deleted"}, nil
}

func (s *server) resume(ctx context.Context, in *operationInput) (wire.ResumeAnswer, error) {
	op, err := s.o.Controller.Resume(ctx, in.OperationID)
	_, impossible := errors.AsType[*operation.NotResumableError](err)
	switch {
	case s.unknown(err):
		return wire.ResumeAnswer{}, wire.Errorf(wire.CodeOperationNotFound, "Operation not found: %s", in.OperationID)
	case errors.Is(err, operation.ErrNoCheckpoint):
		return wire.ResumeAnswer{}, wire.Errorf(wire.CodeCheckpointNotFound, "No checkpoint available for operation %s", in.OperationID)
	case impossible:
		return wire.ResumeAnswer{}, wire.Errorf(wire.CodeNotResumable, "%w", err)
	case err != nil:
		return wire.ResumeAnswer{}, err
	}
	r := wire.Resumption{OperationID: op.ID, Status: op.Status, QueuePosition: s.position(op)}
	if len(op.Checkpoints) > 0 {
		c := op.Checkpoints[0]
		r.ResumedFrom = wire.ResumedFrom{Kind: c.Kind, CreatedAt: c.CreatedAt, CheckpointState: wire.StateOf(c)}
	}
	return wire.ResumeAnswer{Success: true, Data: r}, nil
}
