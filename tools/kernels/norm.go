package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// norms writes layer normalization: sums over the units of a layer for as many
// rows as vectors have lanes, from matrices turned round, and what happens to
// every number.
func norms(m machine) {
	moments(m)
	projections(m)
	normalize(m)
	normGradient(m)
	normBack(m)
}

// doubles returns a vector filled with a float64 parameter.
func doubles(m machine, name string) reg.VecVirtual {
	p, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	v := m.vector()
	VBROADCASTSD(p.Addr, v)
	return v
}

// eachRow repeats body for every 16 rows, of which a vector of float64 holds a
// half or a quarter, and moves the pointers on.
func eachRow(m machine, n reg.Register, moved []reg.Register, body func(parts int)) {
	loop := fresh("rows")
	Label(loop)
	body(32 / m.lanes())
	for _, p := range moved {
		ADDQ(Imm(64), p)
	}
	SUBQ(Imm(16), n)
	JNE(LabelRef(loop))
	done()
}

// down repeats body with offsets of the columns of matrices, stride bytes apart.
func down(stride reg.Register, body func(at reg.Register)) {
	offset, count := GP64(), Load(Param("units"), GP64())
	XORQ(offset, offset)
	loop := fresh("unit")
	Label(loop)
	body(offset)
	ADDQ(stride, offset)
	DECQ(count)
	JNE(LabelRef(loop))
}

// double returns part number part of 16 numbers as float64.
func double(m machine, p, offset reg.Register, part int) reg.VecVirtual {
	v := m.vector()
	VCVTPS2PD(Mem{Base: p, Index: offset, Scale: 1, Disp: 2 * m.lanes() * part}, v)
	return v
}

func several(n int, make func() reg.VecVirtual) []reg.VecVirtual {
	var list []reg.VecVirtual
	for range n {
		list = append(list, make())
	}
	return list
}

// moments writes every row's mean and one over its deviation.
func moments(m machine) {
	text("moments"+m.suffix(), "func(mean, inverse, y *float32, rows, stride, units int, count, epsilon float64)")
	p := pointers("mean", "inverse", "y", "rows", "stride")
	SHLQ(Imm(2), p[4])
	count := doubles(m, "count")
	eachRow(m, p[3], p[:3], func(parts int) {
		none := func() reg.VecVirtual { return clear(m) }
		mean, square := several(parts, none), several(parts, none)
		down(p[4], func(offset reg.Register) {
			for i, s := range mean {
				VADDPD(double(m, p[2], offset, i), s, s)
			}
		})
		for i, s := range mean {
			VDIVPD(count, s, s)
			m.single(s, at(p[0], 2*m.lanes()*i))
		}
		down(p[4], func(offset reg.Register) {
			for i, s := range square {
				d := double(m, p[2], offset, i)
				VSUBPD(mean[i], d, d)
				VMULPD(d, d, d)
				VADDPD(d, s, s)
			}
		})
		epsilon, one := doubles(m, "epsilon"), m.vector()
		VBROADCASTSD(wide("oneDouble", 1), one)
		for i, s := range square {
			VDIVPD(count, s, s)
			VADDPD(epsilon, s, s)
			VSQRTPD(s, s)
			VDIVPD(s, one, s)
			m.single(s, at(p[1], 2*m.lanes()*i))
		}
	})
}

// projections writes the means of e and of e times hat for every row. The product
// of two float32 is exact in float64, so it does not matter that it is fused.
func projections(m machine) {
	text("projections"+m.suffix(), "func(mean, slope, e, hat *float32, rows, stride, units int, count float64)")
	p := pointers("mean", "slope", "e", "hat", "rows", "stride")
	SHLQ(Imm(2), p[5])
	count := doubles(m, "count")
	eachRow(m, p[4], p[:4], func(parts int) {
		none := func() reg.VecVirtual { return clear(m) }
		sum, along := several(parts, none), several(parts, none)
		down(p[5], func(offset reg.Register) {
			for i := range parts {
				e := double(m, p[2], offset, i)
				VADDPD(e, sum[i], sum[i])
				VFMADD231PD(double(m, p[3], offset, i), e, along[i])
			}
		})
		for i := range parts {
			VDIVPD(count, sum[i], sum[i])
			VDIVPD(count, along[i], along[i])
			m.single(sum[i], at(p[0], 2*m.lanes()*i))
			m.single(along[i], at(p[1], 2*m.lanes()*i))
		}
	})
}

