package fleet

import (
	"cmp"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

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
	maxIDLength          = 120
	maxTextLength        = 500
	maxCapabilities      = 64
	maxCapabilitiesBytes = 16 << 10 // as JSON
)

// Validate refuses, with ErrInvalid, a registration that could not be right for
// any worker.
func (r Registration) Validate() error {
	if err := operation.ValidateID(r.WorkerID); err != nil {
		return fmt.Errorf("%w: worker_id is %.80q: want 1 to %d letters, digits, _ or -", ErrInvalid, r.WorkerID, maxIDLength)
	}
	if t, err := ParseWorkerType(string(r.Type)); err != nil || t != r.Type {
		return fmt.Errorf("%w: %w", ErrInvalid, cmp.Or(err, fmt.Errorf("worker_type is %q: want %q", r.Type, t)))
	}
	if !isRoot(r.EndpointURL) {
		return fmt.Errorf("%w: endpoint_url is %.80q: want scheme, host and port alone, such as http://host:5003", ErrInvalid, r.EndpointURL)
	}
	if !isName(r.Incarnation) || !isName(r.Version) {
		return fmt.Errorf("%w: incarnation is %.80q and version %.80q: want at most %d printable characters", ErrInvalid, r.Incarnation, r.Version, maxIDLength)
	}
	if err := Compatible(r.Contract); err != nil {
		return err
	}
	if len(r.Capabilities) > maxCapabilities {
		return fmt.Errorf("%w: %d capabilities: want at most %d", ErrInvalid, len(r.Capabilities), maxCapabilities)
	}
	if text, err := json.Marshal(r.Capabilities); err != nil || len(text) > maxCapabilitiesBytes {
		return fmt.Errorf("%w: capabilities take %d bytes: want at most %d", ErrInvalid, len(text), maxCapabilitiesBytes)
	}
	return r.validateCurrent()
}

// validateCurrent refuses what cannot be an operation that a worker was given.
func (r Registration) validateCurrent() error {
	var err error
	if r.CurrentOperationID != nil {
		err = operation.ValidateID(*r.CurrentOperationID)
	}
	if err == nil && r.Current != nil {
		err = operation.ValidateID(r.Current.OperationID)
		if err == nil && r.Current.Attempt < 1 {
			err = fmt.Errorf("attempt is %d: want at least 1", r.Current.Attempt)
		}
	}
	if err != nil {
		return fmt.Errorf("%w: current operation: %w", ErrInvalid, err)
	}
	return nil
}

// isRoot reports whether text is the root of a web server, without a password.
func isRoot(text string) bool {
	u, err := url.Parse(text)
	if err != nil || len(text) > maxTextLength {
		return false
	}
	_, err = strconv.ParseUint(cmp.Or(u.Port(), "80"), 10, 16)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" &&
		u.User == nil && strings.Trim(u.Path, "/") == "" && u.RawQuery == "" && u.Fragment == ""
}

// isName reports whether a log and a table can carry text as it is.
func isName(text string) bool {
	return len(text) <= maxIDLength && utf8.ValidString(text) && !strings.ContainsFunc(text, func(c rune) bool { return !unicode.IsPrint(c) })
}
