package backend

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/upkeep"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/data/artifact"
	"github.com/ktrdr/ktrdr/internal/edge/settings"
)

// retentionPolicy reads what is old.
func retentionPolicy(s settings.Values) (p upkeep.Policy, err error) {
	operations, err1 := s.Int(settings.KeepOperations)
	checkpoints, err2 := s.Int(settings.KeepCheckpoints)
	p.Operations, p.Checkpoints = days(operations), days(checkpoints)
	var err3 error
	p.Grace, err3 = s.Seconds(settings.RetentionGrace)
	return p, errors.Join(err1, err2, err3)
}

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

// upkeepOf is a keeper as the API asks for it.
type upkeepOf struct{ *upkeep.Keeper }

// Cleanup implements api.Upkeep.
func (u upkeepOf) Cleanup(ctx context.Context, req wire.CleanupRequest) (wire.CleanupReport, error) {
	p := u.Policy
	if req.OlderThanDays != nil {
		p.Operations = max(days(*req.OlderThanDays), 1)
	}
	do := u.Clean
	if req.DryRun {
		do = u.Plan
	}
	done, err := do(ctx, p)
	if errors.Is(err, upkeep.ErrBusy) {
		return wire.CleanupReport{}, &wire.Error{Code: wire.CodeUnavailable, Message: err.Error(), RetryAfter: 10 * time.Second}
	}
	r := wire.CleanupReport{Success: true, DryRun: req.DryRun, OperationsCount: len(done.Operations), Operations: []wire.CleanedOperation{},
		Checkpoints: done.Checkpoints, Retired: cleanedArtifacts(done.Retired), Deleted: cleanedArtifacts(done.Deleted)}
	for _, o := range done.Operations[:min(len(done.Operations), wire.MaxCleaned)] {
		r.Operations = append(r.Operations, wire.CleanedOperation{OperationID: o.ID, OperationType: o.Type, Status: o.Status, CompletedAt: o.At})
	}
	return r, err
}

func cleanedArtifacts(all []artifact.Info) wire.CleanedArtifacts {
	c := wire.CleanedArtifacts{Count: len(all), Artifacts: []wire.CleanedArtifact{}}
	for n, i := range all {
		if n < wire.MaxCleaned {
			c.Artifacts = append(c.Artifacts, wire.CleanedArtifact{SHA256: string(i.Hash), SizeBytes: i.SizeBytes})
		}
		c.SizeBytes += i.SizeBytes
	}
	return c
}

// cleanRegularly cleans up after each interval in which this backend schedules,
// until ctx ends. The first time is not at the start: workers that kept outcomes
// while the backend was away report them first.
func cleanRegularly(ctx context.Context, u upkeepOf, interval time.Duration, s scheduling, log *slog.Logger) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if _, here, _ := s.Scheduler(); !here {
			continue
		}
		r, err := u.Cleanup(ctx, wire.CleanupRequest{})
		if err != nil && ctx.Err() == nil {
			log.WarnContext(ctx, "clean-up not finished; the next one goes on", "error", err)
			continue
		}
		if r.OperationsCount+r.Checkpoints+r.Retired.Count+r.Deleted.Count > 0 {
			log.InfoContext(ctx, "cleaned up", "operations", r.OperationsCount, "checkpoints", r.Checkpoints, "retired", r.Retired.Count, "deleted", r.Deleted.Count, "bytes", r.Deleted.SizeBytes)
		}
	}
}
