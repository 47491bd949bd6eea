package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/grammar"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/golden"
)

// momentumModel is a model of testdata/strategies/momentum.yaml, trained on the
// first half of January 2020.
func momentumModel(t *testing.T, id, sha256 string) operation.ModelRecord {
	t.Helper()
	text, err := os.ReadFile("testdata/strategies/momentum.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s, err := grammar.Parse("momentum.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	return operation.ModelRecord{ID: id, Name: "momentum_eurusd", StrategyName: "momentum", Symbols: []string{"EURUSD"}, Timeframes: []string{"1h"}, Version: 1,
		SHA256: sha256, Bytes: 5, OperationID: "op_training_1", CreatedAt: now, TrainStart: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC),
		TrainEnd: time.Date(2020, 1, 16, 0, 0, 0, 0, time.UTC), FeatureHash: feature.SchemaOf(s).Hash,
		Metrics: json.RawMessage(`{"training_metrics":{"final_train_accuracy":0.6},"test_metrics":{"test_accuracy":0.55}}`)}
}

const helloHash = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

// populated is a backend with something of everything.
func populated(t *testing.T) *backend {
	b := newBackend(t, momentumModel(t, "model_1", helloHash))
	b.put("hello")
	b.worker("w1", fleet.Backtesting)
	b.worker("w2", fleet.Training)
	b.controller.workers[1].Capabilities = fleet.Capabilities{"gpu": true, "gpu_count": 1}
	started := now.Add(-time.Minute)
	running := operation.Operation{ID: "op_running", Type: operation.Training, Status: operation.Running, CreatedAt: started, StartedAt: &started, WorkerID: "w2", Attempt: 1, MaxAttempts: 3,
		Progress: operation.Progress{Percentage: 40, CurrentStep: "Epoch 4/10", Phase: "training", Context: map[string]any{"val_loss": 0.5}}}
	done := operation.Operation{ID: "op_done", Type: operation.Training, Status: operation.Completed, CreatedAt: started, StartedAt: &started, CompletedAt: &now, WorkerID: "w2", Attempt: 1, MaxAttempts: 3,
		Progress: operation.Progress{Percentage: 100}, Result: json.RawMessage(`{"training_metrics":{"epochs_completed":8},"test_metrics":{"test_loss":0.9},"model_info":{"parameters_count":7},"metrics":{"a":1}}`)}
	reason := "no rows"
	failed := operation.Operation{ID: "op_failed", Type: operation.Backtesting, Status: operation.Failed, CreatedAt: started, StartedAt: &started, CompletedAt: &now, ErrorMessage: &reason, Errors: []string{"worker w1: no rows"}, MaxAttempts: 3,
		Checkpoints: []operation.Checkpoint{
			{SHA256: helloHash, Bytes: 5, Kind: operation.CheckpointPeriodic, Position: 20_000, Unit: "bar", Attempt: 1, CreatedAt: started.Add(40 * time.Second)},
			{SHA256: helloHash, Bytes: 5, Kind: operation.CheckpointPeriodic, Position: 10_000, Unit: "bar", Attempt: 1, CreatedAt: started.Add(20 * time.Second)}}}
	waiting := operation.Operation{ID: "op_waiting", Type: operation.Backtesting, Status: operation.Pending, CreatedAt: now, MaxAttempts: 3}
	b.controller.operations = append([]operation.Operation{running, done, failed, waiting}, family(t, started)...)
	return b
}

