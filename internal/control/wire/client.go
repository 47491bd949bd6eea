package wire

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

// A Client talks to a backend. Make one with NewClient; it is safe for use by
// several goroutines. Failures are *Error, or *UnreachableError where nothing
// answered.
type Client struct{ caller }

// NewClient returns a client of the backend at address, which NormaliseURL
// completes.
func NewClient(address string, o ClientOptions) (*Client, error) {
	root, err := NormaliseURL(address)
	if err != nil {
		return nil, err
	}
	return &Client{newCaller(root, o)}, nil
}

// URL returns the root of the backend, without a path.
func (c *Client) URL() string { return c.root }

// get performs an idempotent read.
func (c *Client) get(ctx context.Context, path string, query url.Values, out any) error {
	return c.do(ctx, call{method: http.MethodGet, path: path, query: query, out: out, repeat: true})
}

// Health asks the backend how it is.
func (c *Client) Health(ctx context.Context) (Health, error) {
	var h Health
	err := c.get(ctx, PathHealth, nil, &h)
	return h, err
}

// StartTraining starts a training. Calls with the same key are one wish and make
// one operation, so a call whose answer was lost is repeated; "" makes a fresh key.
func (c *Client) StartTraining(ctx context.Context, req StartTraining, key string) (TrainingStarted, error) {
	var s TrainingStarted
	return s, c.start(ctx, PathTrainingStart, req, key, &s)
}

// StartBacktest starts a backtest; see StartTraining for key.
func (c *Client) StartBacktest(ctx context.Context, req StartBacktest, key string) (BacktestStarted, error) {
	var s BacktestStarted
	return s, c.start(ctx, PathBacktestStart, req, key, &s)
}

// HeaderIdempotencyKey names a wish: two starts with the same key are the same
// wish. HeaderSubmitter names who asks.
const (
	HeaderIdempotencyKey = "Idempotency-Key"
	HeaderSubmitter      = "X-Ktrdr-Submitter"
)

func (c *Client) start(ctx context.Context, path string, in any, key string, out any) error {
	if key == "" {
		key = newKey()
	}
	h := http.Header{HeaderIdempotencyKey: {key}}
	if c.o.Submitter != "" {
		h.Set(HeaderSubmitter, c.o.Submitter)
	}
	return c.do(ctx, call{method: http.MethodPost, path: path, in: in, out: out, header: h, repeat: true})
}

// Operations lists operations, newest first.
func (c *Client) Operations(ctx context.Context, f OperationFilter) (OperationList, error) {
	var list OperationList
	err := c.get(ctx, PathOperations, f.query(), &list)
	return list, err
}

func (f OperationFilter) query() url.Values {
	q := url.Values{}
	set(q, "status", string(f.Status))
	set(q, "operation_type", string(f.Type))
	setInt(q, "limit", f.Limit)
	setInt(q, "offset", f.Offset)
	if f.Active {
		q.Set("active_only", "true")
	}
	if f.Roots {
		q.Set("children", "false")
	}
	return q
}

// Operation returns the operation with this id.
func (c *Client) Operation(ctx context.Context, id string) (Operation, error) {
	var a OperationAnswer
	err := c.get(ctx, fill(PathOperation, id), nil, &a)
	return a.Data, err
}

// Cancel asks for the operation to stop. It has stopped when the operation says
// so, not when this call returns.
func (c *Client) Cancel(ctx context.Context, id, reason string) (CancelOutcome, error) {
	var a CancelAnswer
	req := CancelRequest{}
	if reason != "" {
		req.Reason = &reason
	}
	err := c.do(ctx, call{method: http.MethodDelete, path: fill(PathOperation, id), in: req, out: &a})
	return a.Data, err
}

// Retry submits a failed or cancelled operation once more, from its beginning, as
// a new operation.
func (c *Client) Retry(ctx context.Context, id string) (Operation, error) {
	var a OperationAnswer
	err := c.do(ctx, call{method: http.MethodPost, path: fill(PathOperationRetry, id), out: &a, header: http.Header{HeaderIdempotencyKey: {newKey()}}, repeat: true})
	return a.Data, err
}

// Results returns what a finished operation produced.
func (c *Client) Results(ctx context.Context, id string) (Results, error) {
	var r Results
	err := c.get(ctx, fill(PathOperationResults, id), nil, &r)
	return r, err
}

// Workers lists the registered workers.
func (c *Client) Workers(ctx context.Context) ([]fleet.Worker, error) {
	var w []fleet.Worker
	err := c.get(ctx, PathWorkers, nil, &w)
	return w, err
}

