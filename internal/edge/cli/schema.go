package cli

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/wire"
)

// A role is what a process does. The values are bits, so that a setting can name
// all roles that read it.
type role uint8

const (
	roleClient role = 1 << iota
	roleServe
	roleBacktest
	roleTraining
	roleUp
	roleRestore
)

const (
	roleWorkers = roleBacktest | roleTraining
	roleServers = roleServe | roleWorkers | roleUp
)

var roleNames = []struct {
	role role
	name string
}{{roleClient, "client"}, {roleServe, "serve"}, {roleBacktest, "worker backtest"}, {roleTraining, "worker training"}, {roleUp, "up"}, {roleRestore, "admin restore"}}

// String lists the roles by name.
func (r role) String() string {
	var names []string
	for _, known := range roleNames {
		if r&known.role != 0 {
			names = append(names, known.name)
		}
	}
	return strings.Join(names, ", ")
}

// A setting is one thing that can be configured.
type setting struct {
	key      string              // in the file; dots stand for nesting
	flag     string              // without dashes
	env      []string            // the name, then older names that mean the same
	fallback string              // the default
	defaults map[role]string     // where a role has another default
	roles    role                // who reads it
	check    func(string) error  // nil: any text
	shown    func(string) string // how it is shown; nil: as it is
	doc      string
}

// defaultFor returns the default of the setting in a role.
func (s setting) defaultFor(r role) string {
	if d, ok := s.defaults[r]; ok {
		return d
	}
	return s.fallback
}

const configFileEnv = "KTRDR_CONFIG"

// The keys of the settings.
const (
	keyURL            = "url"
	keySubmitter      = "submitter"
	keyListen         = "listen"
	keyDataDir        = "data_dir"
	keyStrategiesDir  = "strategies_dir"
	keyLogLevel       = "log.level"
	keyLogFormat      = "log.format"
	keyWorkerID       = "worker.id"
	keyWorkerIP       = "worker.ip"
	keyWorkerPort     = "worker.port"
	keyWorkerEndpoint = "worker.endpoint_url"
	keyWorkerClaims   = "worker.capabilities"
	keyWorkerThreads  = "worker.threads"
	keyWorkerGrace    = "worker.shutdown_grace"
	keyFeatureMemory  = "worker.feature_memory"
	keyFeatureDisk    = "worker.feature_disk"
	keyEpochInterval  = "checkpoint.epoch_interval"
	keyBarInterval    = "checkpoint.bar_interval"
	keyTimeInterval   = "checkpoint.time_interval_seconds"
	keyHealthInterval = "fleet.health_check_interval"
	keyHealthTimeout  = "fleet.health_check_timeout"
	keyHealthFailures = "fleet.health_check_failures"
	keyLease          = "fleet.lease"
	keyRemoval        = "fleet.removal_threshold"
	keyMaxQueued      = "submitter_limits.queued"
	keyMaxRunning     = "submitter_limits.running"
)

// schema is the table of all settings, in the order of the documentation.
func schema() []setting {
	return slices.Concat(processSettings(), workerSettings(), fleetSettings(), retentionSettings(), clusterSettings())
}

