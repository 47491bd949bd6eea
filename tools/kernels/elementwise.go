package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// text begins a function. It keeps nothing that its pointers point at.
func text(name, signature string) {
	TEXT(name, NOSPLIT, signature)
	Pragma("noescape")
}

func done() {
	VZEROUPPER()
	RET()
}

func elementwise(m machine) {
	for _, op := range []struct {
		name string
		emit func(ops ...Op)
	}{{"add", VADDPS}, {"scale", VMULPS}} {
		text(op.name+m.suffix(), "func(dst, v *float32, n int)")
		p := pointers("dst", "v", "n")
		eachVector(m, p[2], p[:2], func() {
			x := load(m, at(p[0], 0))
			op.emit(at(p[1], 0), x, x)
			VMOVUPS(x, at(p[0], 0))
		})
		done()
	}

	text("mask"+m.suffix(), "func(dst, v *float32, n int, scale float32)")
	p := pointers("dst", "v", "n")
	scale, zero := broadcast(m, "scale"), clear(m)
	eachVector(m, p[2], p[:2], func() {
		above := m.compare(greaterThan, zero, load(m, at(p[1], 0)))
		x := m.vector()
		VMULPS(at(p[0], 0), scale, x)
		m.keep(above, x)
		VMOVUPS(x, at(p[0], 0))
	})
	done()

	text("cut"+m.suffix(), "func(v *float32, n int, least float32)")
	p = pointers("v", "n")
	least := broadcast(m, "least")
	eachVector(m, p[1], p[:1], func() {
		x := load(m, at(p[0], 0))
		cut(m, x, least)
		VMOVUPS(x, at(p[0], 0))
	})
	done()

	text("rectify"+m.suffix(), "func(v *float32, n int)")
	p = pointers("v", "n")
	zero = clear(m)
	eachVector(m, p[1], p[:1], func() {
		x := m.vector()
		VMAXPS(at(p[0], 0), zero, x) // the second operand, if one is NaN or both are zero
		VMOVUPS(x, at(p[0], 0))
	})
	done()

	activations(m)
	gather(m)
	sumRows(m)
	drop(m)
	squares(m)
}

func clear(m machine) reg.VecVirtual {
	v := m.vector()
	VXORPS(v, v, v)
	return v
}

// activations writes functions that replace v by its activation and write the
// slope where that is not nil.
func activations(m machine) {
	activation := func(name string, emit func(x reg.VecVirtual) (value, slope reg.VecVirtual)) {
		text(name+m.suffix(), "func(v, slope *float32, n int)")
		p := pointers("v", "slope", "n")
		without := fresh("without")
		TESTQ(p[1], p[1])
		JEQ(LabelRef(without))
		eachVector(m, p[2], p[:2], func() {
			value, slope := emit(load(m, at(p[0], 0)))
			VMOVUPS(value, at(p[0], 0))
			VMOVUPS(slope, at(p[1], 0))
		})
		done()
		Label(without)
		eachVector(m, p[2], p[:1], func() {
			value, _ := emit(load(m, at(p[0], 0)))
			VMOVUPS(value, at(p[0], 0))
		})
		done()
	}
	activation("leaky", func(x reg.VecVirtual) (value, slope reg.VecVirtual) {
		zero, low, one := clear(m), load(m, constant("leak", 0.01)), load(m, constant("one", 1))
		slope = m.vector()
		m.choose(m.compare(greaterThan, zero, x), one, low, slope)
		VMULPS(slope, x, x)
		return x, slope
	})
	activation("tanh", func(x reg.VecVirtual) (value, slope reg.VecVirtual) {
		h := tanh(m, x)
		return h, oneMinusSquare(m, h)
	})
	activation("sigmoid", func(x reg.VecVirtual) (value, slope reg.VecVirtual) {
		h := sigmoid(m, x)
		return h, timesComplement(m, h)
	})
}

// oneMinusSquare returns 1 - h².
func oneMinusSquare(m machine, h reg.VecVirtual) reg.VecVirtual {
	v, one := m.vector(), load(m, constant("one", 1))
	VMULPS(h, h, v)
	VSUBPS(v, one, v)
	return v
}

// timesComplement returns h (1-h).
func timesComplement(m machine, h reg.VecVirtual) reg.VecVirtual {
	v := load(m, constant("one", 1))
	VSUBPS(h, v, v)
	VMULPS(h, v, v)
	return v
}

