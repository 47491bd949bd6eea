package train

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/ktrdr/ktrdr/internal/core/nn"
)

// The binary form of the state of several networks, little-endian: the magic bytes
// with the version; for each network so far, in their order, a count of bytes
// (uint64) and the checkpoint of its own; SHA-256 of everything before it. Those of
// all but the last are of networks that are finished.
const severalMagic = "KTRCREW\x01"

// resume reads the state that the training goes on from.
func (c *crew) resume() error {
	b := c.in.Resume
	if b == nil {
		return nil
	}
	if len(b) < len(severalMagic)+sha256.Size || string(b[:len(severalMagic)]) != severalMagic {
		return errors.New("resume: this is not the state of a training of several networks: train anew")
	}
	body := b[:len(b)-sha256.Size]
	if sum := sha256.Sum256(body); string(sum[:]) != string(b[len(body):]) {
		return errors.New("resume: the checksum is wrong: the bytes are damaged or cut off")
	}
	r := reader{rest: body[len(severalMagic):]}
	for len(r.rest) > 0 {
		one := r.take(r.uint64())
		if r.short {
			return errors.New("resume: the counts do not fit the number of bytes")
		}
		c.saved = append(c.saved, one)
	}
	if n := c.in.Strategy.Training.Ensemble.Networks(); len(c.saved) > n {
		return fmt.Errorf("resume: the state is of %d networks, the strategy asks for %d", len(c.saved), n)
	}
	return nil
}

// checkpoints lets network k go on from the saved state, and hand on its own. The
// state of a network that is finished brings it to its end at once.
func (c *crew) checkpoints(k int, config nn.Config, o *nn.Options) error {
	if c.saved == nil && c.in.Checkpoint == nil {
		return nil
	}
	f := c.folds[k/max(1, c.in.Strategy.Training.Ensemble.Seeds)]
	work := workOf(c.in, c.t, c.parts, config)
	work.Rows = fmt.Sprintf("%.48s%016x", work.Rows, uint64(k)<<32|uint64(len(f.train)))
	if k < len(c.saved) {
		checkpoint, err := ParseCheckpoint(c.saved[k])
		if err != nil {
			return fmt.Errorf("network %d: %w", k+1, err)
		}
		if err := checkpoint.Work.check(work); err != nil {
			return fmt.Errorf("resume network %d: %w", k+1, err)
		}
		o.Resume = &checkpoint.State
	} else {
		c.saved = append(c.saved, nil)
	}
	o.Checkpoint = func(p nn.Progress, state func() nn.State) {
		var failed error
		last := func() (err error) {
			c.saved[k], err = Checkpoint{work, state()}.AppendBinary(nil)
			return err
		}
		if p.Batch == p.Batches && c.in.Checkpoint != nil { // perhaps its last: later states begin with it
			failed = last()
		}
		if c.in.Checkpoint == nil {
			return
		}
		c.in.Checkpoint(c.progress(k, p), func() ([]byte, error) {
			if failed == nil {
				failed = last()
			}
			if failed != nil {
				return nil, failed
			}
			return c.state(k), nil
		})
	}
	return nil
}

// state returns the state of the networks up to k.
func (c *crew) state(k int) []byte {
	b := []byte(severalMagic)
	for _, one := range c.saved[:k+1] {
		b = append(binary.LittleEndian.AppendUint64(b, uint64(len(one))), one...)
	}
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}