// processSettings are those of every process.
func processSettings() []setting {
	return []setting{
		{key: keyURL, flag: "url", env: []string{"KTRDR_API_URL", "KTRDR_API_CLIENT_BASE_URL"}, fallback: "http://127.0.0.1:8000",
			defaults: map[role]string{roleBacktest: "", roleTraining: ""}, roles: roleClient | roleWorkers, check: checkURL,
			doc: "Backend to talk to, with or without /api/v1. Workers have no default and do not start without it."},
		{key: keySubmitter, flag: "submitter", env: []string{"KTRDR_SUBMITTER"}, roles: roleClient,
			doc: "Who asks for operations; waiting operations of different submitters take turns. Default: user@host."},
		{key: keyListen, flag: "listen", env: []string{"KTRDR_LISTEN"}, fallback: "127.0.0.1:8000",
			defaults: map[role]string{roleBacktest: "", roleTraining: ""}, roles: roleServers, check: checkListen,
			doc: "HOST:PORT to listen on; port 0 takes a free one. Workers without it listen on worker.ip and worker.port."},
		{key: keyDataDir, flag: "data-dir", env: []string{"KTRDR_DATA_DIR", "DATA_DIR"}, fallback: "ktrdr-data/backend",
			defaults: map[role]string{roleBacktest: "ktrdr-data/backtest-worker", roleTraining: "ktrdr-data/training-worker", roleUp: "ktrdr-data"},
			roles:    roleServers | roleRestore, check: checkNotEmpty,
			doc: "Folder that holds all state of the role. Two processes cannot share one."},
		{key: keyStrategiesDir, flag: "strategies-dir", env: []string{"KTRDR_STRATEGIES_DIR", "STRATEGIES_DIR"}, fallback: "strategies",
			roles: roleServe | roleUp, check: checkNotEmpty,
			doc: "Folder of the strategies that the backend knows by name."},
		{key: keyLogLevel, flag: "log-level", env: []string{"KTRDR_LOG_LEVEL", "LOG_LEVEL"}, fallback: "info",
			roles: roleServers, check: oneOf("debug", "info", "warn", "error"),
			doc: "Least severe log line that is written: debug, info, warn or error."},
		{key: keyLogFormat, flag: "log-format", env: []string{"KTRDR_LOG_FORMAT"}, fallback: "text",
			roles: roleServers, check: oneOf("text", "json"),
			doc: "Form of the log lines: text or json."},
	}
}

// workerSettings are those of workers.
func workerSettings() []setting {
	return []setting{
		{key: keyWorkerID, flag: "id", env: []string{"KTRDR_WORKER_ID", "WORKER_ID"}, roles: roleWorkers,
			doc: "Name of the worker, kept over restarts. Default: drawn once and kept in the data folder."},
		{key: keyWorkerIP, flag: "ip", env: []string{"KTRDR_WORKER_IP", "WORKER_IP"}, fallback: "127.0.0.1",
			roles: roleWorkers, check: checkIP,
			doc: "Address that the worker binds when listen is not set."},
		{key: keyWorkerPort, flag: "port", env: []string{"KTRDR_WORKER_PORT", "WORKER_PORT"}, fallback: "5003",
			defaults: map[role]string{roleTraining: "5004"}, roles: roleWorkers, check: checkPort,
			doc: "Port that the worker binds when listen is not set; 0 takes a free one."},
		{key: keyWorkerEndpoint, flag: "endpoint-url", env: []string{"KTRDR_WORKER_ENDPOINT_URL", "WORKER_ENDPOINT_URL", "KTRDR_WORKER_PUBLIC_BASE_URL", "WORKER_PUBLIC_BASE_URL"},
			roles: roleWorkers, check: checkURL,
			doc: "Address under which the backend reaches the worker. Default: what the worker bound, seen from the backend."},
		{key: keyWorkerClaims, flag: "capability", env: []string{"KTRDR_WORKER_CAPABILITIES", "WORKER_CAPABILITIES"},
			roles: roleWorkers, check: checkCapabilities,
			doc: "What the worker says it has, as name=value with commas between, for example gpu=true,gpu_type=CUDA. A worker with gpu=true is preferred for training."},
		{key: keyWorkerThreads, flag: "threads", env: []string{"KTRDR_WORKER_THREADS"}, fallback: "0",
			roles: roleWorkers, check: checkThreads,
			doc: "Threads that a computation may use; 0 is all that the machine has. Results do not depend on it."},
		{key: keyWorkerGrace, flag: "shutdown-grace", env: []string{"KTRDR_WORKER_SHUTDOWN_GRACE"}, fallback: "25",
			roles: roleWorkers, check: checkSeconds,
			doc: "Seconds that a worker which is told to stop has to save the state of its job and to report."},
		{key: keyFeatureMemory, flag: "feature-memory", env: []string{"KTRDR_WORKER_FEATURE_MEMORY"}, fallback: "128",
			roles: roleWorkers, check: checkMebibytes,
			doc: "MiB of bars, features and answers of models that a worker keeps in memory between operations; 0 is none. Results do not depend on it."},
		{key: keyFeatureDisk, flag: "feature-disk", env: []string{"KTRDR_WORKER_FEATURE_DISK"}, fallback: "2048",
			roles: roleWorkers, check: checkMebibytes,
			doc: "MiB of features and answers of models that a worker keeps in its data directory; 0 is none. Results do not depend on it."},
		{key: keyEpochInterval, flag: "checkpoint-epochs", env: []string{"KTRDR_CHECKPOINT_EPOCH_INTERVAL"}, fallback: "10",
			roles: roleTraining, check: checkCount,
			doc: "Epochs between two checkpoints of a training, from which it goes on elsewhere if the worker is lost. Never more than one a second."},
		{key: keyBarInterval, flag: "checkpoint-bars", env: []string{"KTRDR_CHECKPOINT_BAR_INTERVAL"}, fallback: "1000000",
			roles: roleBacktest, check: checkCount,
			doc: "Bars between two checkpoints of a backtest. Never more than one a second."},
		{key: keyTimeInterval, flag: "checkpoint-seconds", env: []string{"KTRDR_CHECKPOINT_TIME_INTERVAL_SECONDS"}, fallback: "300",
			roles: roleWorkers, check: checkSeconds,
			doc: "Seconds between two checkpoints at most, however slow the work is."},
	}
}

