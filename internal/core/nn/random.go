package nn

import (
	"math/bits"
	"math/rand/v2"
)

// Every use of randomness has its own streams, and a stream is named by what it
// is for (a purpose) and by a counter, so nothing depends on how much was drawn
// before or by which thread.
const (
	initPurpose uint64 = iota + 1
	shufflePurpose
	dropoutPurpose
)

// InitStream returns the stream from which the weights of a training with that
// seed are drawn; see New.
func InitStream(seed uint64) *rand.Rand {
	return rand.New(rand.NewPCG(streamKey(seed, initPurpose), 0))
}

// streamKey mixes seed and purpose into 64 bits (the finaliser of SplitMix64).
func streamKey(seed, purpose uint64) uint64 {
	z := seed + purpose*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// shuffle writes a permutation of 0..len(order)-1 that depends on seed and
// epoch only (Fisher-Yates; an index is drawn as the high half of a product,
// which is uneven by less than one part in 2^32).
func shuffle(order []int32, seed uint64, epoch int) {
	for i := range order {
		order[i] = int32(i)
	}
	var pcg rand.PCG
	pcg.Seed(streamKey(seed, shufflePurpose), uint64(epoch))
	for i := len(order) - 1; i > 0; i-- {
		j, _ := bits.Mul64(pcg.Uint64(), uint64(i+1))
		order[i], order[j] = order[j], order[i]
	}
}

// A dropout decides which hidden units are left out of a training step. The
// decision depends on the seed, the row's place in the training (epoch and
// position), the layer and the unit, and on nothing else.
type dropout struct {
	key       uint64
	threshold uint64  // a 32-bit draw below it drops the unit
	scale     float32 // what kept units are multiplied by: 1/(1-p)
}

func newDropout(p float64, seed uint64) dropout {
	return dropout{key: streamKey(seed, dropoutPurpose), threshold: uint64(p * (1 << 32)), scale: float32(1 / (1 - p))}
}

// apply drops units of one row of a layer's values and scales the rest; slope,
// the derivative of the values, is treated alike. place numbers the row within
// the whole training.
func (d dropout) apply(value, slope []quad, stride, r int, place uint64, layer int) {
	var pcg rand.PCG
	pcg.Seed(d.key, place*(MaxHidden+1)+uint64(layer))
	for ; r < len(value); r += stride {
		a, b := pcg.Uint64(), pcg.Uint64()
		f := quad{d.factor(a >> 32), d.factor(a & (1<<32 - 1)), d.factor(b >> 32), d.factor(b & (1<<32 - 1))}
		v, s := &value[r], &slope[r]
		for i := range f {
			v[i] *= f[i]
			s[i] *= f[i]
		}
	}
}

func (d dropout) factor(draw uint64) float32 {
	if draw < d.threshold {
		return 0
	}
	return d.scale
}
