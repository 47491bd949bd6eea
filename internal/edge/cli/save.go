package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/work/job"
)

// saveSweep writes the files of a sweep into dir: all trials, and the summary.
func saveSweep(ctx context.Context, client *wire.Client, op wire.Operation, dir string) ([]string, error) {
	var r job.SweepResult
	if err := json.Unmarshal(op.Result, &r); err != nil {
		return nil, fmt.Errorf("read result of %s: %w", op.ID, err)
	}
	return saveFiles(ctx, client, op, dir, []savedFile{{"trials.parquet", r.Trials.SHA256}})
}

// saveResult writes the files of a backtest into dir: the trades, the equity
// curve, and the summary.
func saveResult(ctx context.Context, client *wire.Client, op wire.Operation, dir string) ([]string, error) {
	var r job.BacktestResult
	if err := json.Unmarshal(op.Result, &r); err != nil {
		return nil, fmt.Errorf("read result of %s: %w", op.ID, err)
	}
	return saveFiles(ctx, client, op, dir, []savedFile{{"trades.parquet", r.Trades.SHA256}, {"equity.parquet", r.Equity.SHA256}})
}

// A savedFile is an artifact and the name that it gets.
type savedFile struct{ name, hash string }

// saveFiles writes artifacts and the summary of an operation into dir.
func saveFiles(ctx context.Context, client *wire.Client, op wire.Operation, dir string, all []savedFile) ([]string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	var files []string
	for _, a := range all {
		name := filepath.Join(dir, a.name)
		if _, err := fetchArtifact(ctx, client, a.hash, name); err != nil {
			return files, err
		}
		files = append(files, name)
	}
	name := filepath.Join(dir, "summary.json")
	return append(files, name), writeIndented(name, op.Result)
}

// saveModel writes the model that a training made into dir.
func saveModel(ctx context.Context, client *wire.Client, op wire.Operation, dir string) (string, error) {
	var r job.TrainingResult
	if err := json.Unmarshal(op.Result, &r); err != nil {
		return "", fmt.Errorf("read result of %s: %w", op.ID, err)
	}
	name := filepath.Join(dir, "model.zip")
	_, err := fetchArtifact(ctx, client, r.Model.SHA256, name)
	return name, err
}
