package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
)

// An OrderStream is a hash over fills in the order in which they happened. Two runs
// that traded the same have the same hash. The zero value has seen no fill.
//
//	lane = 0 in the beginning; for each fill, with v its value for the lane
//	x = (lane ^ v) * 0x9E3779B97F4A7C15      mod 2^64
//	lane = x ^ x>>32
//	hash = SHA-256 of "ktrdr orders 3\n", the number of fills, the three lanes
//
// The values are the time (Unix second) + 2^48 * (side + 256 * cause), the bits of the
// quantity, and the bits of the price: side 1 bought, 255 sold; cause of a Trade, 0 for
// entries. Numbers are 8 bytes each, little endian.
//
// Each step maps the lanes one to one for a given fill, and fills one to one for
// given lanes: one changed value always changes the hash. Several go unnoticed by a
// chance of 2^-64, or by whoever wants it: it tells runs apart and proves nothing to
// an adversary. SHA-256 over all fills took longer than simulating them.
type OrderStream struct {
	fills uint64
	lanes Lanes
}

// Lanes are those of an OrderStream, by themselves: a loop over many fills has them in
// registers.
type Lanes struct{ moment, quantity, price uint64 }

// Fill takes a fill in.
func (o *OrderStream) Fill(time int64, quantity, price float64, side int8, cause Cause) {
	o.Took(o.lanes.Fill(time, quantity, price, WayOf(side, cause)), 1)
}

// Lanes returns the lanes of o. Took is to be told of what they took in.
func (o *OrderStream) Lanes() Lanes { return o.lanes }

// Took makes l the lanes of o, after some fills more.
func (o *OrderStream) Took(l Lanes, fills int) {
	o.fills += uint64(fills)
	o.lanes = l
}

// Words returns the lanes as numbers, and LanesOf makes lanes of them.
func (l Lanes) Words() (moment, quantity, price uint64) { return l.moment, l.quantity, l.price }

// LanesOf returns the lanes that are these numbers.
func LanesOf(moment, quantity, price uint64) Lanes { return Lanes{moment, quantity, price} }

// A Way is the side and the cause of a fill, as they go into its lane.
type Way uint64

// WayOf returns that of a side, 1 or -1, and a cause.
func WayOf(side int8, cause Cause) Way { return Way(uint8(side))<<48 | Way(cause)<<56 }

// Fill returns the lanes after a fill.
func (l Lanes) Fill(time int64, quantity, price float64, way Way) Lanes {
	return Lanes{stirred(l.moment, uint64(time)+uint64(way)), stirred(l.quantity, math.Float64bits(quantity)), stirred(l.price, math.Float64bits(price))}
}

func stirred(lane, v uint64) uint64 {
	x := (lane ^ v) * 0x9E3779B97F4A7C15
	return x ^ x>>32
}

// Trade takes the two fills of a trade in.
func (o *OrderStream) Trade(t *Trade) {
	o.Fill(t.EntryTime, t.Quantity, t.EntryPrice, int8(t.Side), BySignal)
	o.Fill(t.ExitTime, t.Quantity, t.ExitPrice, -int8(t.Side), t.Cause)
}

// Sum returns the hash of the fills so far, in hex.
func (o *OrderStream) Sum() string {
	b := append(make([]byte, 0, 64), "ktrdr orders 3\n"...)
	b = binary.LittleEndian.AppendUint64(b, o.fills)
	for _, lane := range [...]uint64{o.lanes.moment, o.lanes.quantity, o.lanes.price} {
		b = binary.LittleEndian.AppendUint64(b, lane)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
