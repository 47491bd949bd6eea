package train

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"

	"github.com/ktrdr/ktrdr/internal/core/nn"
)

// A Checkpoint is a training that stopped between two batches, complete: with
// the same input Run goes on from it, on any machine and with any number of
// threads, to the model that it would have made without the stop, to the last
// bit. The zero value is not a checkpoint.
type Checkpoint struct {
	Work  Work
	State nn.State
}

// A Work is what a checkpoint is of. Run goes on only with the very same.
type Work struct {
	Engine   string // version that trains
	Strategy string // hash of the strategy's meaning, the seed included
	Rows     string // hash of the rows that are trained on and judged by, and of the shape of the network: 64 hexadecimal digits
}

// The binary form of a checkpoint, little-endian: the magic bytes with the
// version; engine, strategy and rows, each a count of bytes (uint32) and the
// bytes; the count of finished epochs (uint32) and five float64 of each; of the
// epoch under way the batches and the right rows (uint64) and three float64;
// the count of parameters and of moments (uint32); the weights, the best
// weights and the moments in float32; SHA-256 of everything before it.
const (
	checkpointMagic = "KTRCKPT\x01"
	epochBytes      = 5 * 8
)

// AppendBinary implements encoding.BinaryAppender. The same checkpoint is the
// same bytes. It returns an error where arrays that belong together have
// different lengths, which nn does not give.
func (c Checkpoint) AppendBinary(b []byte) ([]byte, error) {
	start, s := len(b), c.State
	for _, v := range append([][]float32{s.Best}, s.Moments...) {
		if len(v) != len(s.Weights) {
			return b, fmt.Errorf("encode checkpoint: %d numbers for %d weights", len(v), len(s.Weights))
		}
	}
	le := binary.LittleEndian
	b = append(b, checkpointMagic...)
	for _, text := range [...]string{c.Work.Engine, c.Work.Strategy, c.Work.Rows} {
		b = append(le.AppendUint32(b, uint32(len(text))), text...)
	}
	b = le.AppendUint32(b, uint32(len(s.History)))
	for _, e := range s.History {
		b = appendFloats(b, e.Train.Loss, e.Train.Accuracy, e.Validation.Loss, e.Validation.Accuracy, e.GradientNorm)
	}
	b = le.AppendUint64(b, uint64(s.Partial.Batches))
	b = le.AppendUint64(b, uint64(s.Partial.Right))
	b = appendFloats(b, s.Partial.Loss, s.Partial.Weight, s.Partial.Norms)
	b = le.AppendUint32(b, uint32(len(s.Weights)))
	b = le.AppendUint32(b, uint32(len(s.Moments)))
	for _, v := range append([][]float32{s.Weights, s.Best}, s.Moments...) {
		for _, x := range v {
			b = le.AppendUint32(b, math.Float32bits(x))
		}
	}
	sum := sha256.Sum256(b[start:])
	return append(b, sum[:]...), nil
}

func appendFloats(b []byte, values ...float64) []byte {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	}
	return b
}

// ParseCheckpoint reads what AppendBinary wrote. Bytes that are damaged, cut
// off, of another version or followed by others are refused. That the numbers
// make sense for a training is checked where they are used, by Run.
func ParseCheckpoint(b []byte) (Checkpoint, error) {
	c, err := parseCheckpoint(b)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("read checkpoint: %w", err)
	}
	return c, nil
}

func parseCheckpoint(b []byte) (Checkpoint, error) {
	name := checkpointMagic[:len(checkpointMagic)-1]
	switch {
	case len(b) < len(checkpointMagic)+sha256.Size || string(b[:len(name)]) != name:
		return Checkpoint{}, errors.New("this is not the state of a training")
	case b[len(name)] != checkpointMagic[len(name)]:
		return Checkpoint{}, fmt.Errorf("version %d is not known here: this program reads version %d", b[len(name)], checkpointMagic[len(name)])
	}
	body, want := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	if got := sha256.Sum256(body); !bytes.Equal(got[:], want) {
		return Checkpoint{}, errors.New("the checksum is wrong: the bytes are damaged or cut off")
	}
	r := reader{rest: body[len(checkpointMagic):]}
	var c Checkpoint
	for _, text := range [...]*string{&c.Work.Engine, &c.Work.Strategy, &c.Work.Rows} {
		*text = string(r.take(uint64(r.uint32())))
	}
	r.history(&c.State)
	r.arrays(&c.State)
	if r.short || len(r.rest) > 0 {
		return Checkpoint{}, errors.New("the counts do not fit the number of bytes")
	}
	return c, nil
}

