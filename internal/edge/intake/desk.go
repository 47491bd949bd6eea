package intake

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/edge/library"
	"github.com/ktrdr/ktrdr/internal/edge/memo"
)

// A Scheduler takes operations; *dispatch.Controller is one.
type Scheduler interface {
	Submit(ctx context.Context, op operation.Operation) (operation.Operation, error)
	// SubmitFamily submits an operation that gathers, with its children.
	SubmitFamily(ctx context.Context, op operation.Operation, children []operation.Operation) (operation.Operation, error)
	// Repeated returns the operation that the same submission has made before. It
	// fails with operation.ErrKeyTaken where the key names another one.
	Repeated(ctx context.Context, op operation.Operation) (operation.Operation, bool, error)
	Operation(ctx context.Context, id string) (operation.Operation, error)
	QueuePosition(id string) int
	Workers() []fleet.Worker // nil when it does not schedule
}

// Models is the index of trained models. Model fails with operation.ErrNotFound.
type Models interface {
	Model(ctx context.Context, id string) (operation.ModelRecord, error)
	Models(ctx context.Context, q ModelQuery) ([]operation.ModelRecord, error) // newest first
}

// A ModelQuery selects models. Empty fields select all.
type ModelQuery struct {
	Name, StrategyName string
	Symbol, Timeframe  string // a model trained on it among others
	OperationID        string
	Limit, Offset      int // Limit 0 means 100
}

// Bars is what is held of the market.
type Bars interface {
	// Holdings returns what is held, ordered by symbol and timeframe.
	Holdings(ctx context.Context) ([]wire.Holding, error)
	// Holding returns what is held of one series. Where nothing is held it fails
	// with Options.NoBars.
	Holding(ctx context.Context, symbol market.Symbol, tf market.Timeframe) (wire.Holding, error)
	// Read returns the bars that open in span, oldest first. Where nothing is held
	// it fails with Options.NoBars. What it has returned never changes.
	Read(ctx context.Context, symbol market.Symbol, tf market.Timeframe, span market.Span) (market.Series, error)
	// Snapshot encodes s as it travels to workers: equal bars give equal bytes.
	Snapshot(s market.Series) []byte
}

// Artifacts is the content-addressed store. Hashes are 64 lower-case hexadecimal
// digits, already checked.
type Artifacts interface {
	// Stat returns the size of content. It fails with Options.NoArtifact.
	Stat(ctx context.Context, hash string) (sizeBytes int64, err error)
	// Put stores content that has this hash, durably; other content is refused.
	Put(ctx context.Context, hash string, r io.Reader) (sizeBytes int64, err error)
}

// Options are what a desk works with. All of them are required, except errors that
// are never met.
type Options struct {
	Scheduler Scheduler
	Models    Models
	Bars      Bars
	Artifacts Artifacts
	Library   *library.Library

	NoBars     error // of Bars, told apart by errors.Is
	NoArtifact error // of Artifacts.Stat

	EngineVersion string // of the mathematics; part of every specification
	Now           func() time.Time
}

// A Desk takes what people want started and hands the scheduler an operation for it.
// Its methods may be called from several goroutines. Make one with New.
type Desk struct {
	o     Options
	since time.Time
	pins  *memo.Recent[seriesID, pinned]
}

// New returns a desk that is open from now on.
func New(o Options) *Desk {
	return &Desk{o: o, since: o.Now(), pins: memo.New[seriesID, pinned](pinnedSeries)}
}

// Position is the place of op in the queue; only what waits has one.
func Position(s Scheduler, op operation.Operation) int {
	if op.Status.Terminal() || op.Status == operation.Running {
		return 0
	}
	return s.QueuePosition(op.ID)
}

// A NoWorker says why no worker takes an operation.
type NoWorker struct {
	Type       fleet.WorkerType
	Registered int  // workers registered
	Busy       bool // there are workers of the type, all busy or drained
	Drained    int  // of them out of service
	Uptime     time.Duration
}

// Refusal is the 503 of the contract, with diagnostics.
func (n NoWorker) Refusal() *wire.Error {
	command := "ktrdr worker training"
	d := wire.NoWorker{WorkerType: string(n.Type), Registered: n.Registered, UptimeSeconds: float64(n.Uptime.Round(100*time.Millisecond)) / float64(time.Second)}
	switch n.Type {
	case fleet.Training:
		d.Error = "No training workers available. Start GPU or CPU training workers."
	case fleet.Backtesting:
		command = "ktrdr worker backtest"
		d.Error = "No workers available: no backtesting workers available."
	default:
		command = "ktrdr ib-host"
		d.Error = fmt.Sprintf("No workers available: no %s workers available.", n.Type)
	}
	message := d.Error + " To start one: " + command
	d.Hint = "Workers auto-register after startup. Retry in a few seconds, or check worker container logs. To start one: " + command
	if n.Busy {
		d.Hint = fmt.Sprintf("All %s workers are currently busy. Retry in a few seconds.", n.Type)
		if n.Drained == n.Registered {
			d.Hint = fmt.Sprintf("All %s workers are drained and take no operations. Put one back with: ktrdr workers undrain ID.", n.Type)
		}
		message = d.Hint + " Or submit without queue: false and wait in the queue."
	}
	return &wire.Error{Code: wire.CodeWorkerUnavailable, Message: message, Details: d, Detail: d}
}