// family is a sweep that runs, with its chunks.
func family(t *testing.T, started time.Time) []operation.Operation {
	text, err := os.ReadFile("testdata/strategies/momentum.yaml")
	if err != nil {
		t.Fatal(err)
	}
	order, err := json.Marshal(wire.SweepOrder{Trials: 4, ChunkTrials: 2, SpaceYAML: spaceText, BacktestOrder: wire.BacktestOrder{
		StrategyName: "momentum", StrategyYAML: string(text), ModelID: "model_1", Symbol: "EURUSD", Timeframe: market.Hour1, StartDate: "2020-01-20", EndDate: "2020-01-31", InitialCapital: 1000}})
	if err != nil {
		t.Fatal(err)
	}
	sweep := operation.Operation{ID: "op_sweep", Type: operation.Sweep, Status: operation.Running, CreatedAt: started, StartedAt: &started, MaxAttempts: 3, Spec: order,
		Progress: operation.Progress{Percentage: 47.5, CurrentStep: "1 of 2 parts completed", Phase: "children"}}
	first := operation.Operation{ID: "op_sweep_0000", ParentID: &sweep.ID, Type: operation.SweepChunk, Status: operation.Completed, CreatedAt: started, StartedAt: &started, CompletedAt: &now, Attempt: 1, MaxAttempts: 3}
	second := operation.Operation{ID: "op_sweep_0001", ParentID: &sweep.ID, Type: operation.SweepChunk, Status: operation.Running, CancelRequested: true, CreatedAt: started, StartedAt: &started, Attempt: 1, MaxAttempts: 3}
	return []operation.Operation{sweep, first, second}
}

// spaceText is a space of four trials.
const spaceText = "axes:\n  decisions.confidence_threshold: [0.5, 0.6]\n  decisions.exits.stop_loss: [null, 0.01]\n"

