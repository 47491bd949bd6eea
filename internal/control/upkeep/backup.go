package upkeep

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/data/artifact"
	"github.com/ktrdr/ktrdr/internal/data/backup"
	"github.com/ktrdr/ktrdr/internal/data/barstore"
)

// Backup writes a backup to w. The records are first written to a file of their
// own, so that the database need not keep their moment while the rest is sent.
func (k *Keeper) Backup(ctx context.Context, w io.Writer) (err error) {
	k.busy.RLock()
	defer k.busy.RUnlock()
	spool, err := os.CreateTemp(k.Dir, "backup-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, spool.Close()) }()
	if err := os.Remove(spool.Name()); err != nil { // it lives as long as it is open
		return err
	}
	hashes, err := k.Records.Dump(ctx, spool)
	if err != nil {
		return err
	}
	sizeBytes, err := spool.Seek(0, io.SeekCurrent)
	if err == nil {
		_, err = spool.Seek(0, io.SeekStart)
	}
	if err != nil {
		return err
	}
	b, err := backup.NewWriter(w, backup.Head{CreatedAt: k.Now(), Version: k.Version})
	if err == nil {
		err = b.Add(backup.Records, "", sizeBytes, spool)
	}
	if err == nil {
		err = k.backupBars(ctx, b)
	}
	if err == nil {
		err = k.backupArtifacts(ctx, b, hashes)
	}
	if err != nil {
		return err
	}
	return b.Close()
}

// barsName names a series in a backup.
func barsName(symbol market.Symbol, tf market.Timeframe) string {
	name := tf.String()
	if tf == market.Month1 { // as far from 1m as it can be
		name = "1month"
	}
	return string(symbol) + "." + name
}

func (k *Keeper) backupBars(ctx context.Context, b *backup.Writer) error {
	held, err := k.Bars.List(ctx)
	if err != nil {
		return err
	}
	slices.SortFunc(held, func(a, b barstore.Coverage) int {
		return strings.Compare(barsName(a.Symbol, a.Timeframe), barsName(b.Symbol, b.Timeframe))
	})
	for _, c := range held {
		series, err := k.Bars.Read(ctx, c.Symbol, c.Timeframe, market.Span{})
		if err != nil {
			return err
		}
		content := barstore.Encode(nil, series)
		if err := b.Add(backup.Bars, barsName(c.Symbol, c.Timeframe), int64(len(content)), bytes.NewReader(content)); err != nil {
			return err
		}
	}
	return nil
}

func (k *Keeper) backupArtifacts(ctx context.Context, b *backup.Writer, hashes []string) error {
	for _, hash := range hashes {
		content, sizeBytes, err := k.Files.Open(ctx, artifact.Hash(hash))
		if err != nil {
			return fmt.Errorf("back up what the records refer to: %w", err)
		}
		err = b.Add(backup.Artifact, hash, sizeBytes, content)
		if err := errors.Join(err, content.Close()); err != nil {
			return err
		}
	}
	return nil
}
