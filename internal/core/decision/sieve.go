package decision

import "math/bits"

// SieveBars is the most bars that a Sieve takes.
const SieveBars = 4096

// A Sieve says of some bars, in sets of bits, at which of them Rules.Decide depends on
// the position that is held, and how often each reason is the answer at the others.
// Few signals have to be looked at then, and those that do not act are counted
// without it.
type Sieve struct {
	// Buys and Sells are the bars at which the signal is one to act on, up to step 5
	// of Rules.Decide. Bits from the number of bars on are 0.
	Buys, Sells Bits

	// Entries are those of them that open a position where none is held, step 9 left aside.
	Entries Bits

	Others Counts // the answers at all other bars
	Odd    bool   // there are bars that Raw.Leave or Skipped make depend on more than that: decide each
}

// Bits are a set of the bars of a sieve.
type Bits [SieveBars / 64]uint64

// Has tells whether the set has bar a.
func (x *Bits) Has(a int) bool { return x[uint(a)>>6]>>(a&63)&1 != 0 }

// First returns the first bar from a on that is in the set; b where none is before that.
func (x *Bits) First(a, b int) int {
	for mask := ^uint64(0) << (a & 63); a < b; a, mask = a&^63+64, ^uint64(0) {
		if found := x[uint(a)>>6] & mask; found != 0 {
			return min(b, a&^63+bits.TrailingZeros64(found))
		}
	}
	return b
}

// Count returns how many of the bars from a to b-1 are in the set.
func (x *Bits) Count(a, b int) int {
	n := 0
	for mask := ^uint64(0) << (a & 63); a < b; mask = ^uint64(0) {
		word, end := uint(a)>>6, a&^63+64
		if end > b {
			mask &= 1<<(b&63) - 1
		}
		n += bits.OnesCount64(x[word] & mask)
		a = end
	}
	return n
}

// Sift takes raws, at most SieveBars of them, for rules r. Where it finds s.Odd, the
// rest of s is not determined.
func (s *Sieve) Sift(r Rules, raws []Raw) {
	s.Others, s.Odd = Counts{}, false
	clear(s.Buys[:])
	clear(s.Sells[:])
	clear(s.Entries[:])
	quiet, threshold, always, shorts := ModelHold, float32(r.ConfidenceThreshold), uint64(0), uint64(0)
	if r.AllowShort {
		shorts = ^uint64(0)
	}
	if r.Regression {
		quiet, always = BelowCost, ^uint64(0)
	}
	for word := 0; len(raws) > 0; word++ {
		part := raws[:min(64, len(raws))]
		raws = raws[len(part):]
		clean, signals, downs, sure := columnsOf(part, threshold)
		signals &= clean
		acts := signals & (sure | always)
		s.Others[quiet] += bits.OnesCount64(clean &^ signals)
		s.Others[BelowConfidence] += bits.OnesCount64(signals &^ acts)
		s.Buys[word], s.Sells[word], s.Entries[word] = acts&^downs, acts&downs, acts&(shorts|^downs)
		for odd := ^clean << (64 - len(part)) >> (64 - len(part)); odd != 0; odd &= odd - 1 {
			s.withhold(&part[bits.TrailingZeros64(odd)])
		}
	}
}

// columnsPlain returns sets of raws, of which there are at most 64: those that nobody
// withheld, those that are signals, those that are sells if they are, and those that are
// at least as sure as the threshold.
//
// The assembly of columns256 is written by tools/sieve and has the layout of a Raw in it.
func columnsPlain(raws []Raw, threshold float32) (clean, signals, downs, sure uint64) {
	for i := len(raws) - 1; i >= 0; i-- {
		raw := raws[i]
		isClean, isSure := uint64(0), uint64(0)
		if raw.Known && raw.Withheld == Acted && !raw.Leave {
			isClean = 1
		}
		if raw.Confidence >= threshold {
			isSure = 1
		}
		side := uint64(uint8(raw.Signal)) // 1, 255 or 0
		clean, signals = clean<<1|isClean, signals<<1|side&1
		downs, sure = downs<<1|side>>7, sure<<1|isSure
	}
	return clean, signals, downs, sure
}

// withhold counts a signal that nobody may act on.
func (s *Sieve) withhold(raw *Raw) {
	switch {
	case !raw.Known:
		s.Others[NoFeatures]++
	case raw.Leave || raw.Withheld == Skipped:
		s.Odd = true
	default:
		s.Others[raw.Withheld]++
	}
}
