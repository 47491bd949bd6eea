package backend

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/dispatch"
	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/queue"
	"github.com/ktrdr/ktrdr/internal/control/replica"
	"github.com/ktrdr/ktrdr/internal/control/store"
	"github.com/ktrdr/ktrdr/internal/control/upkeep"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/data/artifact"
	"github.com/ktrdr/ktrdr/internal/data/barstore"
	"github.com/ktrdr/ktrdr/internal/edge/api"
	"github.com/ktrdr/ktrdr/internal/edge/intake"
	"github.com/ktrdr/ktrdr/internal/edge/listen"
	"github.com/ktrdr/ktrdr/internal/edge/settings"
	"github.com/ktrdr/ktrdr/internal/observe"
)

// EngineVersion names the mathematics. It is part of every specification and
// model, and changes whenever the same inputs would give other bits.
const EngineVersion = "6"

// Options are what a process gives its backend beside the settings. Both are
// required.
type Options struct {
	Ready func(url string) // called once it can be used
	Log   *slog.Logger
}

// Run is the backend that v describes. It returns when ctx has ended and requests
// under way are done, or when the backend can no longer schedule.
func Run(ctx context.Context, v settings.Values, o Options) (err error) {
	log := o.Log
	l, err := listen.On(ctx, v.Get(settings.Listen))
	if err != nil {
		return err
	}
	interval, err := v.Seconds(settings.RetentionInterval)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	b, err := open(ctx, v, holderName(v, l.Addr().String()), log)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	defer func() { err = errors.Join(err, closeAll(b.opened)) }()

	ctx, stop := context.WithCancel(ctx)
	// The API outlives the scheduler a little: who calls meanwhile is told to come
	// back, and the workers are told that they will be needed again.
	schedule, unschedule := context.WithCancel(context.WithoutCancel(ctx))
	serve, unserve := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	var scheduling error
	running.Go(func() {
		defer stop() // without a scheduler the backend must not stay
		scheduling = b.controller.Run(schedule)
	})
	running.Go(func() {
		defer unserve()
		<-ctx.Done()
		var workers []fleet.Worker
		select {
		case <-b.controller.Ready():
			workers = b.controller.Workers()
		default:
		}
		unschedule()
		farewell(ctx, b.workers, workers, log)
		close(b.stopping)
	})
	running.Go(func() { cleanRegularly(ctx, b.upkeep, interval, b.controller, log) })
	running.Go(func() {
		b.bars.Compact(ctx, func(err error) {
			log.WarnContext(ctx, "bars not compacted; the next import of the series tries again", "error", err)
		})
	})
	select {
	case <-b.controller.Ready():
		o.Ready("http://" + l.Addr().String())
	case <-ctx.Done():
	}
	serving := listen.Serve(serve, l, b.handler, log)
	stop()
	running.Wait()
	if errors.Is(scheduling, context.Canceled) {
		scheduling = nil // it was told to end
	}
	return errors.Join(scheduling, serving)
}

// A backend is the opened stores, the scheduler over them, and the API.
type backend struct {
	controller *dispatch.Controller
	workers    *wire.WorkerClient
	handler    http.Handler
	upkeep     upkeepOf
	bars       *barstore.Store
	stopping   chan struct{} // closed when streams must end
	opened     []io.Closer
}