// eachNumber repeats body for the vectors of every row of matrices of width
// columns. perRow are pointers to one number a row, which body gets in vectors;
// the first units columns are marked by keep.
func eachNumber(m machine, perRow, matrices []reg.Register, body func(row []reg.VecVirtual, column reg.Register, keep func(v reg.VecVirtual))) {
	rows, width := Load(Param("rows"), GP64()), Load(Param("width"), GP64())
	units := broadcast(m, "units")
	SHLQ(Imm(2), width)
	row, column := fresh("row"), fresh("column")
	Label(row)
	var v []reg.VecVirtual
	for _, p := range perRow {
		x := m.vector()
		VBROADCASTSS(at(p, 0), x)
		v = append(v, x)
	}
	number, next, offset := load(m, counting()), load(m, constant("lanes"+m.suffix(), float32(m.lanes()))), GP64()
	XORQ(offset, offset)
	Label(column)
	mask := m.compare(lessThan, units, number)
	body(v, offset, func(v reg.VecVirtual) { m.keep(mask, v) })
	VADDPS(next, number, number)
	ADDQ(Imm(uint64(4*m.lanes())), offset)
	CMPQ(offset, width)
	JNE(LabelRef(column))
	for _, p := range matrices {
		ADDQ(width, p)
	}
	for _, p := range perRow {
		ADDQ(Imm(4), p)
	}
	DECQ(rows)
	JNE(LabelRef(row))
	done()
}

func normalize(m machine) {
	text("normalize"+m.suffix(), "func(y, hat, mean, inverse, gain, bias *float32, rows, width int, units float32)")
	p := pointers("y", "hat", "mean", "inverse", "gain", "bias")
	eachNumber(m, p[2:4], p[:2], func(row []reg.VecVirtual, column reg.Register, keep func(reg.VecVirtual)) {
		x := load(m, indexed(p[0], column))
		VSUBPS(row[0], x, x)
		VMULPS(row[1], x, x)
		keep(x)
		VMOVUPS(x, indexed(p[1], column))
		VMULPS(indexed(p[4], column), x, x)
		VADDPS(indexed(p[5], column), x, x)
		keep(x)
		VMOVUPS(x, indexed(p[0], column))
	})
}

func normGradient(m machine) {
	text("normGradient"+m.suffix(), "func(delta, hat, gain, gainGrad, biasGrad *float32, rows, width int, units float32)")
	p := pointers("delta", "hat", "gain", "gainGrad", "biasGrad")
	eachNumber(m, nil, p[:2], func(_ []reg.VecVirtual, column reg.Register, keep func(reg.VecVirtual)) {
		d, t := load(m, indexed(p[0], column)), m.vector()
		keep(d)
		VMULPS(indexed(p[1], column), d, t)
		VADDPS(indexed(p[3], column), t, t)
		VMOVUPS(t, indexed(p[3], column))
		VADDPS(indexed(p[4], column), d, t)
		VMOVUPS(t, indexed(p[4], column))
		VMULPS(indexed(p[2], column), d, d)
		VMOVUPS(d, indexed(p[0], column))
	})
}

func normBack(m machine) {
	text("normBack"+m.suffix(), "func(delta, hat, mean, slope, inverse *float32, rows, width int, units float32)")
	p := pointers("delta", "hat", "mean", "slope", "inverse")
	eachNumber(m, p[2:], p[:2], func(row []reg.VecVirtual, column reg.Register, keep func(reg.VecVirtual)) {
		d, t := load(m, indexed(p[0], column)), m.vector()
		VSUBPS(row[0], d, d)
		VMULPS(indexed(p[1], column), row[1], t)
		VSUBPS(t, d, d)
		VMULPS(row[2], d, d)
		keep(d)
		VMOVUPS(d, indexed(p[0], column))
	})
}

// indexed returns the vector at a pointer and an offset in bytes.
func indexed(p, offset reg.Register) Mem { return Mem{Base: p, Index: offset, Scale: 1} }
