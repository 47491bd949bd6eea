package settings

import (
	"slices"
	"strings"

	"github.com/ktrdr/ktrdr/internal/edge/exit"
)

// A Role is what a process does. The values are bits, so that a setting can name
// all roles that read it.
type Role uint8

const (
	RoleClient Role = 1 << iota
	RoleServe
	RoleBacktest
	RoleTraining
	RoleUp
	RoleRestore
)

const (
	RoleWorkers = RoleBacktest | RoleTraining
	RoleServers = RoleServe | RoleWorkers | RoleUp
)

var roleNames = []struct {
	role Role
	name string
}{{RoleClient, "client"}, {RoleServe, "serve"}, {RoleBacktest, "worker backtest"}, {RoleTraining, "worker training"}, {RoleUp, "up"}, {RoleRestore, "admin restore"}}

// String lists the roles by name.
func (r Role) String() string {
	var names []string
	for _, known := range roleNames {
		if r&known.role != 0 {
			names = append(names, known.name)
		}
	}
	return strings.Join(names, ", ")
}

// ParseRole returns the role of that name; "" is a role that reads everything.
func ParseRole(name string) (Role, error) {
	if name == "" {
		return RoleClient | RoleServers, nil
	}
	for _, known := range roleNames {
		if known.name == name {
			return known.role, nil
		}
	}
	return 0, exit.Usagef("unknown role %q: want one of %s", name, RoleClient|RoleServers)
}

// A setting is one thing that can be configured.
type setting struct {
	key      string              // in the file; dots stand for nesting
	flag     string              // without dashes
	env      []string            // the name, then older names that mean the same
	fallback string              // the default
	defaults map[Role]string     // where a role has another default
	roles    Role                // who reads it
	check    func(string) error  // nil: any text
	shown    func(string) string // how it is shown; nil: as it is
	doc      string
}

// defaultFor returns the default of the setting in a role.
func (s setting) defaultFor(r Role) string {
	if d, ok := s.defaults[r]; ok {
		return d
	}
	return s.fallback
}

// The keys of the settings.
const (
	URL               = "url"
	Submitter         = "submitter"
	Listen            = "listen"
	DataDir           = "data_dir"
	StrategiesDir     = "strategies_dir"
	LogLevel          = "log.level"
	LogFormat         = "log.format"
	WorkerID          = "worker.id"
	WorkerIP          = "worker.ip"
	WorkerPort        = "worker.port"
	WorkerEndpoint    = "worker.endpoint_url"
	WorkerClaims      = "worker.capabilities"
	WorkerThreads     = "worker.threads"
	WorkerGrace       = "worker.shutdown_grace"
	FeatureMemory     = "worker.feature_memory"
	FeatureDisk       = "worker.feature_disk"
	EpochInterval     = "checkpoint.epoch_interval"
	BarInterval       = "checkpoint.bar_interval"
	TimeInterval      = "checkpoint.time_interval_seconds"
	HealthInterval    = "fleet.health_check_interval"
	HealthTimeout     = "fleet.health_check_timeout"
	HealthFailures    = "fleet.health_check_failures"
	Lease             = "fleet.lease"
	Removal           = "fleet.removal_threshold"
	MaxQueued         = "submitter_limits.queued"
	MaxRunning        = "submitter_limits.running"
	KeepOperations    = "retention.operations_days"
	KeepCheckpoints   = "retention.checkpoints_days"
	RetentionGrace    = "retention.grace"
	RetentionInterval = "retention.interval"
	DatabaseURL       = "database_url"
	SharedDir         = "shared_dir"
	AdvertiseURL      = "advertise_url"
)

// schema is the table of all settings, in the order of the documentation.
func schema() []setting {
	return slices.Concat(processSettings(), workerSettings(), fleetSettings(), retentionSettings(), clusterSettings())
}

