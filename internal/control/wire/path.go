package wire

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// The paths of a backend.
const (
	Prefix = "/api/v1"

	PathHealth           = Prefix + "/health"
	PathOpenAPI          = Prefix + "/openapi"
	PathWorkers          = Prefix + "/workers"
	PathWorker           = Prefix + "/workers/{worker_id}"
	PathWorkersHealth    = Prefix + "/workers/health"
	PathWorkerRegister   = Prefix + "/workers/register"
	PathWorkerReports    = Prefix + "/workers/{worker_id}/reports"
	PathWorkerDrain      = Prefix + "/workers/{worker_id}/drain"
	PathWorkerUndrain    = Prefix + "/workers/{worker_id}/undrain"
	PathWorkerRemove     = Prefix + "/workers/{worker_id}/remove"
	PathOperations       = Prefix + "/operations"
	PathOperation        = Prefix + "/operations/{operation_id}"
	PathOperationResults = Prefix + "/operations/{operation_id}/results"
	PathChildren         = Prefix + "/operations/{operation_id}/children"
	PathOperationMetrics = Prefix + "/operations/{operation_id}/metrics"
	PathOperationResume  = Prefix + "/operations/{operation_id}/resume"
	PathOperationRetry   = Prefix + "/operations/{operation_id}/retry"
	PathOperationEvents  = Prefix + "/operations/{operation_id}/events"
	PathEvents           = Prefix + "/events"
	PathOperationStatus  = Prefix + "/operations/{operation_id}/status"
	PathCheckpoints      = Prefix + "/checkpoints"
	PathCheckpoint       = Prefix + "/checkpoints/{operation_id}"
	PathCheckpointStats  = Prefix + "/checkpoints/stats"
	PathCheckpointSweep  = Prefix + "/checkpoints/cleanup"
	PathTrainingStart    = Prefix + "/trainings/start"
	PathTrainingResults  = Prefix + "/trainings/{task_id}/performance"
	PathBacktestStart    = Prefix + "/backtests/start"
	PathSweepStart       = Prefix + "/sweeps/start"
	PathSweepTrial       = Prefix + "/sweeps/{operation_id}/trials/{trial}"
	PathModels           = Prefix + "/models"
	PathModel            = Prefix + "/models/{model}"
	PathModelArtifact    = Prefix + "/models/{model}/download"
	PathStrategies       = Prefix + "/strategies"
	PathStrategy         = Prefix + "/strategies/{name}"
	PathStrategyValidate = Prefix + "/strategies/validate/{name}"
	PathStrategyCheck    = Prefix + "/strategies/validate"
	PathDataInfo         = Prefix + "/data/info"
	PathDataRange        = Prefix + "/data/range"
	PathDataImport       = Prefix + "/data/import"
	PathDataBars         = Prefix + "/data/{symbol}/{timeframe}"
	PathSymbols          = Prefix + "/symbols"
	PathTimeframes       = Prefix + "/timeframes"
	PathArtifact         = Prefix + "/artifacts/{sha256}"
)

// The paths of a worker.
const (
	PathWorkerRoot           = "/"
	PathWorkerHealth         = "/health"
	PathWorkerTrainingStart  = "/training/start"
	PathWorkerBacktestStart  = "/backtests/start"
	PathWorkerSweepStart     = "/sweeps/start"
	PathWorkerChunkStart     = "/sweeps/chunks/start"
	PathWorkerOperations     = Prefix + "/operations"
	PathWorkerOperation      = Prefix + "/operations/{operation_id}"
	PathWorkerMetrics        = Prefix + "/operations/{operation_id}/metrics"
	PathWorkerCancel         = Prefix + "/operations/{operation_id}/cancel"
	PathWorkerBackendStopped = "/backend-shutdown"
)

// WorkerStartPaths are the paths at which workers take orders of each type.
func WorkerStartPaths() map[operation.Type]string {
	return map[operation.Type]string{
		operation.Training: PathWorkerTrainingStart, operation.Backtesting: PathWorkerBacktestStart,
		operation.Sweep: PathWorkerSweepStart, operation.SweepChunk: PathWorkerChunkStart,
	}
}

// DefaultBackendPort is the port of a backend where an address names none.
const DefaultBackendPort = "8000"

// fill puts values into the {placeholders} of path, in order and escaped.
func fill(path string, values ...string) string {
	for _, v := range values {
		before, rest, _ := strings.Cut(path, "{")
		_, after, _ := strings.Cut(rest, "}")
		path = before + url.PathEscape(v) + after
	}
	return path
}

// NormaliseURL returns the root of the backend that s means: a missing scheme is
// http, a missing port 8000, and a trailing /api/v1 is dropped.
func NormaliseURL(s string) (string, error) {
	text := strings.TrimSpace(s)
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err != nil {
		return "", Errorf(CodeBadRequest, "%q is not an address: want http://HOST:PORT", s)
	}
	path := strings.TrimSuffix(strings.TrimSuffix(u.Path, "/"), Prefix)
	switch {
	case u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "", u.RawQuery != "", u.Fragment != "", u.User != nil:
		return "", Errorf(CodeBadRequest, "%q is not an address of a backend: want http://HOST:PORT", s)
	case path != "" && path != "/":
		return "", Errorf(CodeBadRequest, "%q has the path %s: want http://HOST:PORT, with or without %s", s, u.Path, Prefix)
	}
	host := u.Host
	if u.Port() == "" && u.Scheme == "http" {
		host = strings.TrimSuffix(u.Host, ":") + ":" + DefaultBackendPort
	}
	return fmt.Sprintf("%s://%s", u.Scheme, host), nil
}