// exchanges are requests to a populated backend. Their answers are in
// testdata/golden and are held to the document.
var exchanges = []struct{ name, method, path, body string }{
	{"root", "GET", "/", ""},
	{"health", "GET", "/api/v1/health", ""},
	{"health_alias", "GET", "/health", ""},
	{"workers", "GET", "/api/v1/workers", ""},
	{"workers_object", "GET", "/api/v1/workers?format=object&worker_type=TRAINING", ""},
	{"workers_by_status", "GET", "/api/v1/workers?status=AVAILABLE&worker_type=backtesting", ""},
	{"workers_of_no_status", "GET", "/api/v1/workers?status=sleeping", ""},
	{"workers_of_no_type", "GET", "/api/v1/workers?worker_type=trainin", ""},
	{"workers_health", "GET", "/api/v1/workers/health", ""},
	{"worker", "GET", "/api/v1/workers/w2", ""},
	{"worker_unknown", "GET", "/api/v1/workers/w9", ""},
	{"register", "POST", "/api/v1/workers/register", `{"worker_id":"w3","worker_type":"training","endpoint_url":"http://10.0.0.3:5004","capabilities":{"gpu":false},"incarnation":"i","version":"v1"}`},
	{"register_as_documented", "POST", "/api/v1/workers/register", `{"worker_id":"w4","worker_type":"TRAINING","capabilities":{"gpu":true}}`},
	{"register_of_later_version", "POST", "/api/v1/workers/register", `{"worker_id":"w5","worker_type":"backtesting","endpoint_url":"http://h:1","capabilities":null,"completed_operations":[],"mood":"good"}`},
	{"register_unknown_type", "POST", "/api/v1/workers/register", `{"worker_id":"w6","worker_type":"baking"}`},
	{"register_bad_url", "POST", "/api/v1/workers/register", `{"worker_id":"w6","worker_type":"training","endpoint_url":"10.0.0.3:5004"}`},
	{"report", "POST", "/api/v1/workers/w2/reports", `{"token":{"operation_id":"op_running","attempt":1,"term":1},"worker_id":"w2","state":"running","progress":{"percentage":41,"current_step":"","steps_completed":0,"steps_total":0,"items_processed":0,"items_total":null,"current_item":null,"context":null},"mood":"good"}`},
	{"report_of_another", "POST", "/api/v1/workers/w1/reports", `{"token":{"operation_id":"op_running","attempt":1,"term":1},"worker_id":"w2","state":"failed","error":"e"}`},
	{"report_impossible", "POST", "/api/v1/workers/w2/reports", `{"token":{"operation_id":"op_running","attempt":1,"term":1},"worker_id":"w2","state":"pending"}`},
	{"leave", "DELETE", "/api/v1/workers/w2?incarnation=i1", ""},
	{"drain", "POST", "/api/v1/workers/w1/drain", ""},
	{"drain_unknown", "POST", "/api/v1/workers/w9/drain", ""},
	{"undrain", "POST", "/api/v1/workers/w1/undrain", ""},
	{"forget", "POST", "/api/v1/workers/w1/remove", ""},
	{"forget_unknown", "POST", "/api/v1/workers/w9/remove", ""},
	{"register_incompatible", "POST", "/api/v1/workers/register", `{"worker_id":"w7","worker_type":"training","endpoint_url":"http://h:1","contract":"7.0"}`},
	{"strategy", "GET", "/api/v1/strategies/momentum", ""},
	{"strategy_unknown", "GET", "/api/v1/strategies/momentun", ""},
	{"operations", "GET", "/api/v1/operations", ""},
	{"operations_active", "GET", "/api/v1/operations?active_only=true&limit=1", ""},
	{"operations_upper_case", "GET", "/api/v1/operations?status=COMPLETED&operation_type=TRAINING", ""},
	{"operations_no_status", "GET", "/api/v1/operations?status=finished", ""},
	{"operations_no_limit", "GET", "/api/v1/operations?limit=0", ""},
	{"operations_unknown_parameter", "GET", "/api/v1/operations?operation_typ=training", ""},
	{"operation", "GET", "/api/v1/operations/op_running", ""},
	{"operation_waiting", "GET", "/api/v1/operations/op_waiting", ""},
	{"operation_unknown", "GET", "/api/v1/operations/op_9", ""},
	{"results", "GET", "/api/v1/operations/op_done/results", ""},
	{"results_failed", "GET", "/api/v1/operations/op_failed/results", ""},
	{"results_unfinished", "GET", "/api/v1/operations/op_running/results", ""},
	{"metrics_running", "GET", "/api/v1/operations/op_running/metrics", ""},
	{"metrics_done", "GET", "/api/v1/operations/op_done/metrics", ""},
	{"performance", "GET", "/api/v1/trainings/op_done/performance", ""},
	{"performance_unfinished", "GET", "/api/v1/trainings/op_running/performance", ""},
	{"cancel_waiting", "DELETE", "/api/v1/operations/op_waiting", `{"reason":"changed my mind","force":true}`},
	{"cancel_running", "DELETE", "/api/v1/operations/op_running", ""},
	{"cancel_ended", "DELETE", "/api/v1/operations/op_done", ""},
	{"cancel_unknown", "DELETE", "/api/v1/operations/op_9", ""},
	{"status_set", "PATCH", "/api/v1/operations/op_waiting/status", `{"status":"CANCELLED","error_message":"orphan"}`},
	{"status_not_set", "PATCH", "/api/v1/operations/op_running/status", `{"status":"completed"}`},
	{"status_unknown", "PATCH", "/api/v1/operations/op_running/status", `{"status":"complete"}`},
	{"retry", "POST", "/api/v1/operations/op_failed/retry", ""},
	{"retry_running", "POST", "/api/v1/operations/op_running/retry", ""},
	{"retry_unknown", "POST", "/api/v1/operations/op_9/retry", ""},
	{"metrics_cursor", "GET", "/api/v1/operations/op_running/metrics?cursor=1", ""},
	{"metrics_bad_cursor", "GET", "/api/v1/operations/op_running/metrics?cursor=-1", ""},
	{"events_unknown", "GET", "/api/v1/operations/op_9/events", ""},
	{"events_bad_number", "GET", "/api/v1/events?after=x", ""},
	{"resume", "POST", "/api/v1/operations/op_failed/resume", ""},
	{"resume_running", "POST", "/api/v1/operations/op_running/resume", ""},
	{"resume_completed", "POST", "/api/v1/operations/op_done/resume", ""},
	{"resume_waiting", "POST", "/api/v1/operations/op_waiting/resume", ""},
	{"resume_unknown", "POST", "/api/v1/operations/op_9/resume", ""},
	{"checkpoints", "GET", "/api/v1/checkpoints", ""},
	{"checkpoints_old", "GET", "/api/v1/checkpoints?older_than_days=1", ""},
	{"checkpoint_stats", "GET", "/api/v1/checkpoints/stats", ""},
	{"checkpoint", "GET", "/api/v1/checkpoints/op_failed", ""},
	{"checkpoint_none", "GET", "/api/v1/checkpoints/op_done", ""},
	{"checkpoint_deleted", "DELETE", "/api/v1/checkpoints/op_failed", ""},
	{"checkpoint_not_deleted", "DELETE", "/api/v1/checkpoints/op_done", ""},
	{"checkpoints_cleaned", "POST", "/api/v1/checkpoints/cleanup?max_age_days=30&dry_run=true", ""},
	{"checkpoints_cleaned_bad_age", "POST", "/api/v1/checkpoints/cleanup?max_age_days=0", ""},
	{"cleanup", "POST", "/api/v1/admin/cleanup", `{"older_than_days":0}`},
	{"cleanup_dry", "POST", "/api/v1/admin/cleanup", `{"dry_run":true}`},
	{"cleanup_bad_age", "POST", "/api/v1/admin/cleanup", `{"older_than_days":-1}`},
	{"cleanup_unknown_option", "POST", "/api/v1/admin/cleanup", `{"dryrun":true}`},
	{"training", "POST", "/api/v1/trainings/start", `{"strategy_name":"momentum","symbols":["eurusd"],"timeframes":["1h"],"start_date":"2020-01-01","end_date":"2020-01-15"}`},
	{"backtest", "POST", "/api/v1/backtests/start", `{"strategy_name":"momentum","symbol":"EURUSD","timeframe":"1h","start_date":"2020-01-20","end_date":"2020-01-31"}`},
	{"ensemble_invalid", "POST", "/api/v1/ensembles/backtest", `{"ensemble_yaml":"name: x\nmodels: {}\n","start_date":"2020-01-20","end_date":"2020-01-31"}`},
	{"sweep", "POST", "/api/v1/sweeps/start", `{"strategy_name":"momentum","symbol":"EURUSD","timeframe":"1h","start_date":"2020-01-20","end_date":"2020-01-31","space_yaml":"axes:\n  decisions.confidence_threshold: {from: 0.5, to: 0.9, step: 0.1}\n","chunk_trials":2}`},
	{"sweep_bad_space", "POST", "/api/v1/sweeps/start", `{"strategy_name":"momentum","start_date":"2020-01-20","end_date":"2020-01-31","space_yaml":"axis: {}\nseed: -1\n"}`},
	{"sweep_bad_value", "POST", "/api/v1/sweeps/start", `{"strategy_name":"momentum","start_date":"2020-01-20","end_date":"2020-01-31","space_yaml":"axes:\n  decisions.confidence_threshold: [0.5, 5]\n"}`},
	{"sweep_bad_metric", "POST", "/api/v1/sweeps/start", `{"strategy_name":"momentum","start_date":"2020-01-20","end_date":"2020-01-31","space_yaml":"axes:\n  decisions.confidence_threshold: [0.5]\n","metric":"sharp"}`},
	{"sweep_finer_bars", "POST", "/api/v1/sweeps/start", `{"strategy_name":"momentum","start_date":"2020-01-20","end_date":"2020-01-31","space_yaml":"axes:\n  decisions.fills.intrabar: [null, 5m]\n"}`},
	{"sweep_other_currency", "POST", "/api/v1/sweeps/start", `{"strategy_name":"momentum","start_date":"2020-01-20","end_date":"2020-01-31","space_yaml":"axes:\n  decisions.account.currency: [CHF]\n"}`},
	{"sweep_varied", "POST", "/api/v1/sweeps/start", `{"strategy_name":"momentum","start_date":"2020-01-20","end_date":"2020-01-31","decisions":{"confidence_threshold":0.7},"space_yaml":"axes:\n  decisions.confidence_threshold: [0.5]\n"}`},
	{"sweep_trial", "GET", "/api/v1/sweeps/op_sweep/trials/3", ""},
	{"sweep_trial_none", "GET", "/api/v1/sweeps/op_sweep/trials/4", ""},
	{"sweep_trial_of_a_training", "GET", "/api/v1/sweeps/op_done/trials/0", ""},
	{"children", "GET", "/api/v1/operations/op_sweep/children", ""},
	{"children_none", "GET", "/api/v1/operations/op_done/children", ""},
	{"children_unknown", "GET", "/api/v1/operations/op_9/children", ""},
	{"operations_without_children", "GET", "/api/v1/operations?children=false&operation_type=sweep", ""},
	{"cancel_sweep", "DELETE", "/api/v1/operations/op_sweep", ""},
	{"models", "GET", "/api/v1/models", ""},
	{"model", "GET", "/api/v1/models/model_1", ""},
	{"model_by_name", "GET", "/api/v1/models/momentum_eurusd", ""},
	{"model_unknown", "GET", "/api/v1/models/momentum_eurusb", ""},
	{"strategies", "GET", "/api/v1/strategies", ""},
	{"strategies_with_slash", "GET", "/api/v1/strategies/", ""},
	{"validate", "POST", "/api/v1/strategies/validate/momentum", ""},
	{"validate_broken", "POST", "/api/v1/strategies/validate/broken", ""},
	{"validate_unknown", "POST", "/api/v1/strategies/validate/momentun", ""},
	{"validate_path", "POST", "/api/v1/strategies/validate/..%2F..%2Fsecret", ""},
	{"validate_text", "POST", "/api/v1/strategies/validate", `{"file":"mine.yaml","strategy_yaml":"name: x\nversion: \"3.0\"\n"}`},
	{"data_info", "GET", "/api/v1/data/info", ""},
	{"symbols", "GET", "/api/v1/symbols", ""},
	{"timeframes", "GET", "/api/v1/timeframes", ""},
	{"data_range", "POST", "/api/v1/data/range", `{"symbol":"EURUSD","timeframe":"1h"}`},
	{"data_range_none", "POST", "/api/v1/data/range", `{"symbol":"EURUSD","timeframe":"1d"}`},
	{"bars", "GET", "/api/v1/data/EURUSD/4h?start_date=2020-01-02&end_date=2020-01-02&limit=2&trading_hours_only=false", ""},
	{"bars_none", "GET", "/api/v1/data/GBPUSD/1h", ""},
	{"bars_trading_hours", "GET", "/api/v1/data/EURUSD/4h?trading_hours_only=true", ""},
	{"import", "POST", "/api/v1/data/import?symbol=XAUUSD&timeframe=1d&file=gold.csv", "time,open,high,low,close,volume\n2020-01-02,1500,1510,1490,1505,10\n2020-01-03,1505,1520,1500,1515,11\n"},
	{"import_bad_row", "POST", "/api/v1/data/import?symbol=XAUUSD&timeframe=1d&file=gold.csv", "time,open,high,low,close,volume\n2020-01-06,1500,1510,1600,1505,10\n"},
	{"import_unknown_option", "POST", "/api/v1/data/import?symbol=XAUUSD&timeframe=1d&time_zone=UTC", ""},
	{"artifact_unknown", "GET", "/api/v1/artifacts/" + strings.Repeat("0", 64), ""},
	{"artifact_no_hash", "GET", "/api/v1/artifacts/latest", ""},
	{"artifact_stored", "PUT", "/api/v1/artifacts/" + helloHash, "hello"},
	{"artifact_other_content", "PUT", "/api/v1/artifacts/" + helloHash, "hallo"},
	{"no_such_path", "GET", "/api/v1/nothing", ""},
	{"no_such_method", "PATCH", "/api/v1/models", ""},
}

