package worker

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// A Backend is what a worker needs of a backend; *wire.Client is one.
type Backend interface {
	Register(ctx context.Context, r fleet.Registration) (fleet.Worker, error)
	Deregister(ctx context.Context, workerID, incarnation string) error
	Report(ctx context.Context, r operation.Report) error
	Artifact(ctx context.Context, hash string, w io.Writer) (int64, error)
	PutArtifact(ctx context.Context, body []byte) (string, error)
}

// Options describe a worker. Type, BackendURL, DataDir and Jobs are required.
type Options struct {
	// ID names the worker over restarts; "" takes the one kept in DataDir, which
	// is made up at the first start.
	ID           string
	Type         fleet.WorkerType
	Capabilities fleet.Capabilities
	Version      string

	BackendURL string
	Backend    Backend // nil: a client of BackendURL

	Listen      string       // HOST:PORT; port 0 takes any free one
	Listener    net.Listener // used instead of Listen if not nil
	EndpointURL string       // address that the backend shall call; "" finds it out

	DataDir    string
	CacheBytes int64 // largest size of the artifact cache; 0: 4 GiB
	Threads    int   // of a job; 0: one per CPU

	Jobs    map[operation.Type]Job
	Metrics http.Handler // served at /metrics; nil for none

	// Ready is called once, when the worker listens, with its address.
	Ready func(url string)

	// Grace is how long a stopping worker waits for its job; 0: 25 s.
	Grace time.Duration
	// Heartbeat is the time between two registrations; 0: 10 s.
	Heartbeat time.Duration

	Now func() time.Time // nil: time.Now
	Log *slog.Logger     // nil discards
}

// A Worker is a worker process. Make one with New; Run runs it once.
type Worker struct{ o Options }

// New returns the worker that o describes. It does nothing until Run.
func New(o Options) (*Worker, error) { return &Worker{o: o}, nil }

// Run serves and works until ctx ends, then stops the job, tells the backend and
// returns within the grace period. It returns only when every goroutine that it
// started has ended.
func (w *Worker) Run(ctx context.Context) error { panic("not yet") }
