package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A grid is a loop over rows and the vectors of their width. wide are pointers to
// matrices with gates times the width, which stay on the first gate.
type grid struct {
	machine
	wide, narrow []reg.Register
	width        reg.Register // in bytes
	gates        int
}

// gate returns the place of a vector of one gate.
func (g grid) gate(i, number int) Mem {
	p := g.wide[i]
	switch number {
	case 0:
		return at(p, 0)
	case 3:
		return Mem{Base: p, Index: g.triple(), Scale: 1}
	}
	return Mem{Base: p, Index: g.width, Scale: uint8(number)}
}

func (g grid) triple() reg.Register {
	t := GP64()
	LEAQ(Mem{Base: g.width, Index: g.width, Scale: 2}, t)
	return t
}

func (g grid) each(body func()) {
	row, column := fresh("row"), fresh("column")
	rows := Load(Param("rows"), GP64())
	Label(row)
	n := GP64()
	MOVQ(g.width, n)
	Label(column)
	body()
	for _, p := range append(append([]reg.Register(nil), g.wide...), g.narrow...) {
		ADDQ(Imm(uint64(4*g.lanes())), p)
	}
	SUBQ(Imm(uint64(4*g.lanes())), n)
	JNE(LabelRef(column))
	for _, p := range g.wide {
		for range g.gates - 1 {
			ADDQ(g.width, p)
		}
	}
	DECQ(rows)
	JNE(LabelRef(row))
	done()
}

func newGrid(m machine, gates int, wide, narrow []string) grid {
	g := grid{machine: m, gates: gates, wide: pointers(wide...), narrow: pointers(narrow...), width: Load(Param("width"), GP64())}
	SHLQ(Imm(2), g.width)
	return g
}

func cells(m machine) {
	lstm(m)
	lstmBack(m)
	gru(m)
	gruBack(m)
}

func lstm(m machine) {
	text("lstm"+m.suffix(), "func(gates, before, cell, squash, hidden *float32, rows, width int)")
	g := newGrid(m, 4, []string{"gates"}, []string{"before", "cell", "squash", "hidden"})
	g.each(func() {
		squashed := func(number int, f func(machine, reg.VecVirtual) reg.VecVirtual) reg.VecVirtual {
			v := f(m, load(m, g.gate(0, number)))
			VMOVUPS(v, g.gate(0, number))
			return v
		}
		// The forget gate first: c' = f c + i n
		c := squashed(1, sigmoid)
		VMULPS(at(g.narrow[0], 0), c, c)
		in := squashed(0, sigmoid)
		new := squashed(2, tanh)
		VMULPS(new, in, in)
		VADDPS(in, c, c)
		VMOVUPS(c, at(g.narrow[1], 0))
		s := tanh(m, c)
		VMOVUPS(s, at(g.narrow[2], 0))
		out := squashed(3, sigmoid)
		VMULPS(s, out, out)
		VMOVUPS(out, at(g.narrow[3], 0))
	})
}

func lstmBack(m machine) {
	text("lstmBack"+m.suffix(), "func(gates, delta, squash, before, up, hidden, cell *float32, rows, width int)")
	g := newGrid(m, 4, []string{"gates", "delta"}, []string{"squash", "before", "up", "hidden", "cell"})
	g.each(func() {
		dh := load(m, at(g.narrow[2], 0))
		VADDPS(at(g.narrow[3], 0), dh, dh)
		squash, out := load(m, at(g.narrow[0], 0)), load(m, g.gate(0, 3))
		dc := m.vector()
		VMULPS(out, dh, dc)
		VMULPS(oneMinusSquare(m, squash), dc, dc)
		VADDPS(at(g.narrow[4], 0), dc, dc)
		VMULPS(squash, dh, dh)
		VMULPS(timesComplement(m, out), dh, dh)
		VMOVUPS(dh, g.gate(1, 3))

		in, new := load(m, g.gate(0, 0)), load(m, g.gate(0, 2))
		d := m.vector()
		VMULPS(new, dc, d)
		VMULPS(timesComplement(m, in), d, d)
		VMOVUPS(d, g.gate(1, 0))
		VMULPS(in, dc, d)
		VMULPS(oneMinusSquare(m, new), d, d)
		VMOVUPS(d, g.gate(1, 2))

		forget := load(m, g.gate(0, 1))
		VMULPS(at(g.narrow[1], 0), dc, d)
		VMULPS(timesComplement(m, forget), d, d)
		VMOVUPS(d, g.gate(1, 1))
		VMULPS(forget, dc, dc)
		VMOVUPS(dc, at(g.narrow[4], 0))
	})
}

func gru(m machine) {
	text("gru"+m.suffix(), "func(gates, state, before, hidden *float32, rows, width int)")
	g := newGrid(m, 3, []string{"gates", "state"}, []string{"before", "hidden"})
	g.each(func() {
		gate := func(number int) reg.VecVirtual {
			v := load(m, g.gate(0, number))
			VADDPS(g.gate(1, number), v, v)
			v = sigmoid(m, v)
			VMOVUPS(v, g.gate(0, number))
			return v
		}
		new := gate(0)
		VMULPS(g.gate(1, 2), new, new)
		VADDPS(g.gate(0, 2), new, new)
		new = tanh(m, new)
		VMOVUPS(new, g.gate(0, 2))
		update := gate(1)
		h, old := load(m, constant("one", 1)), m.vector()
		VSUBPS(update, h, h)
		VMULPS(new, h, h)
		VMULPS(at(g.narrow[0], 0), update, old)
		VADDPS(old, h, h)
		VMOVUPS(h, at(g.narrow[1], 0))
	})
}

func gruBack(m machine) {
	text("gruBack"+m.suffix(), "func(gates, state, deltaInput, deltaState, before, up, hidden, cell *float32, rows, width int)")
	g := newGrid(m, 3, []string{"gates", "state", "deltaInput", "deltaState"}, []string{"before", "up", "hidden", "cell"})
	g.each(func() {
		both := func(v reg.VecVirtual, number int) {
			VMOVUPS(v, g.gate(2, number))
			VMOVUPS(v, g.gate(3, number))
		}
		dh := load(m, at(g.narrow[1], 0))
		VADDPS(at(g.narrow[2], 0), dh, dh)
		update, new := load(m, g.gate(0, 1)), load(m, g.gate(0, 2))
		dn := load(m, constant("one", 1))
		VSUBPS(update, dn, dn)
		VMULPS(dn, dh, dn)
		VMULPS(oneMinusSquare(m, new), dn, dn)
		VMOVUPS(dn, g.gate(2, 2))

		d := load(m, at(g.narrow[0], 0))
		VSUBPS(new, d, d)
		VMULPS(dh, d, d)
		VMULPS(timesComplement(m, update), d, d)
		both(d, 1)
		VMULPS(update, dh, dh)
		VMOVUPS(dh, at(g.narrow[3], 0))

		reset := load(m, g.gate(0, 0))
		VMULPS(g.gate(1, 2), dn, d)
		VMULPS(timesComplement(m, reset), d, d)
		both(d, 0)
		VMULPS(reset, dn, dn)
		VMOVUPS(dn, g.gate(3, 2))
	})
}
