package api_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/data/artifact"
	"github.com/ktrdr/ktrdr/internal/data/barstore"
	"github.com/ktrdr/ktrdr/internal/edge/api"
	"github.com/ktrdr/ktrdr/internal/edge/intake"
)

const (
	train    = "/api/v1/trainings/start"
	backtest = "/api/v1/backtests/start"
)

// merge returns a JSON object with some fields replaced; a null removes one.
func merge(t *testing.T, object, changes string) string {
	t.Helper()
	var o, c map[string]any
	if err := errors.Join(json.Unmarshal([]byte(object), &o), json.Unmarshal([]byte(changes), &c)); err != nil {
		t.Fatal(err)
	}
	for k, v := range c {
		if o[k] = v; v == nil {
			delete(o, k)
		}
	}
	b, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

const (
	goodTraining = `{"strategy_name":"momentum","symbols":["EURUSD"],"timeframes":["1h"],"start_date":"2020-01-01","end_date":"2020-01-15"}`
	goodBacktest = `{"strategy_name":"momentum","symbol":"EURUSD","timeframe":"1h","start_date":"2020-01-20","end_date":"2020-01-31"}`
)

// TestSubmitRefuses: what cannot be carried out is refused with its reason, and
// leaves everything as it was.
func TestSubmitRefuses(t *testing.T) {
	long := strings.Repeat("#", 1<<20+1)
	other := momentumModel(t, "model_other", helloHash)
	other.FeatureHash, other.StrategyName = strings.Repeat("0", 64), "another"
	b := newBackend(t, momentumModel(t, "model_1", helloHash), other)
	b.worker("w1", fleet.Backtesting)
	b.worker("w2", fleet.Training)
	for name, tc := range map[string]struct {
		path, body, changes string
		status              int
		want                string
	}{
		"unknown_strategy":     {train, goodTraining, `{"strategy_name":"momentun"}`, 404, "Strategy file not found: momentun.yaml (searched: testdata/not_there, testdata/strategies) (did you mean momentum?)"},
		"no_strategy":          {train, goodTraining, `{"strategy_name":null}`, 400, "strategy_name or strategy_yaml is required"},
		"strategy_as_path":     {train, goodTraining, `{"strategy_name":"../strategies/momentum"}`, 400, "Invalid strategy name"},
		"broken_strategy":      {train, goodTraining, `{"strategy_name":"broken"}`, 400, "broken.yaml:1:1: training_data: missing"},
		"broken_text":          {train, goodTraining, `{"strategy_yaml":"name: ["}`, 400, "strategy is not valid"},
		"ten_megabytes":        {train, goodTraining, `{"strategy_yaml":"` + strings.Repeat(long, 10) + `"}`, 413, "body is larger than"},
		"large_text":           {train, goodTraining, `{"strategy_yaml":"` + long + `"}`, 422, "strategy_yaml"},
		"unknown_field":        {train, goodTraining, `{"strategy_nme":"x"}`, 422, "body -> strategy_nme: unknown field (did you mean strategy_name?)"},
		"wrong_type":           {train, goodTraining, `{"symbols":"EURUSD"}`, 422, "body -> symbols"},
		"bad_symbol":           {train, goodTraining, `{"symbols":["EUR/USD"]}`, 400, `symbol "EUR/USD"`},
		"bad_timeframe":        {train, goodTraining, `{"timeframes":["3h"]}`, 400, `unknown timeframe "3h": want one of`},
		"symbol_twice":         {train, goodTraining, `{"symbols":["EURUSD","EURUSD"]}`, 400, "asked for twice"},
		"two_spellings":        {train, goodTraining, `{"symbol":"GBPUSD"}`, 400, "give one of the two"},
		"end_before_start":     {train, goodTraining, `{"end_date":"2019-01-01"}`, 400, "lies before start date"},
		"no_date":              {train, goodTraining, `{"start_date":"yesterday"}`, 400, `"yesterday" is not a date`},
		"symbol_not_held":      {train, goodTraining, `{"symbols":["EURUSB"]}`, 404, "Data not found for EURUSB (1h) (did you mean EURUSD?). Import it with: ktrdr data import FILE --symbol EURUSB --timeframe 1h"},
		"timeframe_not_held":   {train, goodTraining, `{"timeframes":["1d"]}`, 404, "of EURUSD there is: 1h 4h"},
		"empty_range":          {train, goodTraining, `{"start_date":"2021-01-01","end_date":"2021-02-01"}`, 400, "no EURUSD 1h bars between 2021-01-01 and 2021-02-01: held are 2020-01-01T00:00:00Z to 2020-01-31T23:00:00Z"},
		"range_before_data":    {train, goodTraining, `{"start_date":"2019-01-01","end_date":"2019-02-01"}`, 400, "no EURUSD 1h bars"},
		"negative_threads":     {train, goodTraining, `{"threads":-1}`, 422, "threads"},
		"negative_commission":  {backtest, goodBacktest, `{"commission":-0.1}`, 400, "commission is -0.1: want a fraction of the notional from 0 to 0.1"},
		"large_slippage":       {backtest, goodBacktest, `{"slippage":0.5}`, 400, "slippage is 0.5"},
		"no_capital":           {backtest, goodBacktest, `{"initial_capital":0}`, 400, "initial_capital is 0: want a number above 0"},
		"all_in_and_more":      {backtest, goodBacktest, `{"sizing_fraction":1.5}`, 400, "sizing_fraction is 1.5"},
		"nothing":              {backtest, `{}`, `{}`, 400, "strategy_name or strategy_yaml is required"},
		"no_start":             {backtest, goodBacktest, `{"start_date":null}`, 422, "a backtest needs start_date (--start-date and --end-date): strategy momentum has no backtest.date_range that says it"},
		"no_dates":             {backtest, goodBacktest, `{"start_date":null,"end_date":null}`, 422, "a backtest needs start_date and end_date"},
		"unknown_model":        {backtest, goodBacktest, `{"model":"model_9"}`, 404, "Model not found: model_9 (did you mean model_1?)"},
		"model_of_two_names":   {backtest, goodBacktest, `{"model":"model_1","model_path":"model_2"}`, 400, "give one of the two"},
		"other_features":       {backtest, goodBacktest, `{"model":"model_other"}`, 400, "model model_other was trained on other features than strategy momentum has"},
		"in_sample":            {backtest, goodBacktest, `{"start_date":"2020-01-10"}`, 409, "overlaps the training window of model model_1 (2020-01-01 to 2020-01-16), so its result would flatter the model: choose dates from 2020-01-16T00:00:00Z on"},
		"backtest_not_held":    {backtest, goodBacktest, `{"symbol":"GBPUSD"}`, 404, "Data not found for GBPUSD (1h)"},
		"backtest_no_strategy": {backtest, goodBacktest, `{"strategy_name":"none"}`, 404, "Strategy file not found"},
	} {
		t.Run(name, func(t *testing.T) {
			rec := b.do("POST", tc.path, merge(t, tc.body, tc.changes))
			if rec.Code != tc.status || !strings.Contains(message(t, rec), tc.want) {
				t.Errorf("%d %.700s\nwant %d with %q", rec.Code, rec.Body, tc.status, tc.want)
			}
			if n := b.stored(); n != 0 || len(b.controller.operations) != 0 {
				t.Errorf("a refused request stored %d artifacts and %d operations", n, len(b.controller.operations))
			}
		})
	}
}

// message reads the envelope of a failure.
func message(t *testing.T, rec *httptest.ResponseRecorder) string {
	t.Helper()
	var e wire.ErrorBody
	if err := json.Unmarshal(rec.Body.Bytes(), &e); err != nil || e.Success || e.Error.Code == "" || e.Detail == nil {
		t.Fatalf("not the envelope: %v: %.300s", err, rec.Body)
	}
	return e.Error.Message
}

func TestNoWorkers(t *testing.T) {
	for name, tc := range map[string]struct{ path, body, wantError, workerType, command string }{
		"training":    {train, goodTraining, "No training workers available. Start GPU or CPU training workers.", "training", "ktrdr worker training"},
		"backtesting": {backtest, goodBacktest, "No workers available: no backtesting workers available.", "backtesting", "ktrdr worker backtest"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBackend(t, momentumModel(t, "model_1", helloHash))
			b.worker("w1", fleet.Data) // of another type
			rec := b.do("POST", tc.path, tc.body)
			var got struct {
				Error  wire.ErrorInfo `json:"error"`
				Detail wire.NoWorker  `json:"detail"`
			}
			if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			want := wire.NoWorker{Error: tc.wantError, WorkerType: tc.workerType, Registered: 1,
				Hint: "Workers auto-register after startup. Retry in a few seconds, or check worker container logs. To start one: " + tc.command}
			if rec.Code != 503 || got.Error.Code != wire.CodeWorkerUnavailable || cmp.Diff(want, got.Detail) != "" {
				t.Errorf("%d %s\nwant 503 with the detail %+v", rec.Code, rec.Body, want)
			}
			if !strings.HasPrefix(got.Error.Message, tc.wantError) || !strings.Contains(got.Error.Message, tc.command) || strings.Contains(got.Error.Message, "\n") {
				t.Errorf("message %q is not one line with the reason and the command", got.Error.Message)
			}
			if n := b.stored(); n != 0 {
				t.Errorf("%d artifacts stored for a request that nobody can run", n)
			}
		})
	}
}

