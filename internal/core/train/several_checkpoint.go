package train

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/ktrdr/ktrdr/internal/core/nn"
)

// The binary form of the state of several networks, little-endian: the magic bytes
// with the version; for each network, in their order, a count of bytes (uint64) and the
// last checkpoint of its own, which is empty before its first; SHA-256 of everything
// before it. Networks at the end that have not begun may be left out.
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
	var saved [][]byte
	for len(r.rest) > 0 {
		one := r.take(r.uint64())
		if r.short {
			return errors.New("resume: the counts do not fit the number of bytes")
		}
		saved = append(saved, one)
	}
	if len(saved) > len(c.saved) {
		return fmt.Errorf("resume: the state is of %d networks, the strategy asks for %d", len(saved), len(c.saved))
	}
	copy(c.saved, saved)
	return nil
}

// checkpoints lets network k go on from the saved state, and hand on its own. The
// state of a network that is finished brings it to its end at once.
func (c *crew) checkpoints(k int, config nn.Config, o *nn.Options) error {
	if c.in.Resume == nil && c.in.Checkpoint == nil {
		return nil
	}
	f := c.folds[k/max(1, c.in.Strategy.Training.Ensemble.Seeds)]
	work := workOf(c.in, c.t, c.parts, config)
	work.Rows = fmt.Sprintf("%.48s%016x", work.Rows, uint64(k)<<32|uint64(len(f.train)))
	if len(c.saved[k]) > 0 {
		checkpoint, err := ParseCheckpoint(c.saved[k])
		if err != nil {
			return fmt.Errorf("network %d: %w", k+1, err)
		}
		if err := checkpoint.Work.check(work); err != nil {
			return fmt.Errorf("resume network %d: %w", k+1, err)
		}
		o.Resume = &checkpoint.State
	}
	save := func(p nn.Progress, state func() nn.State) {
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
			return c.state(), nil
		})
	}
	o.Checkpoint = func(p nn.Progress, state func() nn.State) { c.turn.take(func() { save(p, state) }) }
	return nil
}

// state returns the state of all networks: of the one whose turn it is now, of the
// others when their last epoch ended or they were last in their turn.
func (c *crew) state() []byte {
	b := []byte(severalMagic)
	for _, one := range c.saved {
		b = append(binary.LittleEndian.AppendUint64(b, uint64(len(one))), one...)
	}
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}
