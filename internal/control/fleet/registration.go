package fleet

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"net/url"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// A Registration is what a worker says about itself, at start and as its
// heartbeat.
type Registration struct {
	WorkerID     string       `json:"worker_id"`
	Type         WorkerType   `json:"worker_type"`
	EndpointURL  string       `json:"endpoint_url"`
	Capabilities Capabilities `json:"capabilities"`
	Incarnation  string       `json:"incarnation"`
	Version      string       `json:"version"`
	Contract     string       `json:"contract,omitempty"`
	Draining     bool         `json:"draining"`
	// CurrentOperationID is what the worker is running; Current is its token.
	CurrentOperationID *string          `json:"current_operation_id"`
	Current            *operation.Token `json:"current,omitempty"`
	// Finished are outcomes that the backend has not acknowledged.
	Finished []operation.Report `json:"finished,omitempty"`
}

// NewIncarnation names a process that starts now; incarnations sort by start
// time as text. tail should be random.
func NewIncarnation(now time.Time, tail [4]byte) string {
	return now.UTC().Format("20060102T150405.000000000Z") + "-" + hex.EncodeToString(tail[:])
}

const (
	maxIDLength     = 120
	maxTextLength   = 500
	maxCapabilities = 64
)

// Validate refuses, with ErrInvalid, a registration that could not be right for
// any worker.
func (r Registration) Validate() error {
	if err := operation.ValidateID(r.WorkerID); err != nil {
		return fmt.Errorf("%w: worker_id is %q: want 1 to %d letters, digits, _ or -", ErrInvalid, r.WorkerID, maxIDLength)
	}
	if t, err := ParseWorkerType(string(r.Type)); err != nil || t != r.Type {
		return fmt.Errorf("%w: %w", ErrInvalid, cmp.Or(err, fmt.Errorf("worker_type is %q: want %q", r.Type, t)))
	}
	u, err := url.Parse(r.EndpointURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || len(r.EndpointURL) > maxTextLength {
		return fmt.Errorf("%w: endpoint_url is %.80q: want a URL such as http://host:5003", ErrInvalid, r.EndpointURL)
	}
	if len(r.Incarnation) > maxIDLength || len(r.Version) > maxIDLength {
		return fmt.Errorf("%w: incarnation or version has more than %d characters", ErrInvalid, maxIDLength)
	}
	if err := Compatible(r.Contract); err != nil {
		return err
	}
	if len(r.Capabilities) > maxCapabilities {
		return fmt.Errorf("%w: %d capabilities: want at most %d", ErrInvalid, len(r.Capabilities), maxCapabilities)
	}
	return nil
}
