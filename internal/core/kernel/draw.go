package kernel

// A Draw says which elements of a matrix Drop sets to zero. Element j of row r
// is dropped where hash(First + r·Next, j) is below Threshold:
//
//	x = the finaliser of SplitMix64 of First + r·Next
//	u = low(x) + j·0x9e3779b9    u = (u ^ u>>16)·0x7feb352d ^ high(x)
//	hash = (u ^ u>>15)·0x846ca68b
//
// The zero value drops nothing and sets everything to zero; set Scale.
//
// Source: G. Steele, D. Lea, C. Flood, Fast splittable pseudorandom number
// generators, 2014; u is lowbias32 (C. Wellons, Hash prospector, 2018) without its last
// shift, which changes only the low half, and Threshold looks at the high one.
type Draw struct {
	First, Next uint64
	Threshold   uint32
	Scale       float32 // of what is kept
}

// Golden64 is 2^64 over the golden ratio, the step between the states of
// SplitMix64.
const Golden64 = 0x9e3779b97f4a7c15

const golden32 = 0x9e3779b9

// row returns the two halves of a row's key.
func (d Draw) row(state uint64) (low, high uint32) {
	x := Mix(state)
	return uint32(x), uint32(x >> 32)
}

// Mix is the finaliser of SplitMix64.
func Mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func hash(u, high uint32) uint32 {
	u = (u^u>>16)*0x7feb352d ^ high
	return (u ^ u>>15) * 0x846ca68b
}