// open opens everything that a backend keeps and wires it together.
// holder names this process to other backends.
func open(ctx context.Context, s settings.Values, holder string, log *slog.Logger) (*backend, error) {
	dir := s.Get(settings.DataDir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	if err := upkeep.CheckRestored(dir); err != nil {
		return nil, err
	}
	b := &backend{stopping: make(chan struct{})}
	if err := b.assemble(ctx, dir, s, holder, log); err != nil {
		return nil, errors.Join(err, closeAll(b.opened))
	}
	return b, nil
}

func (b *backend) assemble(ctx context.Context, dir string, s settings.Values, holder string, log *slog.Logger) error {
	shared := s.Get(settings.DatabaseURL) != ""
	records, err := store.Open(ctx, cmp.Or(s.Get(settings.DatabaseURL), filepath.Join(dir, "ktrdr.db")), store.Options{})
	if err != nil {
		return err
	}
	b.opened = append(b.opened, records)
	files, err := openArtifacts(ctx, cmp.Or(s.Get(settings.SharedDir), dir), shared, records)
	if err != nil {
		return err
	}
	b.opened = append(b.opened, files)
	bars, err := barstore.Open(filepath.Join(dir, "bars"))
	if err != nil {
		return err
	}
	b.opened, b.bars = append(b.opened, bars), bars

	timing, err := fleetTiming(s)
	if err != nil {
		return err
	}
	limits, err := submitterLimits(s)
	if err != nil {
		return err
	}
	policy, err := retentionPolicy(s)
	if err != nil {
		return err
	}
	build := observe.ReadBuild()
	b.workers = wire.NewWorkerClient(wire.ClientOptions{})
	b.controller = dispatch.New(dispatch.Options{
		Store: records, Transport: b.workers, Holder: holder, Shared: shared, Timing: timing, Limits: limits, Log: log,
		Stored: func(ctx context.Context, hash string) error {
			_, err := files.Stat(ctx, artifact.Hash(hash))
			if errors.Is(err, artifact.ErrNotFound) {
				err = fmt.Errorf("%w: %w", operation.ErrNotFound, err)
			}
			return err
		},
		Reusable: reusable(files), Passing: isFull,
	})
	held, kept := heldBars(shared, b.controller, replica.Options{Own: bars, Records: records, Files: files, Holder: holder})
	b.upkeep = upkeepOf{&upkeep.Keeper{Records: records, Files: files, Bars: kept, Dir: dir, Version: build.Version, Policy: policy, Now: time.Now}}
	b.handler, err = api.New(api.Options{
		Controller: b.controller, Operations: records, Checkpoints: checkpointIndex{records}, History: records, Stopping: b.stopping, Models: modelIndex{records}, Bars: held, Artifacts: artifactFiles{files},
		Upkeep: b.upkeep,
		Errors: apiErrors(), StrategyDirs: []string{s.Get(settings.StrategiesDir)}, DataDir: dir,
		Version: build.Version, EngineVersion: EngineVersion,
		Metrics: observe.Metrics(observe.NewRegistry("backend", build)), Log: log,
	})
	if shared && err == nil {
		b.handler = forwardHandler(b.controller, b.handler, log)
	}
	return err
}

// fleetTiming reads by which intervals workers live and die.
func fleetTiming(s settings.Values) (fleet.Timing, error) {
	failures, err := s.Int(settings.HealthFailures)
	if err != nil {
		return fleet.Timing{}, err
	}
	timing := fleet.Timing{HealthMisses: failures}
	for key, into := range map[string]*time.Duration{
		settings.HealthInterval: &timing.HealthInterval, settings.HealthTimeout: &timing.HealthTimeout,
		settings.Lease: &timing.Lease, settings.Removal: &timing.Removal,
	} {
		if *into, err = s.Seconds(key); err != nil {
			return fleet.Timing{}, err
		}
	}
	return timing, nil
}

// submitterLimits reads what one submitter may have at once.
func submitterLimits(s settings.Values) (queue.Limits, error) {
	queued, err1 := s.Int(settings.MaxQueued)
	running, err2 := s.Int(settings.MaxRunning)
	return queue.Limits{Queued: queued, Running: running}, errors.Join(err1, err2)
}

// isError says whether an error is of type E.
func isError[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// isFull says whether an error is that there is no room on the disk.
func isFull(err error) bool {
	return errors.Is(err, store.ErrFull) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// apiErrors tells the API which errors of the parts mean what.
func apiErrors() api.Errors {
	return api.Errors{
		Unknown: dispatch.ErrUnknown, Superseded: dispatch.ErrSuperseded, Ended: dispatch.ErrTerminal, Stopping: dispatch.ErrStopping,
		NoBars: barstore.ErrNotFound, NoArtifact: artifact.ErrNotFound, WrongArtifact: artifact.ErrMismatch,
		Full: isFull, Standby: dispatch.ErrStandby, Short: store.ErrShort, Away: store.ErrAway,
		Limited: isError[*queue.LimitError], Late: isError[*dispatch.DeadlineError], WorkerBusy: isError[*dispatch.WorkerBusyError],
		NotFailed: isError[*dispatch.NotRetriableError],
		NoWorker: func(err error) (intake.NoWorker, bool) {
			if none, ok := errors.AsType[*dispatch.NoWorkersError](err); ok {
				return intake.NoWorker{Type: none.Type, Registered: none.Registered, Uptime: none.Uptime}, true
			}
			if busy, ok := errors.AsType[*dispatch.BusyError](err); ok {
				return intake.NoWorker{Type: busy.Type, Registered: busy.Registered, Busy: true, Drained: busy.Drained, Uptime: busy.Uptime}, true
			}
			return intake.NoWorker{}, false
		},
	}
}

// closeAll closes what was opened, last first.
func closeAll(opened []io.Closer) error {
	var err error
	for i := len(opened) - 1; i >= 0; i-- {
		err = errors.Join(err, opened[i].Close())
	}
	return err
}
