package main

import (
	"fmt"
	"math"
)

// More instructions on four float32, written as words.
var (
	fneg   = word{"fneg", 0x6ea0f800}
	fmin   = word{"fmin", 0x4ea0f400}
	fcmge  = word{"fcmge", 0x6e20e400}  // all ones where n ≥ m
	frintn = word{"frintn", 0x4e218800} // to the nearest whole number, ties to even
	fcvtzs = word{"fcvtzs", 0x4ea1b800} // to whole numbers
	scvtf  = word{"scvtf", 0x4e21d800}  // from whole numbers
	half   = word{"sshr 1", 0x4f3f0400} // half of a whole number, rounded down
)

// A pool hands out vectors. What code takes it gives back, or returns.
type pool struct {
	*assembler
	free []int
}

const table = 14 // the register that points at the constants

// newPool has all vectors free, and the constants in reach.
func newPool(a *assembler) *pool {
	a.ins("MOVD $numbers<>(SB), R%d", table)
	p := &pool{assembler: a}
	for v := 31; v >= 0; v-- {
		p.free = append(p.free, v)
	}
	return p
}

func (p *pool) take() int {
	v := p.free[len(p.free)-1]
	p.free = p.free[:len(p.free)-1]
	return v
}

func (p *pool) give(list ...int) { p.free = append(p.free, list...) }

// whole returns a vector filled with 32 bits out of the table.
func (p *pool) whole(bits uint32) int {
	at, ok := p.numbers[bits]
	if !ok {
		at = 16 * len(p.numbers)
		p.numbers[bits] = at
		for i := range 4 {
			fmt.Fprintf(&p.data, "DATA numbers<>+%d(SB)/4, $%#08x\n", at+4*i, bits)
		}
	}
	v := p.take()
	p.ins("FMOVQ %d(R%d), F%d", at, table, v)
	return v
}

func (p *pool) number(x float32) int { return p.whole(math.Float32bits(x)) }

// with makes V<d> = V<n> ∘ x.
func (p *pool) with(w word, d, n int, x float32) {
	c := p.number(x)
	p.three(w, d, n, c)
	p.give(c)
}

// bitwise writes an instruction of Go's assembler on whole vectors.
func (p *pool) bitwise(name string, d, n, m int) {
	p.ins("%s V%d.B16, V%d.B16, V%d.B16", name, m, n, d)
}

// choose makes V<mask> yes where it is set and no elsewhere.
func (p *pool) choose(mask, yes, no int) { p.bitwise("VBSL", mask, yes, no) }

func (p *pool) read(pointer string) int {
	v := p.take()
	p.ins("VLD1 (%s), [V%d.S4]", pointer, v)
	return v
}

func (p *pool) write(v int, pointer string) { p.ins("VST1 [V%d.S4], (%s)", v, pointer) }

// horner returns c0 x + c1, that times x + c2, and so on.
func (p *pool) horner(x int, c ...float32) int {
	v := p.number(c[0])
	p.three(fmul, v, v, x)
	for i, k := range c[1:] {
		if i > 0 {
			p.three(fmul, v, v, x)
		}
		p.with(fadd, v, v, k)
	}
	return v
}

// exponential returns e to the x, for x up to 88; what is below the smallest
// normal result is 0.
func (p *pool) exponential(x int) int {
	n, r, t := p.take(), p.take(), p.take()
	p.with(fmul, n, x, 1.44269504088896341)
	p.two(frintn, n, n)
	p.with(fmul, t, n, 0.693359375)
	p.three(fsub, r, x, t)
	p.with(fmul, t, n, -2.12194440e-4)
	p.three(fsub, r, r, t)
	v := p.horner(r, 1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)
	p.three(fmul, t, r, r)
	p.three(fmul, v, v, t)
	p.three(fadd, v, v, r)
	p.with(fadd, v, v, 1)
	// Times 2 to the n, in two parts, since that may be no normal number.
	p.two(fcvtzs, n, n)
	p.two(half, t, n)
	p.ins("VSUB V%d.S4, V%d.S4, V%d.S4", t, n, n)
	bias := p.whole(127)
	for _, e := range []int{t, n} {
		p.ins("VADD V%d.S4, V%d.S4, V%d.S4", bias, e, e)
		p.ins("VSHL $23, V%d.S4, V%d.S4", e, e)
		p.three(fmul, v, v, e)
	}
	least := p.number(-87.33654)
	p.three(fcmgt, t, least, x)
	p.three(bic, v, v, t)
	p.give(n, r, t, bias, least)
	return v
}

