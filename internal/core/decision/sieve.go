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

	Others Counts // the answers at all other bars
	Odd    bool   // there are bars that Raw.Leave or Skipped make depend on more than that: decide each
}

// Bits are a set of the bars of a sieve.
type Bits [SieveBars / 64]uint64

// Has tells whether the set has bar a.
func (x *Bits) Has(a int) bool { return x[uint(a)>>6]>>(a&63)&1 != 0 }

// First returns the first bar from a on that is in x or y, of which the second may be
// nil; b where none is before that.
func (x *Bits) First(y *Bits, a, b int) int {
	if y == nil {
		y = x
	}
	for mask := ^uint64(0) << (a & 63); a < b; a, mask = a&^63+64, ^uint64(0) {
		word := uint(a) >> 6
		if found := (x[word] | y[word]) & mask; found != 0 {
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
	quiet, threshold, always := ModelHold, float32(r.ConfidenceThreshold), uint64(0)
	if r.Regression {
		quiet, always = BelowCost, 1
	}
	for word := 0; len(raws) > 0; word++ {
		part := raws[:min(64, len(raws))]
		raws = raws[len(part):]
		buys, sells := uint64(0), uint64(0)
		for at := 0; at < len(part); at++ {
			n, signals, acts, downs := gather(part[at:], threshold, always)
			s.Others[quiet] += n - signals
			s.Others[BelowConfidence] += signals - bits.OnesCount64(acts)
			buys |= acts &^ downs << at
			sells |= acts & downs << at
			if at += n; at < len(part) {
				s.withhold(&part[at])
			}
		}
		s.Buys[word], s.Sells[word] = buys, sells
	}
}

// gather looks at raws up to the first that somebody withheld, at most 64. It
// returns how many that are, how many of them are signals, and, in sets of bits,
// which of those are sure enough, and which are sells.
func gather(raws []Raw, threshold float32, always uint64) (n, signals int, acts, downs uint64) {
	found := uint64(0)
	for n < len(raws) {
		raw := raws[n]
		if !raw.Known || raw.Withheld != Acted || raw.Leave {
			break
		}
		sure := uint64(0)
		if raw.Confidence >= threshold {
			sure = 1
		}
		side := uint64(uint8(raw.Signal)) // 1, 255 or 0
		found += side & 1
		acts = acts<<1 | side&(sure|always)
		downs = downs<<1 | side>>7
		n++
	}
	return n, int(found), bits.Reverse64(acts) >> (64 - n), bits.Reverse64(downs) >> (64 - n)
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