// A reader takes numbers off the front of rest. Once it is short, it gives
// zeros.
type reader struct {
	rest  []byte
	short bool
}

func (r *reader) take(n uint64) []byte {
	if n > uint64(len(r.rest)) {
		r.short, r.rest = true, nil
		return nil
	}
	head := r.rest[:n]
	r.rest = r.rest[n:]
	return head
}

// holds tells whether n items of size bytes may be left.
func (r *reader) holds(n, size int) bool {
	r.short = r.short || n > len(r.rest)/size
	return !r.short
}

func (r *reader) uint32() uint32 {
	if b := r.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *reader) uint64() uint64 {
	if b := r.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (r *reader) float() float64 { return math.Float64frombits(r.uint64()) }

func (r *reader) history(s *nn.State) {
	epochs := int(r.uint32())
	if !r.holds(epochs, epochBytes) {
		return
	}
	for i := range epochs {
		s.History = append(s.History, nn.Epoch{
			Number: i + 1, Train: nn.Score{Loss: r.float(), Accuracy: r.float()},
			Validation: nn.Score{Loss: r.float(), Accuracy: r.float()}, GradientNorm: r.float(),
		})
	}
	s.Partial = nn.Partial{Batches: int(r.uint64()), Right: int(r.uint64()), Loss: r.float(), Weight: r.float(), Norms: r.float()}
}

func (r *reader) arrays(s *nn.State) {
	size, moments := int(r.uint32()), int(r.uint32())
	if size == 0 || !r.holds(moments+2, 4*size) {
		r.short = true
		return
	}
	s.Weights, s.Best = r.floats(size), r.floats(size)
	for range moments {
		s.Moments = append(s.Moments, r.floats(size))
	}
}

func (r *reader) floats(n int) []float32 {
	b := r.take(4 * uint64(n))
	v := make([]float32, len(b)/4)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return v
}

// workOf returns what a training of these rows is, which is to be known only
// where a checkpoint is read or written.
func workOf(in Input, t *table, parts division, c nn.Config) Work {
	w := Work{Engine: in.EngineVersion, Strategy: in.Strategy.Hash()}
	h := sha256.New()
	fmt.Fprintf(h, "%+v %v %v %v\n", c, t.classes, parts.train, parts.validation)
	const flush = 1 << 16
	b := make([]byte, 0, flush)
	put := func(n int, bits func(i int) uint32) {
		for i := range n {
			if b = binary.LittleEndian.AppendUint32(b, bits(i)); len(b) == flush {
				h.Write(b)
				b = b[:0]
			}
		}
	}
	rows := parts.validation.to * t.width
	if t.at != nil {
		rows = len(t.x)
		put(parts.validation.to, func(i int) uint32 { return uint32(t.at[i]) })
	}
	put(rows, func(i int) uint32 { return math.Float32bits(t.x[i]) })
	put(parts.validation.to, func(i int) uint32 { return math.Float32bits(t.weight[i]) })
	put(parts.validation.to, func(i int) uint32 {
		if t.classes != nil {
			return uint32(t.class[i])
		}
		return math.Float32bits(t.target[i])
	})
	h.Write(b)
	w.Rows = hex.EncodeToString(h.Sum(nil))
	return w
}

// check returns an error that says in what the work of a checkpoint differs from
// the work that is to be done.
func (w Work) check(want Work) error {
	switch {
	case w.Engine != want.Engine:
		return fmt.Errorf("the checkpoint was made by version %.40q, this is %.40q: resume with that version or train anew", w.Engine, want.Engine)
	case w.Strategy != want.Strategy:
		return fmt.Errorf("the checkpoint is of the strategy with hash %.12q, this one has %.12q: resume with that strategy, symbols, timeframes and seed, or train anew", w.Strategy, want.Strategy)
	case w.Rows != want.Rows:
		return errors.New("the checkpoint was trained on other rows: resume with the same bars and dates, or train anew")
	}
	return nil
}