// sigmoid returns 1/(1+e^-x), as e/(1+e) with e = e^-|x| below 0.
func (p *pool) sigmoid(x int) int {
	z := p.take()
	p.two(fabs, z, x)
	p.two(fneg, z, z)
	e := p.exponential(z)
	p.with(fadd, z, e, 1)
	mask, one := p.take(), p.number(1)
	p.two(under, mask, x)
	p.choose(mask, e, one)
	p.three(fdiv, z, mask, z)
	p.give(e, mask, one)
	return z
}

// tanh returns the hyperbolic tangent: 1 - 2/(e^2|x| + 1) with the sign of x, and a
// polynomial near 0.
func (p *pool) tanh(x int) int {
	z, far := p.take(), p.take()
	p.two(fabs, z, x)
	p.three(fadd, far, z, z)
	p.with(fmin, far, far, 80)
	e := p.exponential(far)
	p.with(fadd, e, e, 1)
	two := p.number(2)
	p.three(fdiv, e, two, e)
	one := p.number(1)
	p.three(fsub, far, one, e)
	sign := p.whole(1 << 31)
	p.bitwise("VAND", sign, sign, x)
	p.bitwise("VORR", far, far, sign)
	p.give(e, two, one, sign)

	s := p.take()
	p.three(fmul, s, x, x)
	near := p.horner(s, -5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1)
	p.three(fmul, near, near, s)
	p.three(fmul, near, near, x)
	p.three(fadd, near, near, x)
	p.with(fcmge, z, z, 0.625)
	p.choose(z, far, near)
	p.give(far, s, near)
	return z
}

// logarithm returns the natural logarithm of normal numbers above 0; NaN and
// infinity stay.
func (p *pool) logarithm(x int) int {
	e, z, mask, t := p.take(), p.take(), p.take(), p.take()
	p.ins("VUSHR $23, V%d.S4, V%d.S4", x, e)
	bias, mantissa, exponent := p.whole(126), p.whole(1<<23-1), p.whole(126<<23)
	p.ins("VSUB V%d.S4, V%d.S4, V%d.S4", bias, e, e)
	p.two(scvtf, e, e)
	p.bitwise("VAND", z, x, mantissa)
	p.bitwise("VORR", z, z, exponent)
	p.give(bias, mantissa, exponent)
	root, one := p.number(0.70710678118654752440), p.number(1)
	p.three(fcmgt, mask, root, z)
	p.three(fsub, t, e, one)
	p.ins("VBIT V%d.B16, V%d.B16, V%d.B16", mask, t, e)
	p.three(fadd, t, z, z)
	p.ins("VBIT V%d.B16, V%d.B16, V%d.B16", mask, t, z)
	p.three(fsub, z, z, one)
	p.give(root, one)
	v := p.horner(z, 7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
		-1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1)
	square := p.take()
	p.three(fmul, square, z, z)
	p.three(fmul, v, v, z)
	p.three(fmul, v, v, square)
	p.with(fmul, t, e, -2.12194440e-4)
	p.three(fadd, v, v, t)
	p.with(fmul, t, square, 0.5)
	p.three(fsub, v, v, t)
	p.three(fadd, v, v, z)
	p.with(fmul, t, e, 0.693359375)
	p.three(fadd, v, v, t)
	largest := p.number(0x1.fffffep127)
	p.three(fcmge, mask, largest, x)
	p.choose(mask, v, x)
	p.give(e, z, t, v, square, largest)
	return mask
}

