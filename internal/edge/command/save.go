package command

import (
	"bytes"
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

// SaveResult writes the files of a backtest into dir: the trades, the equity
// curve, and the summary.
func SaveResult(ctx context.Context, client *wire.Client, op wire.Operation, dir string) ([]string, error) {
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
		if _, err := Fetch(ctx, client, a.hash, name); err != nil {
			return files, err
		}
		files = append(files, name)
	}
	name := filepath.Join(dir, "summary.json")
	return append(files, name), SaveJSON(name, op.Result)
}

// Fetch writes the artifact with this hash to a file. The file appears
// only when all of it has arrived and been verified.
func Fetch(ctx context.Context, client *wire.Client, hash, name string) (int64, error) {
	f, err := os.CreateTemp(filepath.Dir(name), ".ktrdr-*")
	if err != nil {
		return 0, err
	}
	defer os.Remove(f.Name())
	n, err := client.Artifact(ctx, hash, f)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return n, err
	}
	if err := os.Chmod(f.Name(), 0o644); err != nil {
		return n, err
	}
	return n, os.Rename(f.Name(), name)
}

// SaveJSON writes JSON for people to a file.
func SaveJSON(name string, value json.RawMessage) error {
	var text bytes.Buffer
	if err := json.Indent(&text, value, "", "  "); err != nil {
		return err
	}
	text.WriteByte('\n')
	return os.WriteFile(name, text.Bytes(), 0o644)
}
