package nn

import (
	"math/bits"
	"math/rand/v2"

	"github.com/ktrdr/ktrdr/internal/core/kernel"
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

// streamKey mixes seed and purpose into 64 bits.
func streamKey(seed, purpose uint64) uint64 { return kernel.Mix(seed + purpose*kernel.Golden64) }

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
	threshold uint32  // a 32-bit draw below it drops the unit
	scale     float32 // what kept units are multiplied by: 1/(1-p)
}

func newDropout(p float64, seed uint64) dropout {
	return dropout{key: streamKey(seed, dropoutPurpose), threshold: uint32(p * (1 << 32)), scale: float32(1 / (1 - p))}
}

// draw returns the decisions for a layer and rows whose places begin at place and
// lie apart places apart.
func (d *dropout) draw(place uint64, apart, layer int) kernel.Draw {
	const layers = MaxHidden + 1
	return kernel.Draw{First: d.key + (place*layers+uint64(layer))*kernel.Golden64, Next: uint64(apart) * layers * kernel.Golden64,
		Threshold: d.threshold, Scale: d.scale}
}
