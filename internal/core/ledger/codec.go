package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/decision"
)

// ErrOtherWork says that a saved state is of another input or of other options
// than those it is to go on with.
var ErrOtherWork = errors.New("the saved state is of other bars, signals, rules or options")

// A Work identifies what a simulation works on: the SHA-256 of its bars, signals,
// rules and options. Two simulations of one Work give the same bits.
type Work [sha256.Size]byte

// stateMagic begins every saved state. Its digit is the version of the format.
const stateMagic = "ktrdr backtest state 3\n"

// AppendBinary appends s, which is of work, to b and returns it:
//
//	"ktrdr backtest state 3\n"   magic and version
//	work                         32 bytes
//	fields of State              in the order of the struct, little endian
//	SHA-256 of all of the above  32 bytes
//
// Integers are 8 bytes, a float is its bits, flags and enumerations one byte, a
// slice its length and its elements. The same state gives the same bytes.
func (s State) AppendBinary(b []byte, work Work) []byte {
	start := len(b)
	b = slices.Grow(b, len(stateMagic)+2*sha256.Size+512+dealBytes*len(s.Deals)+feesBytes*len(s.Fees)+8*len(s.Equity))
	b = append(append(b, stateMagic...), work[:]...)
	c := codec{b: b}
	c.state(&s)
	sum := sha256.Sum256(c.b[start:])
	return append(c.b, sum[:]...)
}

// ParseState reads a state of work. Damaged bytes and those of another version
// are an error, and a state of other work is ErrOtherWork. It allocates no more
// than a small multiple of len(b).
func ParseState(b []byte, work Work) (State, error) {
	rest, ok := bytes.CutPrefix(b, []byte(stateMagic))
	if !ok {
		return State{}, fmt.Errorf("saved backtest state: want it to begin with %q: it is no state, or of another version of ktrdr", stateMagic)
	}
	if len(rest) < 2*sha256.Size {
		return State{}, errors.New("saved backtest state: it is cut short")
	}
	body := len(b) - sha256.Size
	if sum := sha256.Sum256(b[:body]); !bytes.Equal(sum[:], b[body:]) {
		return State{}, errors.New("saved backtest state: it is damaged: its checksum does not match")
	}
	if !bytes.Equal(rest[:sha256.Size], work[:]) {
		return State{}, fmt.Errorf("saved backtest state: %w", ErrOtherWork)
	}
	var s State
	c := codec{b: rest[sha256.Size : len(rest)-sha256.Size], reads: true}
	c.state(&s)
	if c.err == nil && len(c.b) > 0 {
		c.err = fmt.Errorf("%d bytes too many", len(c.b))
	}
	if c.err != nil {
		return State{}, fmt.Errorf("saved backtest state: %w", c.err)
	}
	return s, nil
}

// A codec appends values to b, or, where it reads, takes them off the front of b.
// One description of the state serves both ways, so that they cannot differ.
type codec struct {
	b     []byte
	reads bool
	err   error // the first problem; nothing is read after it
}

func (c *codec) state(s *State) {
	c.int(&s.Bar)
	c.float(&s.Realised)
	c.open(&s.Open)
	enum(c, &s.Pending, decision.Sell, decision.Buy)
	c.float32(&s.Sureness)
	c.flag(&s.Entered)
	c.int(&s.Entry)
	c.int(&s.Month)
	c.float(&s.Traded)
	for i := range s.Decisions {
		c.int(&s.Decisions[i])
	}
	for _, n := range []*int{&s.Orders.Placed, &s.Orders.Filled, &s.Orders.Unfilled, &s.Orders.TooSmall, &s.Orders.Partial} {
		c.int(n)
	}
	c.float(&s.Costs.Commission)
	c.float(&s.Costs.Slippage)
	c.float(&s.Costs.Spread)
	c.float(&s.Costs.Financing)
	c.float(&s.Turnover)
	c.int(&s.Intrabar.Conflicts)
	c.int(&s.Intrabar.Resolved)
	c.bankruptcy(&s.Bankruptcy)
	list(c, &s.Deals, dealBytes, c.deal)
	list(c, &s.Fees, feesBytes, func(f *Fees) { c.float(&f.Entry); c.float(&f.Exit); c.float(&f.Financing) })
	list(c, &s.Equity, 8, c.float)
}

