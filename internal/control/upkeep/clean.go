package upkeep

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/store"
	"github.com/ktrdr/ktrdr/internal/data/artifact"
)

// A Policy says what is old. The zero value keeps everything but content that
// nothing refers to, which it deletes at once.
type Policy struct {
	Operations  time.Duration // since an operation ended; 0 keeps them
	Checkpoints time.Duration // since a checkpoint was made whose operation has ended; 0 keeps them
	// Grace is how long content that nothing refers to stays where it is, and then
	// aside: longer than from storing something to referring to it.
	Grace time.Duration
}

// A Cleanup is what a clean-up has deleted, or would delete.
type Cleanup struct {
	Operations  []store.Ended   // those that ended first
	Checkpoints int             // beside those of Operations
	Retired     []artifact.Info // content that is put aside
	Deleted     []artifact.Info // content that was aside and is deleted
}

// ErrBusy says that a clean-up has to wait for a backup, or for another clean-up.
var ErrBusy = errors.New("a backup or another clean-up is under way: try again when it has ended")

// Plan returns what Clean would do now.
func (k *Keeper) Plan(ctx context.Context, p Policy) (Cleanup, error) {
	now := k.Now()
	old, err := k.Records.Expired(ctx, before(now, p.Operations), before(now, p.Checkpoints))
	if err != nil {
		return Cleanup{}, err
	}
	c := Cleanup{Operations: old.Operations, Checkpoints: old.Checkpoints}
	err = k.content(ctx, old.Needed, now.Add(-p.Grace), &c)
	return c, err
}

// Clean deletes what is old by a policy. It fails with ErrBusy while a backup is
// made. Cut short, it leaves nothing dangling, and the next one goes on.
func (k *Keeper) Clean(ctx context.Context, p Policy) (Cleanup, error) {
	if !k.busy.TryLock() {
		return Cleanup{}, ErrBusy
	}
	defer k.busy.Unlock()
	now := k.Now()
	var c Cleanup
	for {
		batch, err := k.Records.Prune(ctx, before(now, p.Operations), 0)
		if err != nil {
			return c, err
		}
		if len(batch) == 0 {
			break
		}
		for _, o := range batch {
			c.Operations = append(c.Operations, store.Ended{ID: o.ID, Type: o.Type, Status: o.Status, At: *o.CompletedAt})
		}
	}
	var err error
	if c.Checkpoints, err = k.Records.PruneCheckpoints(ctx, before(now, p.Checkpoints)); err != nil {
		return c, err
	}
	needed, err := k.Records.Referenced(ctx)
	if err != nil {
		return c, err
	}
	if err := k.content(ctx, needed, now.Add(-p.Grace), &c); err != nil {
		return c, err
	}
	return c, k.release(ctx, now, c)
}

// before is the moment that what is older than age is before; age 0 is never.
func before(now time.Time, age time.Duration) time.Time {
	if age == 0 {
		return time.Time{}
	}
	return now.Add(-age)
}

// content finds what nothing needs and nobody has stored or put aside after
// since.
func (k *Keeper) content(ctx context.Context, needed map[string]bool, since time.Time, c *Cleanup) error {
	into := func(all *[]artifact.Info) func(artifact.Info) error {
		return func(i artifact.Info) error {
			if !needed[string(i.Hash)] && i.Since.Before(since) {
				*all = append(*all, i)
			}
			return nil
		}
	}
	if err := k.Files.List(ctx, into(&c.Retired)); err != nil {
		return err
	}
	return k.Files.Retired(ctx, into(&c.Deleted))
}

// release puts content aside and deletes what was aside. What was put aside Grace
// ago was unreferred to then, and is now: whoever has been told since that it is
// stored has brought it back. So it does not matter that somebody may refer to
// other content between the list of what is needed and this.
func (k *Keeper) release(ctx context.Context, now time.Time, c Cleanup) error {
	for _, i := range c.Deleted {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if err := k.Files.Delete(ctx, i.Hash); err != nil && !errors.Is(err, artifact.ErrNotFound) {
			return fmt.Errorf("delete what was put aside: %w", err)
		}
	}
	for _, i := range c.Retired {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if err := k.Files.Retire(ctx, i.Hash, now); err != nil && !errors.Is(err, artifact.ErrNotFound) {
			return fmt.Errorf("put aside: %w", err)
		}
	}
	return nil
}
