package fuzzy

import "math"

// gaussian returns exp(-z^2/2). The exponent is rounded once.
func gaussian(z float64) float64 { return fall(float64(0.5 * float64(z*z))) }

// fall returns exp(-q) for q of at least 0.
//
//	q = k*ln(2)/32 + r, k whole, |r| <= ln(2)/64
//	exp(-q) = 2^-(k div 32) * 2^(-(k mod 32)/32) * exp(-r)
//
// with the middle factor from a table and the last from its series up to r^6,
// which leaves out less than 2^-58. The error is below 1.1 units in the last
// place of exp(-q). Values below 2^-1021 are 0.
//
// math.Exp is written in assembly on some processors and differs from its Go
// form in the last bit; this form has one order of operations everywhere.
func fall(q float64) float64 {
	if !(q < 708) {
		if math.IsNaN(q) {
			return q
		}
		return 0
	}
	// Adding 1.5*2^52 leaves the nearest whole number in the low bits.
	shifted := float64(q*stepsPerUnit) + 0x1.8p52
	k := math.Float64bits(shifted) & 0xffff
	whole := shifted - 0x1.8p52
	r := q - float64(whole*stepHigh) - float64(whole*stepLow) // the first product is exact
	r2 := float64(r * r)
	// exp(-r)-1, the even and the odd powers of r apart.
	even := float64(r2 * (0.5 + float64(r2*(1.0/24+float64(r2*(1.0/720))))))
	odd := float64(r * (1 + float64(r2*(1.0/6+float64(r2*(1.0/120))))))
	root := roots[k%32]
	scale := math.Float64frombits((1023 - k/32) << 52)
	return (root + float64(root*(even-odd))) * scale
}

const (
	stepsPerUnit = 0x1.71547652b82fep+5  // 32/ln(2)
	stepHigh     = 0x1.62e42fefa0000p-6  // ln(2)/32 to 36 bits, so that 16-bit multiples are exact
	stepLow      = 0x1.cf79abc9e3b3ap-45 // the rest
)

// roots[j] is 2^(-j/32), correctly rounded.
var roots = [32]float64{
	1, 0x1.f50765b6e4540p-1, 0x1.ea4afa2a490dap-1, 0x1.dfc97337b9b5fp-1,
	0x1.d5818dcfba487p-1, 0x1.cb720dcef9069p-1, 0x1.c199bdd85529cp-1, 0x1.b7f76f2fb5e47p-1,
	0x1.ae89f995ad3adp-1, 0x1.a5503b23e255dp-1, 0x1.9c49182a3f090p-1, 0x1.93737b0cdc5e5p-1,
	0x1.8ace5422aa0dbp-1, 0x1.82589994cce13p-1, 0x1.7a11473eb0187p-1, 0x1.71f75e8ec5f74p-1,
	0x1.6a09e667f3bcdp-1, 0x1.6247eb03a5585p-1, 0x1.5ab07dd485429p-1, 0x1.5342b569d4f82p-1,
	0x1.4bfdad5362a27p-1, 0x1.44e086061892dp-1, 0x1.3dea64c123422p-1, 0x1.371a7373aa9cbp-1,
	0x1.306fe0a31b715p-1, 0x1.29e9df51fdee1p-1, 0x1.2387a6e756238p-1, 0x1.1d4873168b9aap-1,
	0x1.172b83c7d517bp-1, 0x1.11301d0125b51p-1, 0x1.0b5586cf9890fp-1, 0x1.059b0d3158574p-1,
}
