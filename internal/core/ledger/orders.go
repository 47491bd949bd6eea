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
//	hash = SHA-256 of "ktrdr orders 2\n", the number of fills, the four lanes
//
// The values are the time (Unix second), the bits of the quantity, the bits of the
// price, and side + 256 * cause: side 1 bought, 255 sold; cause of a Trade, 0 for
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
type Lanes struct{ time, quantity, price, side uint64 }

// Fill takes a fill in.
func (o *OrderStream) Fill(time int64, quantity, price float64, side int8, cause Cause) {
	o.Took(o.lanes.Moment(time, side, cause).Amount(quantity, price), 1)
}

// Lanes returns the lanes of o. Took is to be told of what they took in.
func (o *OrderStream) Lanes() Lanes { return o.lanes }

// Took makes l the lanes of o, after some fills more.
func (o *OrderStream) Took(l Lanes, fills int) {
	o.fills += uint64(fills)
	o.lanes = l
}

// Moment returns the lanes after the time, the side and the cause of a fill.
func (l Lanes) Moment(time int64, side int8, cause Cause) Lanes {
	l.time, l.side = stirred(l.time, uint64(time)), stirred(l.side, uint64(uint8(side))|uint64(cause)<<8)
	return l
}

// Amount returns the lanes after the quantity and the price of a fill.
func (l Lanes) Amount(quantity, price float64) Lanes {
	l.quantity, l.price = stirred(l.quantity, math.Float64bits(quantity)), stirred(l.price, math.Float64bits(price))
	return l
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
	b := append(make([]byte, 0, 64), "ktrdr orders 2\n"...)
	b = binary.LittleEndian.AppendUint64(b, o.fills)
	for _, lane := range [...]uint64{o.lanes.time, o.lanes.quantity, o.lanes.price, o.lanes.side} {
		b = binary.LittleEndian.AppendUint64(b, lane)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