// exponential returns e to the x, for x up to 88; what is below the smallest
// normal result is 0.
func exponential(m machine, x reg.VecVirtual) reg.VecVirtual {
	n, r, p, t := m.vector(), m.vector(), m.vector(), m.vector()
	VMULPS(constant("log2E", 1.44269504088896341), x, n)
	m.round(n, n)
	VMULPS(constant("ln2High", 0.693359375), n, t)
	VSUBPS(t, x, r)
	VMULPS(constant("ln2Low", -2.12194440e-4), n, t)
	VSUBPS(t, r, r)
	horner(r, p, "exp", 1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)
	VMULPS(r, r, t)
	VMULPS(t, p, p)
	VADDPS(r, p, p)
	VADDPS(constant("one", 1), p, p)
	m.power(n, p)
	m.keep(m.compare(notLessThan, constant("expLeast", -87.33654), x), p)
	return p
}

// horner writes c0 x + c1, that times x + c2, and so on.
func horner(x, p reg.VecVirtual, name string, c ...float32) {
	VMULPS(constant(name+"0", c[0]), x, p)
	for i, v := range c[1:] {
		if i > 0 {
			VMULPS(x, p, p)
		}
		VADDPS(constant(name+itoa(i+1), v), p, p)
	}
}

// sigmoid returns 1/(1+e^-x), as e/(1+e) with e = e^-|x| below 0.
func sigmoid(m machine, x reg.VecVirtual) reg.VecVirtual {
	z := m.vector()
	VORPS(whole("sign", 1<<31), x, z)
	e := exponential(m, z)
	under := m.vector()
	VADDPS(constant("one", 1), e, under)
	over, one := m.vector(), load(m, constant("one", 1))
	m.choose(m.compare(lessThan, clear(m), x), e, one, over)
	VDIVPS(under, over, over)
	return over
}

// tanh returns the hyperbolic tangent.
func tanh(m machine, x reg.VecVirtual) reg.VecVirtual {
	// 1 - 2/(e^2|x| + 1), with the sign of x
	z, far := m.vector(), m.vector()
	VANDPS(whole("magnitude", 1<<31-1), x, z)
	large := m.compare(atLeastQuiet, constant("tanhFar", 0.625), z)
	VADDPS(z, z, far)
	VMINPS(constant("tanhMost", 80), far, far)
	e := exponential(m, far)
	VADDPS(constant("one", 1), e, e)
	two := load(m, constant("two", 2))
	VDIVPS(e, two, e)
	t := load(m, constant("one", 1))
	VSUBPS(e, t, t)
	sign := m.vector()
	VANDPS(whole("sign", 1<<31), x, sign)
	VORPS(sign, t, t)
	// x + x³ P(x²)
	s, p := m.vector(), m.vector()
	VMULPS(x, x, s)
	horner(s, p, "tanh", -5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1)
	VMULPS(s, p, p)
	VMULPS(x, p, p)
	VADDPS(x, p, p)
	m.choose(large, t, p, p)
	return p
}

// gather copies rows of width numbers, at least as many as a vector has, and
// overlaps where width is no multiple.
func gather(m machine) {
	text("gather"+m.suffix(), "func(dst, x *float32, rows *int, n, back, width, stride int)")
	p := pointers("dst", "x", "rows", "n", "back", "width", "stride")
	dst, x, rows, n, back, width, stride := p[0], p[1], p[2], p[3], p[4], p[5], p[6]
	SHLQ(Imm(2), stride)
	SHLQ(Imm(2), width)
	bytes := 4 * m.lanes()
	row, column, last := fresh("row"), fresh("column"), fresh("last")
	Label(row)
	from, k := GP64(), GP64()
	MOVQ(at(rows, 0), from)
	SUBQ(back, from)
	IMULQ(width, from)
	ADDQ(x, from)
	XORQ(k, k)
	rest := GP64()
	MOVQ(width, rest)
	Label(column)
	SUBQ(Imm(uint64(bytes)), rest)
	JCS(LabelRef(last))
	VMOVUPS(load(m, Mem{Base: from, Index: k, Scale: 1}), Mem{Base: dst, Index: k, Scale: 1})
	ADDQ(Imm(uint64(bytes)), k)
	JMP(LabelRef(column))
	Label(last)
	VMOVUPS(load(m, Mem{Base: from, Index: width, Scale: 1, Disp: -bytes}), Mem{Base: dst, Index: width, Scale: 1, Disp: -bytes})
	ADDQ(Imm(8), rows)
	ADDQ(stride, dst)
	DECQ(n)
	JNE(LabelRef(row))
	done()
}