func TestAllWorkersBusy(t *testing.T) {
	b := newBackend(t)
	b.worker("w2", fleet.Training)
	b.controller.fail = &noWorkerError{intake.NoWorker{Type: fleet.Training, Registered: 1, Busy: true, Uptime: 90 * time.Second}}
	rec := b.do("POST", train, merge(t, goodTraining, `{"queue":false}`))
	if rec.Code != 503 || !strings.Contains(rec.Body.String(), `"hint":"All training workers are currently busy. Retry in a few seconds."`) ||
		!strings.Contains(rec.Body.String(), `"backend_uptime_seconds":90`) {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	b.controller.fail = &noWorkerError{intake.NoWorker{Type: fleet.Training, Registered: 1, Busy: true, Drained: 1}}
	rec = b.do("POST", train, merge(t, goodTraining, `{"queue":false}`))
	if rec.Code != 503 || !strings.Contains(rec.Body.String(), `All training workers are drained and take no operations. Put one back with: ktrdr workers undrain ID.`) {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

// TestTrainingOrder: the order holds all that the result depends on, and the
// bars that it names are stored.
func TestTrainingOrder(t *testing.T) {
	b := newBackend(t)
	b.worker("w2", fleet.Training)
	rec := b.do("POST", train, merge(t, goodTraining, `{"seed":7,"threads":2,"priority":5,"queue":false,"model_name":"mine","task_id":"my_task"}`))
	if rec.Code != 200 {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	op := b.controller.operations[0]
	if op.ID != "my_task" || op.Type != operation.Training || op.Priority != 5 || !op.Immediate || *op.Metadata.Symbol != "EURUSD" || *op.Metadata.Timeframe != "1h" {
		t.Errorf("operation is %+v", op)
	}
	var order wire.TrainingOrder
	if err := wire.Decode(bytes.NewReader(op.Spec), 1<<20, &order); err != nil {
		t.Fatal(err)
	}
	if order.StrategyName != "momentum" || *order.Seed != 7 || order.Threads != 2 || order.ModelName != "mine" || order.EngineVersion != "engine-1" || len(order.Data) != 1 {
		t.Errorf("order is %+v", order)
	}
	content, err := b.files.ReadAll(t.Context(), artifact.Hash(order.Data[0].SHA256))
	if err != nil {
		t.Fatal(err)
	}
	pinned, err := barstore.Decode(content)
	if err != nil {
		t.Fatal(err)
	}
	end := time.Date(2020, 1, 15, 23, 0, 0, 0, time.UTC).Unix()
	ref := order.Data[0]
	if pinned.Len() != 15*24 || ref.Bars != 15*24 || ref.Last != end || pinned.Time[pinned.Len()-1] != end || ref.First != pinned.Time[0] {
		t.Errorf("pinned %d bars up to %s as %+v, want all from the first held to the end of the span", pinned.Len(), market.Stamp(pinned.Time[pinned.Len()-1]), ref)
	}
	if len(op.Artifacts) != 1 || op.Artifacts[0].SHA256 != ref.SHA256 || op.Artifacts[0].Role != "bars" {
		t.Errorf("artifacts are %+v", op.Artifacts)
	}
}

// TestSpecHash: equal work has equal hashes, whatever does not touch the result;
// other work has others.
func TestSpecHash(t *testing.T) {
	b := newBackend(t)
	b.worker("w2", fleet.Training)
	hash := func(changes string) string {
		t.Helper()
		rec := b.do("POST", train, merge(t, goodTraining, changes))
		var s wire.TrainingStarted
		if err := json.Unmarshal(rec.Body.Bytes(), &s); err != nil || rec.Code != 200 {
			t.Fatalf("%d %s", rec.Code, rec.Body)
		}
		return s.SpecHash
	}
	first := hash(`{}`)
	for _, same := range []string{`{"threads":2}`, `{"priority":9}`, `{"queue":false}`, `{"task_id":"t1"}`, `{"symbols":["eurusd"]}`} {
		if hash(same) != first {
			t.Errorf("%s changes the hash", same)
		}
	}
	for _, other := range []string{`{"seed":1}`, `{"end_date":"2020-01-14"}`, `{"start_date":"2020-01-02"}`} {
		if hash(other) == first {
			t.Errorf("%s does not change the hash", other)
		}
	}
	if _, err := b.bars.Merge(t.Context(), later(t)); err != nil {
		t.Fatal(err)
	}
	if hash(`{}`) != first {
		t.Error("bars after the span change the hash")
	}
}

// TestWhatChangesIsSeen: a strategy, a bar or an artifact that changes between two
// equal requests is taken as it is then, although what was worked out for the
// first request is remembered.
func TestWhatChangesIsSeen(t *testing.T) {
	b := newBackend(t)
	b.worker("w2", fleet.Training)
	dir := t.TempDir()
	o := b.options(nil)
	o.StrategyDirs = []string{dir}
	var err error
	if b.handler, err = api.New(o); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("testdata/strategies/momentum.yaml")
	if err != nil {
		t.Fatal(err)
	}
	write := func(text []byte) {
		if err := os.WriteFile(filepath.Join(dir, "momentum.yaml"), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	order := func() wire.TrainingOrder {
		t.Helper()
		if rec := b.do("POST", train, goodTraining); rec.Code != 200 {
			t.Fatalf("%d %s", rec.Code, rec.Body)
		}
		var order wire.TrainingOrder
		if err := json.Unmarshal(b.controller.operations[len(b.controller.operations)-1].Spec, &order); err != nil {
			t.Fatal(err)
		}
		return order
	}
	write(text)
	first := order()
	if again := order(); cmp.Diff(first, again) != "" {
		t.Errorf("the same request makes another order:\n%s", cmp.Diff(first, again))
	}

	hash := first.Data[0].SHA256
	if err := errors.Join(b.files.Retire(t.Context(), artifact.Hash(hash), now), b.files.Delete(t.Context(), artifact.Hash(hash))); err != nil {
		t.Fatal(err)
	}
	order()
	if _, err := b.files.Stat(t.Context(), artifact.Hash(hash)); err != nil {
		t.Errorf("bars that were removed are not stored again: %v", err)
	}

	changed := series("EURUSD", market.Hour1, 1)
	changed.Close[0] = 1.005
	if _, err := b.bars.Merge(t.Context(), changed); err != nil {
		t.Fatal(err)
	}
	if order().Data[0].SHA256 == hash {
		t.Error("a bar that changed is not in the order")
	}

	write(append(text, "# another text\n"...))
	if got := order().StrategyYAML; !strings.HasSuffix(got, "# another text\n") {
		t.Error("a strategy that changed is ordered as it was")
	}
	write([]byte("name: momentum\n"))
	for range 2 { // what is wrong stays wrong
		if rec := b.do("POST", train, goodTraining); rec.Code != 400 {
			t.Errorf("%d for a strategy that is broken now", rec.Code)
		}
	}
}

// later is a bar after all that newBackend holds.
func later(t *testing.T) market.Series {
	t.Helper()
	s := series("EURUSD", market.Hour1, 40*24)
	return s.Slice(39*24, 40*24)
}

func TestBacktestOrder(t *testing.T) {
	b := newBackend(t, momentumModel(t, "model_2", helloHash), momentumModel(t, "model_1", helloHash))
	b.worker("w1", fleet.Backtesting)
	read := func(changes string) wire.BacktestOrder {
		t.Helper()
		rec := b.do("POST", backtest, merge(t, goodBacktest, changes))
		if rec.Code != 200 {
			t.Fatalf("%d %s", rec.Code, rec.Body)
		}
		var order wire.BacktestOrder
		if err := json.Unmarshal(b.controller.operations[len(b.controller.operations)-1].Spec, &order); err != nil {
			t.Fatal(err)
		}
		return order
	}
	o := read(`{}`)
	if o.ModelID != "model_2" || o.ModelSHA256 != helloHash || o.InitialCapital != 100_000 || o.Commission != 0.001 || o.Slippage != 0.0005 || o.SizingFraction != 0.25 || o.InSample {
		t.Errorf("order of the defaults is %+v, want the newest model", o)
	}
	o = read(`{"commission":0,"slippage":0,"initial_capital":5,"sizing_fraction":1,"model_path":"model_1"}`)
	if o.ModelID != "model_1" || o.Commission != 0 || o.Slippage != 0 || o.InitialCapital != 5 || o.SizingFraction != 1 {
		t.Errorf("order is %+v: a zero that was asked for is not a default", o)
	}
	o = read(`{"start_date":"2020-01-10","allow_in_sample":true}`)
	if !o.InSample {
		t.Error("an in-sample backtest is not marked")
	}
	o = read(`{"symbol":null,"timeframe":null,"start_date":"2020-01-16"}`)
	if o.Symbol != "EURUSD" || o.Timeframe != market.Hour1 || o.InSample {
		t.Errorf("order is %+v, want the strategy's symbol and timeframe, out of sample from the end of training on", o)
	}
	artifacts := b.controller.operations[0].Artifacts
	if len(artifacts) != 2 || artifacts[1].Role != "model" {
		t.Errorf("artifacts are %+v, want bars and model", artifacts)
	}
}

func TestDuplicateTask(t *testing.T) {
	b := newBackend(t)
	b.worker("w2", fleet.Training)
	body := merge(t, goodTraining, `{"task_id":"mine"}`)
	if rec := b.do("POST", train, body); rec.Code != 200 {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	if rec := b.do("POST", train, body); rec.Code != 409 || !strings.Contains(rec.Body.String(), "OPERATIONS-DuplicateID") {
		t.Errorf("%d %s, want 409", rec.Code, rec.Body)
	}
}

func TestStoppingBackend(t *testing.T) {
	b := newBackend(t)
	b.controller.fail = fmt.Errorf("register: %w", errStopping)
	rec := b.do("POST", "/api/v1/workers/register", `{"worker_id":"w","worker_type":"training","endpoint_url":"http://h:1"}`)
	if rec.Code != 503 || rec.Header().Get("Retry-After") != "5" || !strings.Contains(rec.Body.String(), `"detail":"Backend is shutting down - retry after restart"`) {
		t.Errorf("%d %v %s", rec.Code, rec.Header(), rec.Body)
	}
	b.controller.fail = fmt.Errorf("register: %w", fleet.ErrReplaced)
	if rec := b.do("POST", "/api/v1/workers/register", `{"worker_id":"w","worker_type":"training","endpoint_url":"http://h:1"}`); rec.Code != 409 {
		t.Errorf("replaced worker: %d %s, want 409", rec.Code, rec.Body)
	}
	b.controller.fail = fmt.Errorf("report: %w", errSuperseded)
	report := `{"token":{"operation_id":"op","attempt":1,"term":1},"worker_id":"w","state":"failed","error":"e"}`
	if rec := b.do("POST", "/api/v1/workers/w/reports", report); rec.Code != 409 {
		t.Errorf("superseded report: %d %s, want 409", rec.Code, rec.Body)
	}
	b.controller.fail = fmt.Errorf("report: %w", errUnknown)
	if rec := b.do("POST", "/api/v1/workers/w/reports", report); rec.Code != 404 {
		t.Errorf("report of an unknown operation: %d %s, want 404", rec.Code, rec.Body)
	}
	b.controller.fail = errors.New("disk on fire at /var/lib")
	rec = b.do("POST", "/api/v1/workers/w/reports", report)
	if rec.Code != 500 || strings.Contains(rec.Body.String(), "/var/lib") {
		t.Errorf("unexpected error: %d %s, want 500 without the text", rec.Code, rec.Body)
	}
	b.controller.fail = fmt.Errorf("report: write /var/lib: %w", errFull)
	rec = b.do("POST", "/api/v1/workers/w/reports", report)
	if rec.Code != 507 || rec.Header().Get("Retry-After") != "5" || !strings.Contains(rec.Body.String(), "disk of the backend is full") || strings.Contains(rec.Body.String(), "/var/lib") {
		t.Errorf("full disk: %d %v %s, want 507 and when to come back", rec.Code, rec.Header(), rec.Body)
	}
	for _, away := range []struct {
		err         error
		want, after string
	}{{errShort, "max_connections", "5"}, {errAway, "cannot reach its database", "5"}, {errStandby, "No backend schedules now", "1"}} {
		b.controller.fail = fmt.Errorf("report: 10.0.0.7: %w", away.err)
		rec = b.do("POST", "/api/v1/workers/w/reports", report)
		if rec.Code != 503 || rec.Header().Get("Retry-After") != away.after || !strings.Contains(rec.Body.String(), away.want) || strings.Contains(rec.Body.String(), "10.0.0.7") {
			t.Errorf("%v: %d %v %s, want 503, %q and when to come back", away.err, rec.Code, rec.Header(), rec.Body, away.want)
		}
	}
}

func TestBodiesThatAttack(t *testing.T) {
	b := newBackend(t)
	for name, tc := range map[string]struct {
		body   string
		status int
	}{
		"deep_arrays":   {strings.Repeat("[", 500_000), 400},
		"deep_objects":  {strings.Repeat(`{"a":`, 100_000), 400},
		"huge":          {`{"strategy_name":"` + strings.Repeat("x", 5<<20) + `"}`, 413},
		"not_json":      {`strategy_name=momentum`, 400},
		"empty":         {``, 400},
		"null":          {`null`, 422},
		"array":         {`[1]`, 422},
		"huge_number":   {`{"strategy_name":"momentum","seed":1e400}`, 400},
		"negative_seed": {`{"strategy_name":"momentum","seed":-1}`, 422},
	} {
		t.Run(name, func(t *testing.T) {
			rec := b.do("POST", train, tc.body, "Content-Type", "application/json")
			if rec.Code != tc.status {
				t.Errorf("%d %.300s, want %d", rec.Code, rec.Body, tc.status)
			}
			message(t, rec)
		})
	}
	if rec := b.do("POST", train, goodTraining, "Content-Type", "text/xml"); rec.Code != 415 {
		t.Errorf("xml: %d %s, want 415", rec.Code, rec.Body)
	}
}

func TestArtifactsOverHTTP(t *testing.T) {
	b := newBackend(t)
	server := httptest.NewServer(b.handler)
	defer server.Close()
	c, err := wire.NewClient(server.URL, wire.ClientOptions{Tries: 1})
	if err != nil {
		t.Fatal(err)
	}
	content := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	hash, err := c.PutArtifact(t.Context(), content)
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if n, err := c.Artifact(t.Context(), hash, &got); err != nil || n != 1<<20 || !bytes.Equal(got.Bytes(), content) {
		t.Errorf("Artifact = %d bytes, %v", n, err)
	}
	if has, err := c.HasArtifact(t.Context(), hash); !has || err != nil {
		t.Errorf("HasArtifact = %v, %v", has, err)
	}
	if has, err := c.HasArtifact(t.Context(), strings.Repeat("0", 64)); has || err != nil {
		t.Errorf("HasArtifact of nothing = %v, %v", has, err)
	}
	if _, err := c.Artifact(t.Context(), strings.Repeat("0", 64), io.Discard); wire.KindOf(err) != wire.NotFound {
		t.Errorf("Artifact of nothing: %v, want not_found", err)
	}
}

func TestModelDownload(t *testing.T) {
	b := newBackend(t, momentumModel(t, "model_1", helloHash))
	b.put("hello")
	rec := b.do("GET", "/api/v1/models/momentum_eurusd/download", "")
	if rec.Code != 200 || rec.Body.String() != "hello" || rec.Header().Get("Content-Disposition") != `attachment; filename="model_1.zip"` {
		t.Errorf("%d %s %v", rec.Code, rec.Body, rec.Header())
	}
	if rec := b.do("GET", "/api/v1/models/none/download", ""); rec.Code != 404 {
		t.Errorf("%d, want 404", rec.Code)
	}
}

func TestMetricsAreMounted(t *testing.T) {
	b := newBackend(t)
	if rec := b.do("GET", "/metrics/", ""); rec.Code != 200 || rec.Body.String() != "up 1\n" {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	if rec := b.do("GET", "/metrics", ""); rec.Code != http.StatusTemporaryRedirect && rec.Code != http.StatusMovedPermanently {
		t.Errorf("the bare path: %d, want a redirect", rec.Code)
	}
}

func TestNewRefusesMissingParts(t *testing.T) {
	if _, err := api.New(api.Options{}); err == nil {
		t.Error("New succeeded without anything behind it")
	}
}

func FuzzStartTraining(f *testing.F) {
	f.Add(goodTraining)
	f.Add(`{"strategy_yaml":"name: x"}`)
	f.Add(`{"symbols":[null]}`)
	b := newBackend(f)
	f.Fuzz(func(t *testing.T, body string) {
		rec := b.do("POST", train, body, "Content-Type", "application/json")
		if rec.Code == 200 || rec.Code >= 500 && rec.Code != 503 {
			t.Fatalf("%q: %d %s", body, rec.Code, rec.Body)
		}
		message(t, rec)
	})
}

func TestIdempotencyKey(t *testing.T) {
	again := func(b *backend, key, submitter, body string) (int, wire.TrainingStarted) {
		t.Helper()
		rec := b.do("POST", train, body, "Content-Type", "application/json", "Idempotency-Key", key, "X-Ktrdr-Submitter", submitter)
		var s wire.TrainingStarted
		if err := json.Unmarshal(rec.Body.Bytes(), &s); err != nil {
			t.Fatal(err)
		}
		return rec.Code, s
	}
	b := populated(t)
	before := len(b.controller.operations)
	_, first := again(b, "k1", "ann", goodTraining)
	for name, tc := range map[string]struct {
		key, submitter, body string
		code                 int
		same                 bool
	}{
		"repetition":        {"k1", "ann", goodTraining, 200, true},
		"another_request":   {"k1", "ann", strings.Replace(goodTraining, "{", `{"seed":7,`, 1), 409, false},
		"another_key":       {"k2", "ann", goodTraining, 200, false},
		"another_submitter": {"k1", "bob", goodTraining, 200, false},
		"no_key":            {"", "ann", goodTraining, 200, false},
	} {
		t.Run(name, func(t *testing.T) {
			code, s := again(b, tc.key, tc.submitter, tc.body)
			if code != tc.code || (s.OperationID == first.OperationID) != tc.same {
				t.Errorf("%d %+v, want %d and the same operation: %v", code, s, tc.code, tc.same)
			}
			if tc.same && (s.SpecHash != first.SpecHash || len(s.Symbols) != len(first.Symbols) || s.StrategyName != first.StrategyName) {
				t.Errorf("the repetition is answered with %+v, the first with %+v", s, first)
			}
		})
	}
	if n := len(b.controller.operations) - before; n != 4 {
		t.Errorf("%d operations were made, want 4", n)
	}
	if op := b.controller.operations[before]; op.Submitter != "ann" {
		t.Errorf("the submitter is %q, want ann", op.Submitter)
	}
}

func TestTermsThatNobodyKeeps(t *testing.T) {
	for name, tc := range map[string]struct {
		fail error
		code int
	}{"submitter_has_too_much_waiting": {errLimited, 429}, "deadline_has_passed": {errLate, 400}} {
		t.Run(name, func(t *testing.T) {
			b := populated(t)
			b.controller.fail = tc.fail
			rec := b.do("POST", train, strings.Replace(goodTraining, "{", `{"deadline":"2020-01-01T00:00:00Z","max_attempts":1,`, 1), "Content-Type", "application/json")
			if rec.Code != tc.code || !strings.Contains(rec.Body.String(), tc.fail.Error()) {
				t.Errorf("%d %s, want %d with the reason", rec.Code, rec.Body, tc.code)
			}
			if retry := rec.Header().Get("Retry-After"); (retry != "") != (tc.code == 429) {
				t.Errorf("Retry-After is %q", retry)
			}
		})
	}
}
