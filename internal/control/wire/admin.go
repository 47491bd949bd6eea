package wire

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// The paths of what operators do.
const (
	PathAdmin        = Prefix + "/admin"
	PathAdminBackup  = PathAdmin + "/backup"
	PathAdminCleanup = PathAdmin + "/cleanup"
)

// A CleanupRequest is the body of POST /admin/cleanup. The zero value cleans up
// by the settings of the backend.
type CleanupRequest struct {
	DryRun        bool `json:"dry_run,omitempty" doc:"only say what would be deleted"`
	OlderThanDays *int `json:"older_than_days,omitempty" minimum:"0" maximum:"36500" doc:"delete operations that ended so long ago, instead of what the settings say"`
}

// A CleanupReport says what a clean-up has deleted, or would delete.
type CleanupReport struct {
	Success         bool               `json:"success"`
	DryRun          bool               `json:"dry_run" doc:"nothing was deleted; everything else says what would be"`
	OperationsCount int                `json:"operations_count"`
	Operations      []CleanedOperation `json:"operations" doc:"with their events, metrics and results, those that ended first; at most 10,000"`
	Checkpoints     int                `json:"checkpoints" doc:"old ones, beside those of the operations"`
	Retired         CleanedArtifacts   `json:"retired" doc:"artifacts that nothing refers to any more; put aside, and deleted by a later clean-up unless somebody asks for them"`
	Deleted         CleanedArtifacts   `json:"deleted" doc:"artifacts that were put aside before and are gone for good"`
}

// MaxCleaned is how many operations and artifacts a CleanupReport names; it counts
// all of them.
const MaxCleaned = 10_000

// A CleanedOperation is an operation that a clean-up deletes.
type CleanedOperation struct {
	OperationID   string           `json:"operation_id"`
	OperationType operation.Type   `json:"operation_type"`
	Status        operation.Status `json:"status"`
	CompletedAt   time.Time        `json:"completed_at"`
}

// CleanedArtifacts are content that a clean-up puts aside or deletes.
type CleanedArtifacts struct {
	Count     int               `json:"count"`
	SizeBytes int64             `json:"size_bytes"`
	Artifacts []CleanedArtifact `json:"artifacts" doc:"at most 10,000"`
}

// A CleanedArtifact is content that a clean-up puts aside or deletes.
type CleanedArtifact struct {
	SHA256    string `json:"sha256"`
	SizeBytes int64  `json:"size_bytes"`
}

// Backup returns the bytes of a backup as the backend makes it. Whoever reads
// them must verify them: a backend that fails on the way ends them early.
func (c *Client) Backup(ctx context.Context) (io.ReadCloser, error) {
	resp, err := c.send(ctx, call{method: http.MethodGet, path: PathAdminBackup}, nil, 0)
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

// Cleanup has the backend delete what is old.
func (c *Client) Cleanup(ctx context.Context, req CleanupRequest) (CleanupReport, error) {
	var r CleanupReport
	err := c.do(ctx, call{method: http.MethodPost, path: PathAdminCleanup, in: req, out: &r})
	return r, err
}