// fleetSettings are the intervals by which a backend watches its workers.
func fleetSettings() []setting {
	return []setting{
		{key: keyHealthInterval, flag: "health-check-interval", env: []string{"KTRDR_WORKER_HEALTH_CHECK_INTERVAL"}, fallback: "10",
			roles: roleServe, check: checkSeconds,
			doc: "Seconds between two health checks of a worker."},
		{key: keyHealthTimeout, flag: "health-check-timeout", env: []string{"KTRDR_WORKER_HEALTH_CHECK_TIMEOUT"}, fallback: "5",
			roles: roleServe, check: checkSeconds,
			doc: "Seconds that a worker has to answer a health check."},
		{key: keyHealthFailures, flag: "health-check-failures", env: []string{"KTRDR_WORKER_HEALTH_CHECK_FAILURES"}, fallback: "3",
			roles: roleServe, check: checkFailures,
			doc: "Health checks that a worker misses in a row until it is temporarily unavailable."},
		{key: keyLease, flag: "lease", env: []string{"KTRDR_WORKER_LEASE"}, fallback: "28",
			roles: roleServe, check: checkSeconds,
			doc: "Seconds without a word from a worker until its operation is given to another."},
		{key: keyRemoval, flag: "removal-threshold", env: []string{"KTRDR_WORKER_REMOVAL_THRESHOLD"}, fallback: "300",
			roles: roleServe, check: checkSeconds,
			doc: "Seconds without a word from a worker until it is removed from the list."},
		{key: keyMaxQueued, flag: "max-queued", env: []string{"KTRDR_SUBMITTER_MAX_QUEUED"}, fallback: "0",
			roles: roleServe, check: checkLimit,
			doc: "Operations that one submitter may have waiting; more are refused. 0 is no limit."},
		{key: keyMaxRunning, flag: "max-running", env: []string{"KTRDR_SUBMITTER_MAX_RUNNING"}, fallback: "0",
			roles: roleServe, check: checkLimit,
			doc: "Operations that one submitter may have running; more wait. 0 is no limit."},
	}
}

// removed lists variables of older versions that no longer mean anything, with
// what replaces them.
func removed() map[string]string {
	const remote = "the backend never computes and workers register themselves, so there is nothing to switch: unset it and start "
	return map[string]string{
		"USE_REMOTE_BACKTEST_SERVICE": remote + "ktrdr worker backtest",
		"REMOTE_BACKTEST_SERVICE_URL": remote + "ktrdr worker backtest",
		"USE_TRAINING_HOST_SERVICE":   remote + "ktrdr worker training",
		"TRAINING_HOST_SERVICE_URL":   remote + "ktrdr worker training",
		"KTRDR_API_HOST":              "unset it and set KTRDR_LISTEN=HOST:PORT",
		"KTRDR_API_PORT":              "unset it and set KTRDR_LISTEN=HOST:PORT",
	}
}

