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
	"github.com/ktrdr/ktrdr/internal/edge/intake"
)

// A Controller schedules; *dispatch.Controller is one. What its errors mean is
// said by Options.Errors.
type Controller interface {
	intake.Scheduler
	Cancel(ctx context.Context, id, reason string) (operation.Operation, error)
	// Retry submits a failed or cancelled operation once more, as a new one; the same
	// key, if it is not "", means the same one.
	Retry(ctx context.Context, id, key string) (operation.Operation, error)
	// Resume fails with *operation.NotResumableError or operation.ErrNoCheckpoint.
	Resume(ctx context.Context, id string) (operation.Operation, error)
	Overlay(ops []operation.Operation) []operation.Operation
	Register(ctx context.Context, r fleet.Registration) (fleet.Worker, error)
	Deregister(ctx context.Context, workerID, incarnation string) error
	Report(ctx context.Context, r operation.Report) error
	Drain(ctx context.Context, workerID string) (fleet.Worker, error)
	Undrain(ctx context.Context, workerID string) (fleet.Worker, error)
	Remove(ctx context.Context, workerID string) error
}

// Operations lists stored operations; *store.Store does.
type Operations interface {
	List(ctx context.Context, f operation.Filter) (operation.Page, error)
}

// Bars is what is held of the market.
type Bars interface {
	intake.Bars
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
	intake.Artifacts
	// Open returns content that is verified while it is read, and its size. It fails
	// with Options.Errors.NoArtifact.
	Open(ctx context.Context, hash string) (io.ReadCloser, int64, error)
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
	NoWorker func(error) (intake.NoWorker, bool)
}

// Options are the parts of a backend. All of them are required except those that
// say otherwise.
type Options struct {
	Controller  Controller
	Operations  Operations
	Checkpoints Checkpoints
	History     History
	Models      intake.Models
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