// processSettings are those of every process.
func processSettings() []setting {
	return []setting{
		{key: URL, flag: "url", env: []string{"KTRDR_API_URL", "KTRDR_API_CLIENT_BASE_URL"}, fallback: "http://127.0.0.1:8000",
			defaults: map[Role]string{RoleBacktest: "", RoleTraining: ""}, roles: RoleClient | RoleWorkers, check: checkURL,
			doc: "Backend to talk to, with or without /api/v1. Workers have no default and do not start without it."},
		{key: Submitter, flag: "submitter", env: []string{"KTRDR_SUBMITTER"}, roles: RoleClient,
			doc: "Who asks for operations; waiting operations of different submitters take turns. Default: user@host."},
		{key: Listen, flag: "listen", env: []string{"KTRDR_LISTEN"}, fallback: "127.0.0.1:8000",
			defaults: map[Role]string{RoleBacktest: "", RoleTraining: ""}, roles: RoleServers, check: checkListen,
			doc: "HOST:PORT to listen on; port 0 takes a free one. Workers without it listen on worker.ip and worker.port."},
		{key: DataDir, flag: "data-dir", env: []string{"KTRDR_DATA_DIR", "DATA_DIR"}, fallback: "ktrdr-data/backend",
			defaults: map[Role]string{RoleBacktest: "ktrdr-data/backtest-worker", RoleTraining: "ktrdr-data/training-worker", RoleUp: "ktrdr-data"},
			roles:    RoleServers | RoleRestore, check: checkNotEmpty,
			doc: "Folder that holds all state of the role. Two processes cannot share one."},
		{key: StrategiesDir, flag: "strategies-dir", env: []string{"KTRDR_STRATEGIES_DIR", "STRATEGIES_DIR"}, fallback: "strategies",
			roles: RoleServe | RoleUp, check: checkNotEmpty,
			doc: "Folder of the strategies that the backend knows by name."},
		{key: LogLevel, flag: "log-level", env: []string{"KTRDR_LOG_LEVEL", "LOG_LEVEL"}, fallback: "info",
			roles: RoleServers, check: oneOf("debug", "info", "warn", "error"),
			doc: "Least severe log line that is written: debug, info, warn or error."},
		{key: LogFormat, flag: "log-format", env: []string{"KTRDR_LOG_FORMAT"}, fallback: "text",
			roles: RoleServers, check: oneOf("text", "json"),
			doc: "Form of the log lines: text or json."},
	}
}

// workerSettings are those of workers.
func workerSettings() []setting {
	return []setting{
		{key: WorkerID, flag: "id", env: []string{"KTRDR_WORKER_ID", "WORKER_ID"}, roles: RoleWorkers,
			doc: "Name of the worker, kept over restarts. Default: drawn once and kept in the data folder."},
		{key: WorkerIP, flag: "ip", env: []string{"KTRDR_WORKER_IP", "WORKER_IP"}, fallback: "127.0.0.1",
			roles: RoleWorkers, check: checkIP,
			doc: "Address that the worker binds when listen is not set."},
		{key: WorkerPort, flag: "port", env: []string{"KTRDR_WORKER_PORT", "WORKER_PORT"}, fallback: "5003",
			defaults: map[Role]string{RoleTraining: "5004"}, roles: RoleWorkers, check: checkPort,
			doc: "Port that the worker binds when listen is not set; 0 takes a free one."},
		{key: WorkerEndpoint, flag: "endpoint-url", env: []string{"KTRDR_WORKER_ENDPOINT_URL", "WORKER_ENDPOINT_URL", "KTRDR_WORKER_PUBLIC_BASE_URL", "WORKER_PUBLIC_BASE_URL"},
			roles: RoleWorkers, check: checkURL,
			doc: "Address under which the backend reaches the worker. Default: what the worker bound, seen from the backend."},
		{key: WorkerClaims, flag: "capability", env: []string{"KTRDR_WORKER_CAPABILITIES", "WORKER_CAPABILITIES"},
			roles: RoleWorkers, check: checkClaims,
			doc: "What the worker says it has, as name=value with commas between, for example gpu=true,gpu_type=CUDA. A worker with gpu=true is preferred for training."},
		{key: WorkerThreads, flag: "threads", env: []string{"KTRDR_WORKER_THREADS"}, fallback: "0",
			roles: RoleWorkers, check: checkThreads,
			doc: "Threads that a computation may use; 0 is all that the machine has. Results do not depend on it."},
		{key: WorkerGrace, flag: "shutdown-grace", env: []string{"KTRDR_WORKER_SHUTDOWN_GRACE"}, fallback: "25",
			roles: RoleWorkers, check: checkSeconds,
			doc: "Seconds that a worker which is told to stop has to save the state of its job and to report."},
		{key: FeatureMemory, flag: "feature-memory", env: []string{"KTRDR_WORKER_FEATURE_MEMORY"}, fallback: "128",
			roles: RoleWorkers, check: checkMebibytes,
			doc: "MiB of bars, features and answers of models that a worker keeps in memory between operations; 0 is none. Results do not depend on it."},
		{key: FeatureDisk, flag: "feature-disk", env: []string{"KTRDR_WORKER_FEATURE_DISK"}, fallback: "2048",
			roles: RoleWorkers, check: checkMebibytes,
			doc: "MiB of features and answers of models that a worker keeps in its data directory; 0 is none. Results do not depend on it."},
		{key: EpochInterval, flag: "checkpoint-epochs", env: []string{"KTRDR_CHECKPOINT_EPOCH_INTERVAL"}, fallback: "10",
			roles: RoleTraining, check: checkCount,
			doc: "Epochs between two checkpoints of a training, from which it goes on elsewhere if the worker is lost. Never more than one a second."},
		{key: BarInterval, flag: "checkpoint-bars", env: []string{"KTRDR_CHECKPOINT_BAR_INTERVAL"}, fallback: "1000000",
			roles: RoleBacktest, check: checkCount,
			doc: "Bars between two checkpoints of a backtest. Never more than one a second."},
		{key: TimeInterval, flag: "checkpoint-seconds", env: []string{"KTRDR_CHECKPOINT_TIME_INTERVAL_SECONDS"}, fallback: "300",
			roles: RoleWorkers, check: checkSeconds,
			doc: "Seconds between two checkpoints at most, however slow the work is."},
	}
}

