package wire

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// A CheckpointSummary is one row of a list of checkpoints.
type CheckpointSummary struct {
	OperationID        string                   `json:"operation_id"`
	OperationType      operation.Type           `json:"operation_type"`
	OperationStatus    operation.Status         `json:"operation_status"`
	Kind               operation.CheckpointKind `json:"checkpoint_type"`
	CreatedAt          time.Time                `json:"created_at"`
	StateSummary       CheckpointState          `json:"state_summary"`
	ArtifactsSizeBytes int64                    `json:"artifacts_size_bytes"`
	SHA256             string                   `json:"sha256" doc:"content of the state in the artifact store"`
}

// A CheckpointState says where the work stood.
type CheckpointState struct {
	Unit     string `json:"unit" doc:"what position counts: epoch or bar"`
	Position int64  `json:"position"`
	Epoch    *int64 `json:"epoch" doc:"position of a training; null otherwise"`
	Attempt  int    `json:"attempt" doc:"the attempt that saved it"`
}

// StateOf returns where the work stood at c.
func StateOf(c operation.Checkpoint) CheckpointState {
	s := CheckpointState{Unit: c.Unit, Position: c.Position, Attempt: c.Attempt}
	if c.Unit == "epoch" {
		s.Epoch = &s.Position
	}
	return s
}

// A CheckpointList is the answer to GET /checkpoints.
type CheckpointList struct {
	Success    bool                `json:"success"`
	Data       []CheckpointSummary `json:"data"`
	TotalCount int                 `json:"total_count"`
}

// A CheckpointDetail is one operation's newest checkpoint, and those kept in case
// it is damaged.
type CheckpointDetail struct {
	OperationID   string                   `json:"operation_id"`
	Kind          operation.CheckpointKind `json:"checkpoint_type"`
	CreatedAt     time.Time                `json:"created_at"`
	State         CheckpointState          `json:"state"`
	Facts         json.RawMessage          `json:"facts" doc:"what the worker said about it; null if nothing"`
	SHA256        string                   `json:"sha256"`
	SizeBytes     int64                    `json:"artifacts_size_bytes"`
	ArtifactsPath string                   `json:"artifacts_path" doc:"path of the state in this interface"`
	Older         []CheckpointSummary      `json:"older"`
}

// A CheckpointAnswer is the answer to GET /checkpoints/{operation_id}.
type CheckpointAnswer struct {
	Success bool             `json:"success"`
	Data    CheckpointDetail `json:"data"`
}

// CheckpointStats sum up the checkpoints that are kept.
type CheckpointStats struct {
	Success          bool       `json:"success"`
	TotalCheckpoints int        `json:"total_checkpoints"`
	TotalSizeBytes   int64      `json:"total_size_bytes"`
	OldestCheckpoint *time.Time `json:"oldest_checkpoint"`
}

// A CheckpointCleanup is the answer to POST /checkpoints/cleanup.
type CheckpointCleanup struct {
	Success                bool     `json:"success"`
	DryRun                 bool     `json:"dry_run" doc:"nothing was deleted; the counts say what would be"`
	CheckpointsDeleted     int      `json:"checkpoints_deleted"`
	Operations             []string `json:"operations" doc:"whose checkpoints they were"`
	OrphanArtifactsCleaned int      `json:"orphan_artifacts_cleaned" doc:"always 0 here: content that nothing refers to is removed by ktrdr admin cleanup"`
}

// A Done is the answer to what has no other result.
type Done struct {
	Success bool   `json:"success"`
	Message string `json:"message"`
}

// A ResumedFrom says from which checkpoint an operation goes on.
type ResumedFrom struct {
	Kind      operation.CheckpointKind `json:"checkpoint_type"`
	CreatedAt time.Time                `json:"created_at"`
	CheckpointState
}

// A Resumption says that an operation goes on.
type Resumption struct {
	OperationID   string           `json:"operation_id"`
	Status        operation.Status `json:"status"`
	QueuePosition int              `json:"queue_position" doc:"place in the queue, from 1; 0 when not waiting"`
	ResumedFrom   ResumedFrom      `json:"resumed_from"`
}

// A ResumeAnswer is the answer to POST /operations/{operation_id}/resume.
type ResumeAnswer struct {
	Success bool       `json:"success"`
	Data    Resumption `json:"data"`
}

// Resume takes a failed or cancelled operation up again from its checkpoint.
func (c *Client) Resume(ctx context.Context, id string) (Resumption, error) {
	var a ResumeAnswer
	err := c.do(ctx, call{method: http.MethodPost, path: fill(PathOperationResume, id), out: &a})
	return a.Data, err
}

// Checkpoints lists the checkpoints that are kept, newest first; olderThanDays 0
// lists all.
func (c *Client) Checkpoints(ctx context.Context, olderThanDays int) (CheckpointList, error) {
	q := url.Values{}
	setInt(q, "older_than_days", olderThanDays)
	var l CheckpointList
	err := c.get(ctx, PathCheckpoints, q, &l)
	return l, err
}

// Checkpoint returns the checkpoint of an operation.
func (c *Client) Checkpoint(ctx context.Context, id string) (CheckpointDetail, error) {
	var a CheckpointAnswer
	err := c.get(ctx, fill(PathCheckpoint, id), nil, &a)
	return a.Data, err
}

// DeleteCheckpoint deletes the checkpoints of an operation that has ended.
func (c *Client) DeleteCheckpoint(ctx context.Context, id string) (Done, error) {
	var d Done
	err := c.do(ctx, call{method: http.MethodDelete, path: fill(PathCheckpoint, id), out: &d})
	return d, err
}
