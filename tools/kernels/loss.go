package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// losses writes the softmax of the columns of z, which lie stride bytes apart.
func losses(m machine) {
	text("softmax"+m.suffix(), "func(z, top, logSum *float32, best *int32, n, classes int)")
	p := pointers("z", "top", "logSum", "best", "n")
	z, n := p[0], p[4]
	stride := GP64()
	MOVQ(n, stride)
	SHLQ(Imm(2), stride)
	pass := func(body func(column reg.Register)) {
		column, count := GP64(), Load(Param("classes"), GP64())
		MOVQ(z, column)
		loop := fresh("class")
		Label(loop)
		body(column)
		ADDQ(stride, column)
		DECQ(count)
		JNE(LabelRef(loop))
	}
	eachVector(m, n, p[:4], func() {
		most, best, class := load(m, at(z, 0)), clear(m), clear(m)
		pass(func(column reg.Register) {
			x := load(m, at(column, 0))
			above := m.compare(greaterThan, most, x)
			m.choose(above, x, most, most)
			m.choose(above, class, best, best)
			VPADDD(whole("next", 1), class, class)
		})
		VMOVUPS(most, at(p[1], 0))
		VMOVUPS(best, at(p[3], 0))
		sum := clear(m)
		pass(func(column reg.Register) {
			x := load(m, at(column, 0))
			VSUBPS(most, x, x)
			e := exponential(m, x)
			VMOVUPS(e, at(column, 0))
			VADDPS(e, sum, sum)
		})
		pass(func(column reg.Register) {
			x := load(m, at(column, 0))
			VDIVPS(sum, x, x)
			VMOVUPS(x, at(column, 0))
		})
		VMOVUPS(logarithm(m, sum), at(p[2], 0))
	})
	done()
}

// logarithm returns the natural logarithm of normal numbers above 0; NaN and
// infinity stay.
func logarithm(m machine, x reg.VecVirtual) reg.VecVirtual {
	e, z := m.vector(), m.vector()
	VPSRLD(Imm(23), x, e)
	VPSUBD(whole("logBias", 126), e, e)
	VCVTDQ2PS(e, e)
	VANDPS(whole("mantissa", 1<<23-1), x, z)
	VORPS(whole("half", 126<<23), z, z)
	low := m.compare(lessThan, constant("rootHalf", 0.70710678118654752440), z)
	one, less, twice := load(m, constant("one", 1)), m.vector(), m.vector()
	VSUBPS(one, e, less)
	m.choose(low, less, e, e)
	VADDPS(z, z, twice)
	m.choose(low, twice, z, z)
	VSUBPS(one, z, z)
	p, square, t := m.vector(), m.vector(), m.vector()
	horner(z, p, "log", 7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
		-1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1)
	VMULPS(z, z, square)
	VMULPS(z, p, p)
	VMULPS(square, p, p)
	VMULPS(constant("ln2Low", -2.12194440e-4), e, t)
	VADDPS(t, p, p)
	VMULPS(constant("halfOf", 0.5), square, t)
	VSUBPS(t, p, p)
	VADDPS(z, p, p)
	VMULPS(constant("ln2High", 0.693359375), e, t)
	VADDPS(t, p, p)
	m.choose(m.compare(notLessOrEqual, constant("largest", 0x1.fffffep127), x), x, p, p)
	return p
}

// prefetch asks for rows of a matrix, line by line.
func prefetch() {
	text("prefetchRows", "func(x *float32, rows *int32, n, width int)")
	p := pointers("x", "rows", "n", "width")
	SHLQ(Imm(2), p[3])
	row, line := fresh("row"), fresh("line")
	Label(row)
	from, end := GP64(), GP64()
	MOVLQSX(at(p[1], 0), from)
	IMULQ(p[3], from)
	ADDQ(p[0], from)
	LEAQ(Mem{Base: from, Index: p[3], Scale: 1}, end)
	ANDQ(I8(-64), from)
	Label(line)
	PREFETCHT1(at(from, 0))
	ADDQ(Imm(64), from)
	CMPQ(from, end)
	JCS(LabelRef(line))
	ADDQ(Imm(4), p[1])
	DECQ(p[2])
	JNE(LabelRef(row))
	RET()

	text("prefetchClasses", "func(class, rows *int32, n int)")
	p = pointers("class", "rows", "n")
	row = fresh("row")
	Label(row)
	i := GP64()
	MOVLQSX(at(p[1], 0), i)
	PREFETCHT1(Mem{Base: p[0], Index: i, Scale: 4})
	ADDQ(Imm(4), p[1])
	DECQ(p[2])
	JNE(LabelRef(row))
	RET()
}

// transpose turns blocks of 8 by 8 numbers round, with AVX2.
func transpose() {
	text("transposeBlocks", "func(dst, src *float32, down, across, dstRow, srcRow int)")
	Comment("down and across count blocks of 8")
	p := pointers("dst", "src", "down", "across", "dstRow", "srcRow")
	dst, src, down, across, dstRow, srcRow := p[0], p[1], p[2], p[3], p[4], p[5]
	SHLQ(Imm(2), dstRow)
	SHLQ(Imm(2), srcRow)
	outer, inner := fresh("down"), fresh("across")
	Label(outer)
	from, to, n := GP64(), GP64(), GP64()
	MOVQ(src, from)
	MOVQ(dst, to)
	MOVQ(across, n)
	Label(inner)
	var r []reg.VecVirtual
	at8 := func(p, row reg.Register, step func(m Mem)) {
		q := GP64()
		MOVQ(p, q)
		for i := range 8 {
			if i > 0 {
				ADDQ(row, q)
			}
			step(at(q, 0))
		}
	}
	at8(from, srcRow, func(m Mem) {
		v := YMM()
		VMOVUPS(m, v)
		r = append(r, v)
	})
	pairs := func(a, b reg.VecVirtual, low, high func(...Op)) (x, y reg.VecVirtual) {
		x, y = YMM(), YMM()
		low(b, a, x)
		high(b, a, y)
		return x, y
	}
	shuffle := func(imm uint64) func(...Op) {
		return func(o ...Op) { VSHUFPS(Imm(imm), o[0], o[1], o[2]) }
	}
	join := func(imm uint64) func(...Op) {
		return func(o ...Op) { VPERM2F128(Imm(imm), o[0], o[1], o[2]) }
	}
	var t, s, out [8]reg.VecVirtual
	for i := 0; i < 8; i += 2 {
		t[i], t[i+1] = pairs(r[i], r[i+1], unpackLow, unpackHigh)
	}
	for i := 0; i < 8; i += 4 {
		s[i], s[i+1] = pairs(t[i], t[i+2], shuffle(0x44), shuffle(0xee))
		s[i+2], s[i+3] = pairs(t[i+1], t[i+3], shuffle(0x44), shuffle(0xee))
	}
	for i := range 4 {
		out[i], out[i+4] = pairs(s[i], s[i+4], join(0x20), join(0x31))
	}
	i := 0
	at8(to, dstRow, func(m Mem) {
		VMOVUPS(out[i], m)
		i++
	})
	ADDQ(Imm(32), from)
	for range 8 {
		ADDQ(dstRow, to)
	}
	DECQ(n)
	JNE(LabelRef(inner))
	ADDQ(Imm(32), dst)
	for range 8 {
		ADDQ(srcRow, src)
	}
	DECQ(down)
	JNE(LabelRef(outer))
	done()
}

func unpackLow(o ...Op)  { VUNPCKLPS(o[0], o[1], o[2]) }
func unpackHigh(o ...Op) { VUNPCKHPS(o[0], o[1], o[2]) }
