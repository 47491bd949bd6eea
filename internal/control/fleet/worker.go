package fleet

import (
	"fmt"
	"strings"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// A WorkerType says which operations a worker runs. Its text is its wire value.
type WorkerType string

// The types of workers.
const (
	Backtesting WorkerType = "backtesting"
	Training    WorkerType = "training"
	Data        WorkerType = "data" // the host of the broker session
)

// ParseWorkerType accepts a worker type in any case, and the older words
// cpu_training and gpu_host for training.
func ParseWorkerType(s string) (WorkerType, error) {
	switch strings.ToLower(s) {
	case "backtesting":
		return Backtesting, nil
	case "training", "cpu_training", "gpu_host":
		return Training, nil
	case "data":
		return Data, nil
	}
	return "", fmt.Errorf("unknown worker type %.80q: want one of %s %s %s", s, Backtesting, Training, Data)
}

// TypeFor returns the type of worker that runs operations of type t.
func TypeFor(t operation.Type) (WorkerType, error) {
	switch t {
	case operation.Training:
		return Training, nil
	case operation.Backtesting, operation.Sweep, operation.SweepChunk:
		return Backtesting, nil
	case operation.DataLoad:
		return Data, nil
	}
	return "", fmt.Errorf("operation type %q: no type of worker runs it", t)
}

// A Status is what the scheduler may do with a worker. Its text is its wire value.
type Status string

// The states of a worker.
const (
	Available              Status = "available"
	Busy                   Status = "busy"
	TemporarilyUnavailable Status = "temporarily_unavailable"
)

// Capabilities are the free-form claims of a worker about itself.
type Capabilities map[string]any

// GPU reports whether the worker claims a GPU: the value of "gpu" is exactly
// true.
func (c Capabilities) GPU() bool {
	gpu, ok := c["gpu"].(bool)
	return ok && gpu
}

// A Worker is one process that runs operations, as the backend sees it.
type Worker struct {
	ID                  string       `json:"worker_id"`
	Type                WorkerType   `json:"worker_type"`
	EndpointURL         string       `json:"endpoint_url"`
	Status              Status       `json:"status"`
	CurrentOperationID  *string      `json:"current_operation_id"`
	Capabilities        Capabilities `json:"capabilities"`
	LastHealthCheck     *time.Time   `json:"last_health_check"`
	LastHealthyAt       *time.Time   `json:"last_healthy_at"`
	HealthCheckFailures int          `json:"health_check_failures"`
	Metadata            Metadata     `json:"metadata"`

	// Incarnation names the process behind the id; it sorts by start time.
	Incarnation   string    `json:"incarnation"`
	Version       string    `json:"version"`
	Contract      string    `json:"contract,omitempty"`
	Draining      bool      `json:"draining"`           // it says that it takes nothing more
	Cordoned      bool      `json:"cordoned,omitempty"` // an operator says that it is given nothing more
	Reachable     bool      `json:"reachable"`          // the backend's last health check was answered
	LastError     *string   `json:"last_error"`
	RegisteredAt  time.Time `json:"registered_at"`
	LastHeartbeat time.Time `json:"last_heartbeat"`

	track track
}

// Metadata carries what older clients look for.
type Metadata struct {
	LastSelected *float64 `json:"last_selected,omitempty"` // Unix seconds
}

// Health is a worker's answer to the backend's health check.
type Health struct {
	WorkerID           string // "" if the worker does not say
	Incarnation        string // "" if the worker does not say
	Version            string
	Busy               bool
	Draining           bool
	CurrentOperationID string           // "" when idle
	Current            *operation.Token // nil if idle or not said
	// Finished are attempts with an outcome not yet acknowledged by the backend.
	Finished []operation.Token
}