// Worker returns the worker with this id.
func (c *Client) Worker(ctx context.Context, id string) (fleet.Worker, error) {
	var w fleet.Worker
	err := c.get(ctx, fill(PathWorker, id), nil, &w)
	return w, err
}

// DrainWorker takes a worker out of service: it gets no new operation until
// UndrainWorker.
func (c *Client) DrainWorker(ctx context.Context, id string) (fleet.Worker, error) {
	var w fleet.Worker
	err := c.do(ctx, call{method: http.MethodPost, path: fill(PathWorkerDrain, id), out: &w, repeat: true})
	return w, err
}

// UndrainWorker puts a worker back into service.
func (c *Client) UndrainWorker(ctx context.Context, id string) (fleet.Worker, error) {
	var w fleet.Worker
	err := c.do(ctx, call{method: http.MethodPost, path: fill(PathWorkerUndrain, id), out: &w, repeat: true})
	return w, err
}

// RemoveWorker takes an idle worker off the list. One that lives registers again.
func (c *Client) RemoveWorker(ctx context.Context, id string) (Done, error) {
	var d Done
	err := c.do(ctx, call{method: http.MethodPost, path: fill(PathWorkerRemove, id), out: &d})
	return d, err
}

// Models lists the trained models, newest first.
func (c *Client) Models(ctx context.Context) ([]Model, error) {
	var l ModelList
	err := c.get(ctx, PathModels, nil, &l)
	return l.Models, err
}

// Model returns the model with this id or, for a name, the newest of that name.
func (c *Client) Model(ctx context.Context, idOrName string) (Model, error) {
	var m ModelAnswer
	err := c.get(ctx, fill(PathModel, idOrName), nil, &m)
	return m.Model, err
}

// Strategies lists the strategies that the backend holds.
func (c *Client) Strategies(ctx context.Context) ([]Strategy, error) {
	var l StrategyList
	err := c.get(ctx, PathStrategies, nil, &l)
	return l.Strategies, err
}

// Strategy returns a strategy that the backend holds, with its text.
func (c *Client) Strategy(ctx context.Context, name string) (StrategyText, error) {
	var s StrategyText
	err := c.get(ctx, fill(PathStrategy, name), nil, &s)
	return s, err
}

// ValidateStrategy checks a strategy that the backend holds.
func (c *Client) ValidateStrategy(ctx context.Context, name string) (StrategyValidation, error) {
	var v StrategyValidation
	err := c.do(ctx, call{method: http.MethodPost, path: fill(PathStrategyValidate, name), out: &v, repeat: true})
	return v, err
}

// CheckStrategy checks the text of a strategy; file names it in messages.
func (c *Client) CheckStrategy(ctx context.Context, file, yaml string) (StrategyValidation, error) {
	var v StrategyValidation
	req := ValidateStrategy{File: file, StrategyYAML: yaml}
	err := c.do(ctx, call{method: http.MethodPost, path: PathStrategyCheck, in: req, out: &v, repeat: true})
	return v, err
}

// DataInfo says which bars the backend holds.
func (c *Client) DataInfo(ctx context.Context) (DataInfo, error) {
	var e Envelope[DataInfo]
	err := c.get(ctx, PathDataInfo, nil, &e)
	return e.Data, err
}

// Symbols lists the symbols of which bars are held.
func (c *Client) Symbols(ctx context.Context) ([]SymbolInfo, error) {
	var e Envelope[[]SymbolInfo]
	err := c.get(ctx, PathSymbols, nil, &e)
	return e.Data, err
}

// DataRange says from when to when bars are held.
func (c *Client) DataRange(ctx context.Context, symbol market.Symbol, tf market.Timeframe) (DataRange, error) {
	var e Envelope[DataRange]
	in := DataRangeQuery{Symbol: string(symbol), Timeframe: tf.String()}
	err := c.do(ctx, call{method: http.MethodPost, path: PathDataRange, in: in, out: &e, repeat: true})
	return e.Data, err
}

// Bars returns held bars.
func (c *Client) Bars(ctx context.Context, symbol market.Symbol, tf market.Timeframe, f BarsQuery) (Bars, error) {
	q := url.Values{}
	set(q, "start_date", f.StartDate)
	set(q, "end_date", f.EndDate)
	setInt(q, "limit", f.Limit)
	var e Envelope[Bars]
	err := c.get(ctx, fill(PathDataBars, string(symbol), tf.String()), q, &e)
	return e.Data, err
}

