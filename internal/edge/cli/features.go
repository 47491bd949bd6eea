package cli

import (
	"log/slog"
	"path/filepath"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/data/featurecache"
	"github.com/ktrdr/ktrdr/internal/edge/backend"
	"github.com/ktrdr/ktrdr/internal/edge/settings"
	"github.com/ktrdr/ktrdr/internal/work/job"
	"github.com/ktrdr/ktrdr/internal/work/worker"
)

// featuresFolder is where a worker keeps what it computed, in its data directory.
const featuresFolder = "features"

// openFeatures opens the cache that the settings of a worker ask for.
func openFeatures(s settings.Values, log *slog.Logger) (*featurecache.Cache, error) {
	memory, err := s.Bytes(settings.FeatureMemory)
	if err != nil {
		return nil, err
	}
	disk, err := s.Bytes(settings.FeatureDisk)
	if err != nil {
		return nil, err
	}
	return featurecache.Open(filepath.Join(s.Get(settings.DataDir), featuresFolder),
		featurecache.Options{MemoryBytes: memory, DiskBytes: disk, Engine: backend.EngineVersion, Log: log})
}

// keeping returns jobs with a cache.
func keeping(kept *featurecache.Cache, jobs map[operation.Type]worker.Job) map[operation.Type]worker.Job {
	all := make(map[operation.Type]worker.Job, len(jobs))
	for kind, j := range jobs {
		all[kind] = job.Keeping(kept, j)
	}
	return all
}
