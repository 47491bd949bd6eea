package cli

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"strconv"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/data/featurecache"
	"github.com/ktrdr/ktrdr/internal/work/job"
	"github.com/ktrdr/ktrdr/internal/work/worker"
)

// featuresFolder is where a worker keeps what it computed, in its data directory.
const featuresFolder = "features"

// openFeatures opens the cache that the settings of a worker ask for.
func openFeatures(s settings, log *slog.Logger) (*featurecache.Cache, error) {
	memory, err := mebibytes(s.get(keyFeatureMemory))
	if err != nil {
		return nil, err
	}
	disk, err := mebibytes(s.get(keyFeatureDisk))
	if err != nil {
		return nil, err
	}
	return featurecache.Open(filepath.Join(s.get(keyDataDir), featuresFolder),
		featurecache.Options{MemoryBytes: memory, DiskBytes: disk, Engine: engineVersion, Log: log})
}

// keeping returns jobs with a cache.
func keeping(kept *featurecache.Cache, jobs map[operation.Type]worker.Job) map[operation.Type]worker.Job {
	all := make(map[operation.Type]worker.Job, len(jobs))
	for kind, j := range jobs {
		all[kind] = job.Keeping(kept, j)
	}
	return all
}

func checkMebibytes(s string) error {
	_, err := mebibytes(s)
	return err
}

// mebibytes reads a size in MiB, at most a PiB, as bytes.
func mebibytes(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > 1<<30 {
		return 0, fmt.Errorf("%q: want a number of MiB from 0 to %d", s, 1<<30)
	}
	return n << 20, nil
}