// ImportBars sends a file of bars for the backend to merge into what it holds.
// It reads r to its end and is not repeated; importing twice changes nothing.
func (c *Client) ImportBars(ctx context.Context, o ImportOptions, r io.Reader) (ImportReport, error) {
	q := url.Values{}
	set(q, "file", o.File)
	set(q, "format", o.Format)
	set(q, "symbol", o.Symbol)
	set(q, "timeframe", o.Timeframe)
	set(q, "timezone", o.Timezone)
	if o.SkipBad {
		q.Set("skip_bad", "true")
	}
	var e Envelope[ImportReport]
	err := c.stream(ctx, call{method: http.MethodPost, path: PathDataImport, query: q, out: &e}, r, -1)
	return e.Data, err
}

// Artifact writes the artifact with this hash to w and returns its size. What
// was written is the artifact only if the error is nil: the hash is checked over
// all of it.
func (c *Client) Artifact(ctx context.Context, hash string, w io.Writer) (int64, error) {
	if !IsHash(hash) {
		return 0, Errorf(CodeBadRequest, "%q is not a hash: want 64 hexadecimal digits", hash)
	}
	resp, err := c.send(ctx, call{method: http.MethodGet, path: fill(PathArtifact, hash)}, nil, 0)
	if err != nil {
		return 0, fmt.Errorf("fetch artifact %s: %w", hash, err)
	}
	defer resp.Body.Close()
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(w, sum), resp.Body)
	if _, ours := errors.AsType[*Error](err); ours { // of w
		return n, fmt.Errorf("fetch artifact %s: %w", hash, err)
	}
	if err != nil {
		return n, Errorf(CodeUnavailable, "fetch artifact %s: the connection ended after %d bytes: %w", hash, n, err)
	}
	if have := hex.EncodeToString(sum.Sum(nil)); have != hash {
		return n, Errorf(CodeArtifactMismatch, "artifact %s arrived with the hash %s: it was damaged on its way or in the store", hash, have)
	}
	return n, nil
}

// HasArtifact says whether the backend holds the artifact with this hash.
func (c *Client) HasArtifact(ctx context.Context, hash string) (bool, error) {
	err := c.do(ctx, call{method: http.MethodHead, path: fill(PathArtifact, hash), repeat: true})
	if KindOf(err) == NotFound {
		return false, nil
	}
	return err == nil, err
}

// PutArtifact stores body and returns its hash. Storing it again is harmless, so
// the call is repeated where that helps.
func (c *Client) PutArtifact(ctx context.Context, body []byte) (string, error) {
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	if err := c.do(ctx, call{method: http.MethodPut, path: fill(PathArtifact, hash), raw: body, repeat: true}); err != nil {
		return "", fmt.Errorf("store artifact %s of %d bytes: %w", hash, len(body), err)
	}
	return hash, nil
}

// Register tells the backend who and what a worker is. It is the worker's
// heartbeat, so it is not repeated by itself: the next beat comes soon enough.
func (c *Client) Register(ctx context.Context, r fleet.Registration) (fleet.Worker, error) {
	var w fleet.Worker
	err := c.do(ctx, call{method: http.MethodPost, path: PathWorkerRegister, in: r, out: &w})
	return w, err
}

// Deregister tells the backend that a worker leaves. Its attempt, if one is open,
// is lost with it and dispatched again.
func (c *Client) Deregister(ctx context.Context, workerID, incarnation string) error {
	q := url.Values{}
	set(q, "incarnation", incarnation)
	return c.do(ctx, call{method: http.MethodDelete, path: fill(PathWorker, workerID), query: q})
}

// Report tells the backend about an attempt. A nil error means that it is stored;
// KindOf an error tells Conflict (the attempt is superseded) and NotFound (the
// operation is unknown) from what may pass.
func (c *Client) Report(ctx context.Context, r operation.Report) error {
	return c.do(ctx, call{method: http.MethodPost, path: fill(PathWorkerReports, r.WorkerID), in: r})
}

// IsHash says whether s is the hash of an artifact as paths carry it: 64 lower
// case hexadecimal digits.
func IsHash(s string) bool {
	if len(s) != 2*sha256.Size {
		return false
	}
	for _, c := range s {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func set(q url.Values, name, value string) {
	if value != "" {
		q.Set(name, value)
	}
}

func setInt(q url.Values, name string, value int) {
	if value != 0 {
		q.Set(name, strconv.Itoa(value))
	}
}
