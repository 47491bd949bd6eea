package kernel

// FMA returns a·b + c rounded once to float32, which is what the fused
// instructions of processors give. Package math has it for float64 only.
//
// NaN:    as IEEE 754 has it; which NaN is not defined.
// Error:  half a unit in the last place, as for a single rounding.
func FMA(a, b, c float32) float32 { return fma(a, b, c) }