func checkURL(s string) error {
	if s == "" {
		return nil
	}
	if strings.Contains(s, "://") {
		if u, err := url.Parse(s); err != nil || u.Host == "" {
			return fmt.Errorf("%q is not an address: want http://HOST:PORT", s)
		}
	}
	_, err := wire.NormaliseURL(s)
	return err
}

func checkListen(s string) error {
	if s == "" {
		return nil
	}
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return fmt.Errorf("%q is not HOST:PORT (for example 127.0.0.1:8000)", s)
	}
	return checkPort(port)
}

func checkPort(s string) error {
	if n, err := strconv.Atoi(s); err != nil || n < 0 || n > 65535 {
		return fmt.Errorf("port %q: want a number from 0 to 65535", s)
	}
	return nil
}

func checkIP(s string) error {
	if _, err := netip.ParseAddr(s); err != nil && s != "localhost" {
		return fmt.Errorf("%q is not an IP address", s)
	}
	return nil
}

func checkThreads(s string) error {
	if n, err := strconv.Atoi(s); err != nil || n < 0 || n > 1024 {
		return fmt.Errorf("%q threads: want a number from 0 to 1024", s)
	}
	return nil
}

func checkSeconds(s string) error {
	_, err := parseSeconds(s)
	return err
}

// parseSeconds reads a number of seconds, at least a hundredth and at most a day.
func parseSeconds(s string) (time.Duration, error) {
	seconds, err := strconv.ParseFloat(s, 64)
	if err != nil || !(seconds >= 0.01 && seconds <= 86_400) {
		return 0, fmt.Errorf("%q: want a number of seconds from 0.01 to 86400", s)
	}
	return time.Duration(seconds * float64(time.Second)), nil
}

func checkFailures(s string) error {
	if n, err := strconv.Atoi(s); err != nil || n < 1 || n > 1000 {
		return fmt.Errorf("%q: want a number from 1 to 1000", s)
	}
	return nil
}

func checkLimit(s string) error {
	if n, err := strconv.Atoi(s); err != nil || n < 0 {
		return fmt.Errorf("%q: want a whole number, or 0 for no limit", s)
	}
	return nil
}

func checkCount(s string) error {
	if n, err := strconv.ParseInt(s, 10, 64); err != nil || n < 1 {
		return fmt.Errorf("%q: want a whole number from 1", s)
	}
	return nil
}

func checkNotEmpty(s string) error {
	if s == "" {
		return fmt.Errorf("is empty: name a folder")
	}
	return nil
}

func oneOf(words ...string) func(string) error {
	return func(s string) error {
		if slices.Contains(words, s) {
			return nil
		}
		return fmt.Errorf("%q: want one of %s", s, strings.Join(words, ", "))
	}
}

func checkCapabilities(s string) error {
	_, err := parseCapabilities(s)
	return err
}

// parseCapabilities reads name=value pairs between commas. A value that reads as
// true, false or a number is one.
func parseCapabilities(s string) (map[string]any, error) {
	claims := map[string]any{}
	for _, pair := range splitList([]string{s}) {
		name, text, ok := strings.Cut(pair, "=")
		if !ok || name == "" || text == "" {
			return nil, fmt.Errorf("%q is not name=value (for example gpu=true)", pair)
		}
		if _, twice := claims[name]; twice {
			return nil, fmt.Errorf("%s is given twice", name)
		}
		claims[name] = capability(text)
	}
	return claims, nil
}

func capability(text string) any {
	switch text {
	case "true":
		return true
	case "false":
		return false
	}
	if n, err := strconv.Atoi(text); err == nil {
		return n
	}
	return text
}
