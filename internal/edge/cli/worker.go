package cli

import (
	"context"
	"errors"
	"net"
	"runtime"
	"runtime/debug"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/edge/command"
	"github.com/ktrdr/ktrdr/internal/edge/exit"
	"github.com/ktrdr/ktrdr/internal/edge/listen"
	"github.com/ktrdr/ktrdr/internal/edge/settings"
	"github.com/ktrdr/ktrdr/internal/observe"
	"github.com/ktrdr/ktrdr/internal/work/job"
	"github.com/ktrdr/ktrdr/internal/work/worker"
)

func newWorker(c *command.Console) *cobra.Command {
	return command.Group("worker", "Run a worker: a process that computes for a backend", newWorkerBacktest(c), newWorkerTraining(c))
}

const workerLong = `

It registers itself with the backend of --url, which must be given, and again
every 10 s for as long as it lives, so the two may start in any order. It keeps
nothing but its name and a cache: all else lies with the backend.

When it is ready it prints one line, "listening on http://HOST:PORT". SIGINT and
SIGTERM stop it: it takes no new work, saves the state of what it runs, hands that
back for another worker to go on with, and leaves.`

func newWorkerBacktest(c *command.Console) *cobra.Command {
	cmd := &cobra.Command{
		Use: "backtest", Short: "Run a worker for backtests", Args: command.Arguments(0, 0),
		Long: "Run a worker for backtests." + workerLong,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := settings.Read(cmd, settings.RoleBacktest)
			if err != nil {
				return err
			}
			chunk, whole := job.Sweeps()
			return work(cmd.Context(), c, s, workerKind{
				kind: fleet.Backtesting, units: settings.BarInterval,
				jobs: map[operation.Type]worker.Job{operation.Backtesting: job.Backtest(), operation.SweepChunk: chunk, operation.Sweep: whole},
			})
		},
	}
	settings.Bind(cmd, settings.RoleBacktest)
	return cmd
}

func newWorkerTraining(c *command.Console) *cobra.Command {
	var gpu bool
	cmd := &cobra.Command{
		Use: "training", Short: "Run a worker for training", Args: command.Arguments(0, 0),
		Long: "Run a worker for training." + workerLong + `

A worker that says it has a GPU is preferred for training. It says so with
--capability gpu=true; --gpu runs the host role on its port 5002 and wants that
said, because this version computes on the CPU and finds no GPU by itself.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := settings.Read(cmd, settings.RoleTraining)
			if err != nil {
				return err
			}
			return work(cmd.Context(), c, s, workerKind{
				kind: fleet.Training, gpu: gpu, units: settings.EpochInterval, jobs: map[operation.Type]worker.Job{operation.Training: job.Training()},
			})
		},
	}
	settings.Bind(cmd, settings.RoleTraining)
	cmd.Flags().BoolVar(&gpu, "gpu", false, "run as the GPU host, on port 5002 by default; fails where no GPU is found or declared")
	return cmd
}

// gpuHostPort is the default port of a training worker with --gpu.
const gpuHostPort = "5002"

// A workerKind is what tells one kind of worker from the other.
type workerKind struct {
	kind  fleet.WorkerType
	gpu   bool   // the host role was asked for
	units string // key of the setting for the units between two checkpoints
	jobs  map[operation.Type]worker.Job
}

// capabilities returns what the worker says it has.
func (k workerKind) capabilities(s settings.Values) (fleet.Capabilities, error) {
	claims, err := s.Claims(settings.WorkerClaims)
	if err != nil {
		return nil, err
	}
	all := fleet.Capabilities(claims)
	if k.gpu && !all.GPU() {
		return nil, exit.Usagef("--gpu: no GPU was found, and this version computes on the CPU. Leave out --gpu for a CPU worker, " +
			"or declare what the machine has with --capability gpu=true")
	}
	if _, said := all["gpu"]; !said && k.kind == fleet.Training {
		all["gpu"] = false
	}
	return all, nil
}

// address returns where the worker listens.
func (k workerKind) address(s settings.Values) string {
	if s.Get(settings.Listen) != "" {
		return s.Get(settings.Listen)
	}
	port := s.Get(settings.WorkerPort)
	if k.gpu && !s.IsSet(settings.WorkerPort) {
		port = gpuHostPort
	}
	return net.JoinHostPort(s.Get(settings.WorkerIP), port)
}

// tune reads how often the worker saves the state of its job, and how long it
// has when it is told to stop.
func (k workerKind) tune(s settings.Values, o *worker.Options) error {
	var err1, err2, err3 error
	o.Checkpoints.Units, err1 = strconv.ParseInt(s.Get(k.units), 10, 64)
	o.Checkpoints.Interval, err2 = s.Seconds(settings.TimeInterval)
	o.Grace, err3 = s.Seconds(settings.WorkerGrace)
	return errors.Join(err1, err2, err3)
}

func work(ctx context.Context, c *command.Console, s settings.Values, k workerKind) error {
	if s.Get(settings.URL) == "" {
		return exit.Usagef("KTRDR_API_URL environment variable is required for worker registration. Example: KTRDR_API_URL=http://192.168.1.100:8000")
	}
	log, err := logger(c, s)
	if err != nil {
		return err
	}
	claims, err := k.capabilities(s)
	if err != nil {
		return err
	}
	threads, err := s.Int(settings.WorkerThreads)
	if err != nil {
		return err
	}
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	kept, err := openFeatures(s, log)
	if err != nil {
		return err
	}
	defer kept.Close() // nothing is lost that was written
	l, err := listen.On(ctx, k.address(s))
	if err != nil {
		return err
	}
	collectEarlier()
	build := observe.ReadBuild()
	o := worker.Options{
		ID: s.Get(settings.WorkerID), Type: k.kind, Capabilities: claims, Version: build.Version,
		BackendURL: s.Get(settings.URL), Listener: l, EndpointURL: s.Get(settings.WorkerEndpoint),
		DataDir: s.Get(settings.DataDir), Threads: threads, Jobs: keeping(kept, k.jobs),
		Metrics: observe.Metrics(observe.NewRegistry(string(k.kind)+"-worker", build)),
		Ready:   announce(c), Log: log,
	}
	var w *worker.Worker
	if err = k.tune(s, &o); err == nil {
		w, err = worker.New(o)
	}
	if err != nil {
		_ = l.Close() // the worker did not take it
		return err
	}
	return ignoreCancelled(w.Run(ctx))
}

// collectEarlier lets garbage be collected when memory has grown by half, unless
// the person who started the process has set GOGC. What a job holds is large and
// changes seldom: on a million bars the peak falls by a tenth to a quarter, and the
// time does not show it.
func collectEarlier() {
	const usual, half = 100, 50
	if before := debug.SetGCPercent(half); before != usual {
		debug.SetGCPercent(before)
	}
}