// fleetSettings are the intervals by which a backend watches its workers.
func fleetSettings() []setting {
	return []setting{
		{key: HealthInterval, flag: "health-check-interval", env: []string{"KTRDR_WORKER_HEALTH_CHECK_INTERVAL"}, fallback: "10",
			roles: RoleServe, check: checkSeconds,
			doc: "Seconds between two health checks of a worker."},
		{key: HealthTimeout, flag: "health-check-timeout", env: []string{"KTRDR_WORKER_HEALTH_CHECK_TIMEOUT"}, fallback: "5",
			roles: RoleServe, check: checkSeconds,
			doc: "Seconds that a worker has to answer a health check."},
		{key: HealthFailures, flag: "health-check-failures", env: []string{"KTRDR_WORKER_HEALTH_CHECK_FAILURES"}, fallback: "3",
			roles: RoleServe, check: checkFailures,
			doc: "Health checks that a worker misses in a row until it is temporarily unavailable."},
		{key: Lease, flag: "lease", env: []string{"KTRDR_WORKER_LEASE"}, fallback: "28",
			roles: RoleServe, check: checkSeconds,
			doc: "Seconds without a word from a worker until its operation is given to another."},
		{key: Removal, flag: "removal-threshold", env: []string{"KTRDR_WORKER_REMOVAL_THRESHOLD"}, fallback: "300",
			roles: RoleServe, check: checkSeconds,
			doc: "Seconds without a word from a worker until it is removed from the list."},
		{key: MaxQueued, flag: "max-queued", env: []string{"KTRDR_SUBMITTER_MAX_QUEUED"}, fallback: "0",
			roles: RoleServe, check: checkLimit,
			doc: "Operations that one submitter may have waiting; more are refused. 0 is no limit."},
		{key: MaxRunning, flag: "max-running", env: []string{"KTRDR_SUBMITTER_MAX_RUNNING"}, fallback: "0",
			roles: RoleServe, check: checkLimit,
			doc: "Operations that one submitter may have running; more wait. 0 is no limit."},
	}
}

// retentionSettings say what a backend deletes, and when.
func retentionSettings() []setting {
	return []setting{
		{key: KeepOperations, flag: "keep-operations", env: []string{"KTRDR_RETENTION_OPERATIONS_DAYS"}, fallback: "0",
			roles: RoleServe, check: checkLimit,
			doc: "Days for which operations are kept after their end, with their results and events; those that made a model are kept for ever. 0 is for ever."},
		{key: KeepCheckpoints, flag: "keep-checkpoints", env: []string{"KTRDR_CHECKPOINT_MAX_AGE_DAYS"}, fallback: "30",
			roles: RoleServe, check: checkLimit,
			doc: "Days for which a failed or cancelled operation can be resumed from a checkpoint. 0 is for ever."},
		{key: RetentionGrace, flag: "retention-grace", env: []string{"KTRDR_RETENTION_GRACE"}, fallback: "86400",
			roles: RoleServe, check: checkSeconds,
			doc: "Seconds for which an artifact that nothing refers to is left alone, and again aside before it is deleted."},
		{key: RetentionInterval, flag: "retention-interval", env: []string{"KTRDR_RETENTION_INTERVAL"}, fallback: "86400",
			roles: RoleServe, check: checkSeconds,
			doc: "Seconds between two clean-ups that a backend makes by itself."},
	}
}

// clusterSettings are the settings of several backends on one database.
func clusterSettings() []setting {
	return []setting{
		{key: DatabaseURL, flag: "database-url", env: []string{"KTRDR_DATABASE_URL"}, roles: RoleServe | RoleRestore, check: checkDatabase, shown: maskDatabase,
			doc: "PostgreSQL database that holds the records, as postgres://USER:PASSWORD@HOST/DATABASE; several backends may use one. Prefer the variable: other users of the machine can read flags. Default: a SQLite file in data_dir."},
		{key: SharedDir, flag: "shared-dir", env: []string{"KTRDR_SHARED_DIR"}, roles: RoleServe | RoleRestore,
			doc: "Folder of the artifacts, the same one for all backends on one PostgreSQL database. Default: data_dir."},
		{key: AdvertiseURL, flag: "advertise-url", env: []string{"KTRDR_ADVERTISE_URL"}, roles: RoleServe, check: checkURL,
			doc: "Address under which the other backends on the same database reach this one. Default: what it listens on."},
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
