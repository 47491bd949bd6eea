package upkeep

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ktrdr/ktrdr/internal/control/store"
	"github.com/ktrdr/ktrdr/internal/data/artifact"
	"github.com/ktrdr/ktrdr/internal/data/backup"
	"github.com/ktrdr/ktrdr/internal/data/barstore"
)

// unfinishedName is the file that a data folder holds while it is restored.
const unfinishedName = "restore-unfinished"

// CheckRestored refuses a data folder into which a restore did not come to its
// end: a backend would take the rest for all there was.
func CheckRestored(dir string) error {
	_, err := os.Stat(filepath.Join(dir, unfinishedName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return errors.Join(fmt.Errorf("%s holds a part of a backup, because a restore into it did not come to its end: remove the folder and restore again", dir), err)
}

// A Place is where a backup is restored to: what a backend is later started with.
type Place struct {
	Dir      string // data folder
	Database string // postgres:// address; "" is a file in Dir
	Shared   string // folder of the artifacts; "" is Dir
}

func (p Place) records() string { return cmp.Or(p.Database, filepath.Join(p.Dir, "ktrdr.db")) }

func (p Place) artifacts() string { return filepath.Join(cmp.Or(p.Shared, p.Dir), "artifacts") }

// ErrNotEmpty says that there is something already where a backup was to go.
var ErrNotEmpty = errors.New("not empty")

// Restore puts a backup into a place, whose data folder must be empty or missing:
// else it fails with ErrNotEmpty. Everything is verified. Until it has returned
// without error, CheckRestored refuses the folder.
func Restore(ctx context.Context, file io.Reader, p Place) (backup.Summary, error) {
	if err := checkEmpty(p.Dir); err != nil {
		return backup.Summary{}, err
	}
	mark := filepath.Join(p.Dir, unfinishedName)
	if err := os.WriteFile(mark, nil, 0o644); err != nil {
		return backup.Summary{}, err
	}
	if err := syncFolder(p.Dir); err != nil {
		return backup.Summary{}, err
	}
	records := filepath.Join(p.Dir, "records.jsonl")
	summary, err := unpack(ctx, file, records, p)
	if err == nil {
		err = restoreRecords(ctx, records, p)
	}
	if err != nil {
		return summary, err
	}
	return summary, errors.Join(os.Remove(records), syncFolder(p.Dir), os.Remove(mark), syncFolder(p.Dir))
}

// syncFolder makes the names in a folder durable.
func syncFolder(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func checkEmpty(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := CheckRestored(dir); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err == nil && len(entries) > 0 {
		err = fmt.Errorf("%s is %w", dir, ErrNotEmpty)
	}
	return err
}

// unpack writes what a backup holds: the records as a file, everything else into
// its store.
func unpack(ctx context.Context, file io.Reader, records string, p Place) (summary backup.Summary, err error) {
	bars, err := barstore.Open(filepath.Join(p.Dir, "bars"))
	if err != nil {
		return summary, err
	}
	defer func() { err = errors.Join(err, bars.Close()) }()
	files, err := artifact.Open(p.artifacts())
	if err != nil {
		return summary, err
	}
	defer func() { err = errors.Join(err, files.Close()) }()
	return backup.Read(file, func(e backup.Entry) error {
		switch e.Kind {
		case backup.Records:
			return writeFile(records, e.Content)
		case backup.Bars:
			return restoreBars(ctx, bars, e)
		default:
			if _, err := files.Stat(ctx, artifact.Hash(e.Name)); err == nil {
				return nil // in a shared folder; that it is as it should be is seen when it is read
			}
			_, err := files.PutExpected(ctx, artifact.Hash(e.Name), e.Content)
			return err
		}
	})
}

func writeFile(name string, r io.Reader) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}

func restoreBars(ctx context.Context, bars *barstore.Store, e backup.Entry) error {
	content, err := io.ReadAll(e.Content)
	if err != nil {
		return err
	}
	series, err := barstore.Decode(content)
	if err == nil && barsName(series.Symbol, series.Timeframe) != e.Name {
		err = fmt.Errorf("%w: they are of %s %s", backup.ErrDamaged, series.Symbol, series.Timeframe)
	}
	if err == nil {
		_, err = bars.Merge(ctx, series)
	}
	if err != nil {
		return fmt.Errorf("bars %s: %w", e.Name, err)
	}
	return nil
}

// restoreRecords fills the database and checks that everything it refers to is
// there.
func restoreRecords(ctx context.Context, name string, p Place) (err error) {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := store.Restore(ctx, p.records(), f); err != nil {
		return err
	}
	records, err := store.Open(ctx, p.records(), store.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, records.Close()) }()
	files, err := artifact.Open(p.artifacts())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, files.Close()) }()
	hashes, err := records.Referenced(ctx)
	if err != nil {
		return err
	}
	for hash := range hashes {
		if _, err := files.Stat(ctx, artifact.Hash(hash)); err != nil {
			return fmt.Errorf("%w: the records refer to what it does not hold: %w", backup.ErrDamaged, err)
		}
	}
	return nil
}