// What may change without a change of the contract is hidden: hashes of snapshots
// and specifications, and the names in the catalogue of indicators.
var (
	volatile  = regexp.MustCompile(`"(spec_hash|hash|feature_hash)": "[0-9a-f]{64}"`)
	catalogue = regexp.MustCompile(`"available_indicators": \[[^]]*\]`)
)

func TestGolden(t *testing.T) {
	doc, router := document(t)
	seen := map[string]bool{}
	reads := populated(t)
	for _, x := range exchanges {
		t.Run(x.name, func(t *testing.T) {
			b := reads
			if x.method != "GET" {
				b = populated(t)
			}
			rec := b.do(x.method, x.path, x.body)
			checkAgainst(t, router, x.method, x.path, x.body, rec, seen)
			var pretty bytes.Buffer
			fmt.Fprintf(&pretty, "// %s %s -> %d\n", x.method, x.path, rec.Code)
			if err := json.Indent(&pretty, rec.Body.Bytes(), "", "  "); err != nil {
				t.Fatalf("%d %s: %v", rec.Code, rec.Body, err)
			}
			shown := volatile.ReplaceAll(pretty.Bytes(), []byte(`"$1": "<sha256>"`))
			shown = catalogue.ReplaceAll(shown, []byte(`"available_indicators": ["<names>"]`))
			golden.Check(t, filepath.Join("testdata", "golden", x.name+".json"), string(shown))
		})
	}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if isBytes := slices.Contains([]string{"get-artifact", "download-model", "backup"}, op.OperationID); !seen[op.OperationID] && method != "HEAD" && !isBytes {
				t.Errorf("no exchange for %s %s", method, path)
			}
		}
	}
}

