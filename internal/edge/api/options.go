package api

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// A Controller schedules; *dispatch.Controller is one. What its errors mean is
// said by Options.Errors.
type Controller interface {
	Submit(ctx context.Context, op operation.Operation) (operation.Operation, error)
	// SubmitFamily submits an operation that gathers, with its children.
	SubmitFamily(ctx context.Context, op operation.Operation, children []operation.Operation) (operation.Operation, error)
	// Repeated returns the operation that the same submission has made before. It
	// fails with operation.ErrKeyTaken where the key names another one.
	Repeated(ctx context.Context, op operation.Operation) (operation.Operation, bool, error)
	Cancel(ctx context.Context, id, reason string) (operation.Operation, error)
	// Retry submits a failed or cancelled operation once more, as a new one; the same
	// key, if it is not "", means the same one.
	Retry(ctx context.Context, id, key string) (operation.Operation, error)
	// Resume fails with *operation.NotResumableError or operation.ErrNoCheckpoint.
	Resume(ctx context.Context, id string) (operation.Operation, error)
	Operation(ctx context.Context, id string) (operation.Operation, error)
	Overlay(ops []operation.Operation) []operation.Operation
	QueuePosition(id string) int
	Register(ctx context.Context, r fleet.Registration) (fleet.Worker, error)
	Deregister(ctx context.Context, workerID, incarnation string) error
	Report(ctx context.Context, r operation.Report) error
	Drain(ctx context.Context, workerID string) (fleet.Worker, error)
	Undrain(ctx context.Context, workerID string) (fleet.Worker, error)
	Remove(ctx context.Context, workerID string) error
	Workers() []fleet.Worker // nil when the controller does not schedule
}

// Operations lists stored operations; *store.Store does.
type Operations interface {
	List(ctx context.Context, f operation.Filter) (operation.Page, error)
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
	// with Options.Errors.NoBars.
	Holding(ctx context.Context, symbol market.Symbol, tf market.Timeframe) (wire.Holding, error)
	// Read returns the bars that open in span, oldest first. Where nothing is held
	// it fails with Options.Errors.NoBars. What it has returned never changes.
	Read(ctx context.Context, symbol market.Symbol, tf market.Timeframe, span market.Span) (market.Series, error)
	// Snapshot encodes s as it travels to workers: equal bars give equal bytes.
	Snapshot(s market.Series) []byte
	// Import reads a file of bars and merges them, all or nothing. A file that
	// cannot be imported is a *wire.Error.
	Import(ctx context.Context, f ImportFile) (wire.ImportReport, error)
}

// An ImportFile is a file of bars that somebody uploads. Symbol and Timeframe are
// set.
type ImportFile struct {
	Name      string // for messages
	Format    Format
	Symbol    market.Symbol
	Timeframe market.Timeframe
	Zone      string // IANA name, for times that state none; "" is UTC
	SkipBad   bool   // leave bad rows out and report them
	Content   io.Reader
}

// A Format is a kind of file that bars come in.
type Format string

// The formats of imports.
const (
	CSV     Format = "csv"
	Parquet Format = "parquet"
)

// Artifacts is the content-addressed store. Hashes are 64 lower-case hexadecimal
// digits, already checked.
type Artifacts interface {
	// Open returns content that is verified while it is read, and its size; Stat
	// returns the size. Both fail with Options.Errors.NoArtifact.
	Open(ctx context.Context, hash string) (io.ReadCloser, int64, error)
	Stat(ctx context.Context, hash string) (sizeBytes int64, err error)
	// Put stores content that has this hash, durably; other content is refused
	// with Options.Errors.WrongArtifact.
	Put(ctx context.Context, hash string, r io.Reader) (sizeBytes int64, err error)
}

// Errors are the errors of the parts behind the interfaces, told apart by
// errors.Is. A nil one is never met.
type Errors struct {
	Unknown    error // of Controller: no such operation, worker or attempt
	Superseded error // of Controller.Report: a newer attempt speaks for the operation
	Ended      error // of Controller.Cancel: the operation has ended
	Stopping   error // of Controller: the backend is stopping
	Standby    error // of Controller: it does not schedule now; may wrap Stopping
	Short      error // of any: the database server is short of something else than room
	Away       error // of any: the database cannot be reached

	NoBars        error // of Bars.Read
	NoArtifact    error // of Artifacts.Open and Stat
	WrongArtifact error // of Artifacts.Put

	// These recognise errors whose text is for the caller.
	Full       func(error) bool // of any: there is no room on the disk
	Limited    func(error) bool // of Submit: the submitter has too much waiting
	Late       func(error) bool // of Submit: the deadline has passed
	WorkerBusy func(error) bool // of Remove: the worker runs an operation
	NotFailed  func(error) bool // of Retry: the operation has not failed

	// NoWorker recognises the error of Controller.Submit that no worker can take
	// the operation: none is registered, or all are busy and it was not to wait.
	NoWorker func(error) (NoWorker, bool)
}

// A NoWorker says why no worker takes an operation.
type NoWorker struct {
	Type       fleet.WorkerType
	Registered int  // workers registered
	Busy       bool // there are workers of the type, all busy
	Uptime     time.Duration
}

// Options are the parts of a backend. All of them are required except those that
// say otherwise.
type Options struct {
	Controller  Controller
	Operations  Operations
	Checkpoints Checkpoints
	History     History
	Models      Models
	Bars        Bars
	Artifacts   Artifacts
	Upkeep      Upkeep
	Errors      Errors

	StrategyDirs  []string // searched in order for NAME.yaml; may be empty
	DataDir       string   // shown to people
	Version       string   // of this build
	EngineVersion string   // of the mathematics; part of every specification

	Stopping <-chan struct{} // closed when streams must end; nil for never

	Metrics http.Handler     // served at /metrics/; nil for none
	Now     func() time.Time // nil: time.Now
	Log     *slog.Logger     // nil discards
}