func (c *codec) bankruptcy(b **Bankruptcy) {
	isThere := *b != nil
	if c.flag(&isThere); !isThere {
		return
	}
	if c.reads {
		*b = new(Bankruptcy)
	}
	c.int(&(*b).Bar)
	c.int64(&(*b).Time)
	c.float(&(*b).Equity)
}

func (c *codec) open(o *Open) {
	enum(c, &o.Side, decision.Short, decision.Long)
	c.int(&o.Bar)
	for _, v := range [...]*float64{&o.Quantity, &o.Price, &o.Value, &o.Commission, &o.Slippage, &o.Spread, &o.Financing, &o.High, &o.Low,
		&o.Stop, &o.Target, &o.Trail} {
		c.float(v)
	}
	c.int64(&o.SessionEnd)
	c.float32(&o.Confidence)
}

// dealBytes and feesBytes are the sizes of a Deal and of its Fees.
const (
	dealBytes = 2*4 + 3*8 + 5
	feesBytes = 3 * 8
)

func (c *codec) deal(d *Deal) {
	c.int32(&d.Entry)
	c.int32(&d.Exit)
	c.float(&d.Quantity)
	c.float(&d.Price)
	c.float(&d.Net)
	enum(c, &d.Side, decision.Short, decision.Long)
	enum(c, &d.Cause, 0, causeCount-1)
	c.flag(&d.AtOpen)
	c.flag(&d.AtClose)
	c.flag(&d.Limit)
}

// next returns the next n bytes, or zeros where there are too few.
func (c *codec) next(n int) []byte {
	if c.err == nil && len(c.b) < n {
		c.err = errors.New("it is cut short")
	}
	if c.err != nil {
		return make([]byte, n)
	}
	taken := c.b[:n]
	c.b = c.b[n:]
	return taken
}

func (c *codec) int64(v *int64) {
	if c.reads {
		*v = int64(binary.LittleEndian.Uint64(c.next(8)))
	} else {
		c.b = binary.LittleEndian.AppendUint64(c.b, uint64(*v))
	}
}

func (c *codec) int32(v *int32) {
	if c.reads {
		*v = int32(binary.LittleEndian.Uint32(c.next(4)))
	} else {
		c.b = binary.LittleEndian.AppendUint32(c.b, uint32(*v))
	}
}

func (c *codec) int(v *int) {
	wide := int64(*v)
	c.int64(&wide)
	*v = int(wide)
}

func (c *codec) float(v *float64) {
	bits := int64(math.Float64bits(*v))
	c.int64(&bits)
	*v = math.Float64frombits(uint64(bits))
}

func (c *codec) float32(v *float32) {
	if c.reads {
		*v = math.Float32frombits(binary.LittleEndian.Uint32(c.next(4)))
	} else {
		c.b = binary.LittleEndian.AppendUint32(c.b, math.Float32bits(*v))
	}
}

func (c *codec) flag(v *bool) {
	b := int8(0)
	if *v {
		b = 1
	}
	enum(c, &b, 0, 1)
	*v = b == 1
}

// enum is a value of one byte in [low, high].
func enum[T ~int8 | ~uint8](c *codec, v *T, low, high T) {
	if !c.reads {
		c.b = append(c.b, byte(*v))
		return
	}
	*v = T(c.next(1)[0])
	if (*v < low || *v > high) && c.err == nil {
		c.err = fmt.Errorf("%d is not a %T", *v, *v)
	}
}

// list is a slice of elements of size bytes.
func list[T any](c *codec, s *[]T, size int, element func(*T)) {
	n := len(*s)
	c.int(&n)
	if c.reads {
		if n < 0 || n > len(c.b)/size {
			n = 0
			if c.err == nil {
				c.err = errors.New("it is cut short")
			}
		}
		if *s = nil; n > 0 {
			*s = make([]T, n)
		}
	}
	for i := range *s {
		element(&(*s)[i])
	}
}
