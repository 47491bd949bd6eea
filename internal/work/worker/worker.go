package worker

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"sync"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
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

	DataDir    string // no two workers may share one
	CacheBytes int64  // largest size of the artifact cache; 0: 4 GiB
	Threads    int    // of a job; 0: one per CPU

	Jobs        map[operation.Type]Job
	Checkpoints CheckpointPolicy

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
type Worker struct {
	o           Options
	id          string
	incarnation string
	backend     Backend
	log         *slog.Logger
	cache       *cache
	release     func() error // gives the data directory back
	address     *address

	jobs    sync.WaitGroup // the goroutine of the current attempt
	wake    chan struct{}  // of the courier: there may be something to report
	beat    chan struct{}  // of the heartbeat: register soon
	dropped chan struct{}  // an outcome has been dealt with

	mu       sync.Mutex // guards what follows
	current  *attempt   // what runs; nil when idle
	finished []*attempt // outcomes not yet acknowledged, oldest first
	stopping bool
	term     int64 // the newest of a scheduler that this process has heard of
}

// New checks o and takes the data directory, which Run gives back.
func New(o Options) (*Worker, error) {
	if o.DataDir == "" || len(o.Jobs) == 0 {
		return nil, errors.New("new worker: DataDir and Jobs are required")
	}
	if t, err := fleet.ParseWorkerType(string(o.Type)); err != nil || t != o.Type {
		return nil, fmt.Errorf("new worker: %w", cmp.Or(err, fmt.Errorf("worker type is %q: want %q", o.Type, t)))
	}
	o.CacheBytes = cmp.Or(o.CacheBytes, 4<<30)
	o.Threads = cmp.Or(o.Threads, runtime.GOMAXPROCS(0))
	o.Grace = cmp.Or(o.Grace, 25*time.Second)
	o.Heartbeat = cmp.Or(o.Heartbeat, 10*time.Second)
	o.Checkpoints = o.Checkpoints.withDefaults()
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Backend == nil {
		client, err := wire.NewClient(o.BackendURL, wire.ClientOptions{Tries: 1, UserAgent: "ktrdr-worker/" + o.Version})
		if err != nil {
			return nil, fmt.Errorf("backend address: %w", err)
		}
		o.BackendURL, o.Backend = client.URL(), client
	}
	root, release, err := takeDirectory(o.DataDir)
	if err != nil {
		return nil, err
	}
	w := &Worker{o: o, backend: o.Backend, release: release,
		wake: make(chan struct{}, 1), beat: make(chan struct{}, 1), dropped: make(chan struct{}, 1)}
	if w.id, err = identity(root, o.ID, o.Type); err == nil {
		w.cache, err = openCache(root, o.CacheBytes)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("data directory %s: %w", o.DataDir, err), release())
	}
	var tail [4]byte
	rand.Read(tail[:]) // never fails
	w.incarnation = fleet.NewIncarnation(o.Now(), tail)
	w.log = o.Log.With("worker", w.id)
	return w, nil
}

// ID returns the id of the worker.
func (w *Worker) ID() string { return w.id }

// Run serves and works until ctx ends, then stops the job, tells the backend and
// returns within the grace period. It returns only when every goroutine that it
// started has ended, except that of a job which does not stop in time.
func (w *Worker) Run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, w.release()) }()
	listener := w.o.Listener
	if listener == nil {
		if listener, err = net.Listen("tcp", w.o.Listen); err != nil {
			return fmt.Errorf("listen: %w", err)
		}
	}
	if w.address, err = newAddress(w.o.EndpointURL, listener.Addr(), w.o.BackendURL); err != nil {
		return errors.Join(err, listener.Close())
	}
	// What tells the backend how things end must outlive ctx.
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	server := &http.Server{Handler: w.Handler(life), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(w.log.Handler(), slog.LevelWarn)}
	var parts sync.WaitGroup
	defer parts.Wait()
	defer end()
	failed := make(chan error, 2)
	parts.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			failed <- fmt.Errorf("serve: %w", err)
		}
	})
	defer server.Close()
	url := "http://" + listener.Addr().String()
	w.log.InfoContext(ctx, "worker listens", "url", url, "type", w.o.Type, "incarnation", w.incarnation)
	if w.o.Ready != nil {
		w.o.Ready(url)
	}
	parts.Go(func() { w.courier(life) })
	parts.Go(func() {
		if err := w.heartbeats(life); err != nil {
			failed <- err
		}
	})
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	return errors.Join(err, w.leave(life))
}

// leave ends the work of the worker: nothing new is admitted, the job is asked
// to stop, its outcome is delivered, and the backend is told good-bye.
func (w *Worker) leave(life context.Context) error {
	ctx, cancel := context.WithTimeout(life, w.o.Grace)
	defer cancel()
	w.mu.Lock()
	w.stopping = true
	current := w.current
	w.mu.Unlock()
	var stuck error
	if current != nil {
		w.log.InfoContext(ctx, "stopping the running job", "operation", current.token.OperationID)
		current.cancel(ErrDrained)
		select {
		case <-current.done:
			w.jobs.Wait()
		case <-ctx.Done():
			stuck = fmt.Errorf("job of %s did not stop within %s", current.token.OperationID, w.o.Grace)
		}
	}
	for w.undelivered() > 0 && ctx.Err() == nil {
		select {
		case <-w.dropped:
		case <-ctx.Done():
			w.log.WarnContext(ctx, "outcomes could not be delivered; their operations will run again", "outcomes", w.undelivered())
		}
	}
	bye, done := context.WithTimeout(life, farewell)
	defer done()
	err := w.backend.Deregister(bye, w.id, w.incarnation)
	if kind := wire.KindOf(err); err != nil && kind != wire.NotFound && kind != wire.Conflict { // which say that it has left
		w.log.WarnContext(bye, "backend was not told that this worker leaves; it will notice", "error", err)
	}
	return stuck
}

// farewell is how long telling the backend good-bye may take.
const farewell = 2 * time.Second

// nudge sends on a channel of capacity 1 unless it is full.
func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