// document loads the description that the backend serves, as any other tool
// would.
func document(t *testing.T) (*openapi3.T, routers.Router) {
	t.Helper()
	rec := newBackend(t).do("GET", "/api/v1/openapi.json", "")
	if rec.Code != http.StatusOK {
		t.Fatalf("document: %d %s", rec.Code, rec.Body)
	}
	if !strings.Contains(rec.Body.String(), `"openapi":"3.1.0"`) {
		t.Errorf("document is of another version: %.60s", rec.Body)
	}
	doc, err := openapi3.NewLoader().LoadFromData(rec.Body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatalf("the document is not valid: %v", err)
	}
	doc.Servers = nil
	for _, schema := range doc.Components.Schemas { // an empty schema allows null; the validator's rules of OpenAPI 3.0 do not know that
		for _, p := range schema.Value.Properties {
			if v := p.Value; v.Type == nil && v.OneOf == nil {
				v.Type = &openapi3.Types{"null", "object", "array", "string", "number", "boolean"}
			}
		}
	}
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return doc, router
}

// checkAgainst holds an answer to the document.
func checkAgainst(t *testing.T, router routers.Router, method, path, body string, rec *httptest.ResponseRecorder, seen map[string]bool) {
	t.Helper()
	if path != "/" {
		path = strings.TrimSuffix(path, "/")
	}
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	route, params, err := router.FindRoute(req)
	if err != nil {
		return // not a described endpoint: the golden file says what is answered
	}
	seen[route.Operation.OperationID] = true
	in := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route},
		Status:                 rec.Code, Header: rec.Header(), Body: io.NopCloser(bytes.NewReader(rec.Body.Bytes())),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}
	if err := openapi3filter.ValidateResponse(context.Background(), in); err != nil {
		t.Errorf("%s %s answers %d, which the document does not allow: %v", method, path, rec.Code, err)
	}
}