func sumRows(m machine) {
	for _, columns := range []int{64, 32, 16} {
		text("sumRows"+m.suffix()+"x"+itoa(columns), "func(dst, d *float32, rows, stride int)")
		p := pointers("dst", "d", "rows", "stride")
		SHLQ(Imm(2), p[3])
		var sum []reg.VecVirtual
		for range columns / m.lanes() {
			sum = append(sum, clear(m))
		}
		loop := fresh("loop")
		Label(loop)
		for i, s := range sum {
			VADDPS(at(p[1], 4*m.lanes()*i), s, s)
		}
		ADDQ(p[3], p[1])
		DECQ(p[2])
		JNE(LabelRef(loop))
		for i, s := range sum {
			VADDPS(at(p[0], 4*m.lanes()*i), s, s)
			VMOVUPS(s, at(p[0], 4*m.lanes()*i))
		}
		done()
	}
}

const golden = 0x9e3779b9

func drop(m machine) {
	text("drop"+m.suffix(), "func(v, slope *float32, rows, stride int, state, next uint64, threshold uint32, scale float32)")
	p := pointers("v", "slope", "rows", "state", "next")
	v, slope, rows, state, next := p[0], p[1], p[2], p[3].(reg.GPVirtual), p[4]
	t := GP64()
	Load(Param("threshold"), t.As32())
	threshold, scale := m.spread(t), broadcast(m, "scale")
	row := fresh("row")
	Label(row)
	x := GP64()
	MOVQ(state, x)
	for _, step := range []struct {
		shift uint64
		by    uint64
	}{{30, 0xbf58476d1ce4e5b9}, {27, 0x94d049bb133111eb}, {31, 0}} {
		MOVQ(x, t)
		SHRQ(Imm(step.shift), t)
		XORQ(t, x)
		if step.by != 0 {
			MOVQ(U64(step.by), t)
			IMULQ(t, x)
		}
	}
	ADDQ(next, state)
	low := m.spread(x)
	VPADDD(repeated("weyl", func(i int) Constant { return U32(uint32(i) * golden & (1<<32 - 1)) }), low, low)
	SHRQ(Imm(32), x)
	high := m.spread(x)
	n := Load(Param("stride"), GP64())
	with, end := fresh("with"), fresh("end")
	columns := func(factors ...reg.Register) {
		column := fresh("column")
		Label(column)
		u, s := m.vector(), m.vector()
		VPSRLD(Imm(16), low, s)
		xor(m, s, low, u)
		VPADDD(whole("stride"+m.suffix(), uint32(uint64(m.lanes())*golden&(1<<32-1))), low, low)
		VPMULLD(whole("mix1", 0x7feb352d), u, u)
		xor(m, high, u, u)
		VPSRLD(Imm(15), u, s)
		xor(m, s, u, u)
		VPMULLD(whole("mix2", 0x846ca68b), u, u)
		kept := m.atLeast(u, threshold)
		for _, p := range factors {
			y := m.vector()
			VMULPS(at(p, 0), scale, y)
			m.keep(kept, y)
			VMOVUPS(y, at(p, 0))
			ADDQ(Imm(uint64(4*m.lanes())), p)
		}
		SUBQ(Imm(uint64(m.lanes())), n)
		JNE(LabelRef(column))
	}
	TESTQ(slope, slope)
	JNE(LabelRef(with))
	columns(v)
	JMP(LabelRef(end))
	Label(with)
	columns(v, slope)
	Label(end)
	DECQ(rows)
	JNE(LabelRef(row))
	done()
}

func xor(m machine, a, b, dst reg.VecVirtual) {
	if m.lanes() == 16 {
		VPXORD(a, b, dst)
		return
	}
	VPXOR(a, b, dst)
}

// squares adds the squares in 32 lanes of float64. The product of two float32 is
// exact there, so it does not matter that it is fused.
func squares(m machine) {
	text("squares"+m.suffix(), "func(lanes *float64, v *float32, n int)")
	p := pointers("lanes", "v", "n")
	half := m.lanes() / 2
	var sum []reg.VecVirtual
	for range 32 / half {
		sum = append(sum, clear(m))
	}
	loop := fresh("loop")
	Label(loop)
	for i, s := range sum {
		x := m.vector()
		VCVTPS2PD(at(p[1], 4*half*i), x)
		VFMADD231PD(x, x, s)
	}
	ADDQ(Imm(128), p[1])
	SUBQ(Imm(32), p[2])
	JNE(LabelRef(loop))
	for i, s := range sum {
		VMOVUPD(s, at(p[0], 8*half*i))
	}
	done()
}
