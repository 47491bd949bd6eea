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
	Buys, Sells [SieveBars / 64]uint64

	Others Counts // the answers at all other bars
	Odd    bool   // there are bars that Raw.Leave or Skipped make depend on more than that: decide each
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
		n := min(64, len(raws))
		asked, plain, acts, sells := uint64(n), uint64(0), uint64(0), uint64(0)
		for i := range raws[:n] {
			raw := &raws[i]
			acts, sells = acts>>1, sells>>1
			if !raw.Known || raw.Withheld != Acted || raw.Leave {
				asked--
				s.withhold(raw)
				continue
			}
			sure := always
			if raw.Confidence >= threshold {
				sure = 1
			}
			side := uint64(uint8(raw.Signal)) // 1, 255 or 0
			plain += side & 1
			acts |= (side & sure) << 63
			sells |= side >> 7 << 63
		}
		acts, sells = acts>>(64-n), sells>>(64-n)&(acts>>(64-n))
		s.Buys[word], s.Sells[word] = acts&^sells, sells
		s.Others[quiet] += int(asked - plain)
		s.Others[BelowConfidence] += int(plain) - bits.OnesCount64(acts)
		raws = raws[n:]
	}
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
