package trial

import (
	"math"
	"math/bits"
	"slices"
	"sort"

	"github.com/ktrdr/ktrdr/internal/core/decision"
)

// A signals is what a model says at the bars of a window: one set of bits per side,
// of those of its signals that are confident enough.
type signals struct {
	raws        []decision.Raw
	order       []int32 // bars with a signal, by falling confidence
	count       int     // of them that are set
	buys, sells []uint64
	either      []uint64
}

// signalsOf returns raws with all of their signals set but those that are withheld.
func signalsOf(raws []decision.Raw) *signals {
	words := len(raws)/64 + 4
	s := &signals{raws: raws, buys: make([]uint64, words), sells: make([]uint64, words)}
	s.end()
	var keys []uint64 // of the bars with a signal: the least confident last, of equals the later
	for i, r := range raws {
		switch {
		case !r.Known || r.Signal == decision.Hold || r.Withheld != decision.Acted:
			continue
		case r.Signal == decision.Buy:
			s.buys[i/64] |= 1 << (i % 64)
		default:
			s.sells[i/64] |= 1 << (i % 64)
		}
		keys = append(keys, uint64(^math.Float32bits(r.Confidence))<<32|uint64(i))
	}
	slices.Sort(keys) // confidences are not below zero: they and their bits have one order
	s.order = make([]int32, len(keys))
	for i, k := range keys {
		s.order[i] = int32(uint32(k))
	}
	s.count = len(s.order)
	return s
}

// atLeast sets the signals of at least the given confidence and reports whether
// they are others than before. It costs as much as there are signals between this
// confidence and the last one, or below this one; all has all of them set.
func (s *signals) atLeast(confidence float32, all *signals) bool {
	before := s.count
	count := sort.Search(len(s.order), func(i int) bool { return s.raws[s.order[i]].Confidence < confidence })
	if all.count-count < max(count-before, before-count) {
		s.copyFrom(all)
	}
	for _, bar := range s.order[min(count, s.count):max(count, s.count)] {
		set := s.buys
		if s.raws[bar].Signal == decision.Sell {
			set = s.sells
		}
		set[bar/64] ^= 1 << (bar % 64)
	}
	s.count = count
	return count != before
}

// none makes s what all is, with no signal set.
func (s *signals) none(all *signals) {
	s.copyFrom(all)
	clear(s.buys)
	clear(s.sells)
	s.end()
	s.count = 0
}

func (s *signals) end() {
	n := len(s.raws)
	s.buys[n/64] |= 1 << (n % 64)
	s.sells[n/64] |= 1 << (n % 64)
}

// copyFrom makes s what other is.
func (s *signals) copyFrom(other *signals) {
	s.raws, s.order, s.count = other.raws, other.order, other.count
	s.buys, s.sells = append(s.buys[:0], other.buys...), append(s.sells[:0], other.sells...)
	s.either = s.either[:0]
}

// both returns the bars with a signal of either side, for as long as s is as it is.
func (s *signals) both() []uint64 {
	if len(s.either) == 0 {
		for i, set := range s.buys {
			s.either = append(s.either, set|s.sells[i])
		}
	}
	return s.either
}

// first returns the first bar from from on that is set. There is one: the number of
// bars at the latest.
func first(set []uint64, from int) int {
	for word, shift := from>>6, from&63; ; word, from = word+2, from+128 {
		w := (*[3]uint64)(set[word:])
		near, far := w[0]>>shift|w[1]<<1<<(63-shift), w[1]>>shift|w[2]<<1<<(63-shift)
		ahead := bits.TrailingZeros64(near)
		if near == 0 {
			ahead = 64 + bits.TrailingZeros64(far)
		}
		if ahead < 128 {
			return from + ahead
		}
	}
}