// oneMinusSquare returns 1 - h².
func (p *pool) oneMinusSquare(h int) int {
	v := p.number(1)
	t := p.take()
	p.three(fmul, t, h, h)
	p.three(fsub, v, v, t)
	p.give(t)
	return v
}

// timesComplement returns h (1-h).
func (p *pool) timesComplement(h int) int {
	v := p.number(1)
	p.three(fsub, v, v, h)
	p.three(fmul, v, v, h)
	return v
}

// activations writes functions that replace v by its activation and write the
// slope where that is not nil.
func activations(a *assembler) {
	activation := func(name string, emit func(p *pool, x int) (value, slope int)) {
		a.function(name, "v *float32", "slope *float32", "n int")
		a.load(0, "v", "slope", "n")
		p := newPool(a)
		a.loop(2, 4, func() {
			x := p.read("R0")
			value, slope := emit(p, x)
			p.ins("VST1.P [V%d.S4], 16(R0)", value)
			without := a.fresh("without")
			p.ins("CBZ R1, %s", without)
			p.ins("VST1.P [V%d.S4], 16(R1)", slope)
			p.label(without)
		})
		a.ins("RET")
	}
	activation("leakyNeon", func(p *pool, x int) (value, slope int) {
		mask, one, low := p.take(), p.number(1), p.number(0.01)
		p.two(above, mask, x)
		p.choose(mask, one, low)
		p.three(fmul, x, x, mask)
		return x, mask
	})
	activation("tanhNeon", func(p *pool, x int) (value, slope int) {
		h := p.tanh(x)
		return h, p.oneMinusSquare(h)
	})
	activation("sigmoidNeon", func(p *pool, x int) (value, slope int) {
		h := p.sigmoid(x)
		return h, p.timesComplement(h)
	})
}

// softmax writes the softmax of the columns of z, which lie R6 bytes apart.
func softmax(a *assembler) {
	a.function("softmaxNeon", "z *float32", "top *float32", "logSum *float32", "best *int32", "n int", "classes int")
	a.load(0, "z", "top", "logSum", "best", "n", "classes")
	a.ins("LSL $2, R4, R6")
	p := newPool(a)
	pass := func(body func()) {
		a.ins("MOVD R0, R7")
		a.ins("MOVD R5, R8")
		a.loop(8, 1, func() {
			body()
			a.ins("ADD R6, R7, R7")
		})
	}
	a.loop(4, 4, func() {
		most, best, class := p.read("R0"), p.take(), p.take()
		p.bitwise("VEOR", best, best, best)
		p.bitwise("VEOR", class, class, class)
		pass(func() {
			x, mask, next := p.read("R7"), p.take(), p.whole(1)
			p.three(fcmgt, mask, x, most)
			p.ins("VBIT V%d.B16, V%d.B16, V%d.B16", mask, x, most)
			p.ins("VBIT V%d.B16, V%d.B16, V%d.B16", mask, class, best)
			p.ins("VADD V%d.S4, V%d.S4, V%d.S4", next, class, class)
			p.give(x, mask, next)
		})
		p.write(most, "R1")
		p.write(best, "R3")
		sum := p.take()
		p.bitwise("VEOR", sum, sum, sum)
		pass(func() {
			x := p.read("R7")
			p.three(fsub, x, x, most)
			e := p.exponential(x)
			p.write(e, "R7")
			p.three(fadd, sum, sum, e)
			p.give(x, e)
		})
		pass(func() {
			x := p.read("R7")
			p.three(fdiv, x, x, sum)
			p.write(x, "R7")
			p.give(x)
		})
		l := p.logarithm(sum)
		p.write(l, "R2")
		p.give(most, best, class, sum, l)
		for r := range 4 {
			a.ins("ADD $16, R%d, R%d", r, r)
		}
	})
	a.ins("RET")
}
