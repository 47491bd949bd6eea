package main

import "fmt"

// A grid is a loop over rows and the vectors of their width. wide counts the
// pointers to matrices with gates times the width, which come first and stay on
// the first gate; narrow counts the others.
type grid struct {
	*pool
	gates, wide, narrow int
}

const (
	gridRows, gridWidth, gridLeft, gridAt = 9, 10, 11, 12
)

// gate returns the register that points at a gate of matrix number i.
func (g grid) gate(i, number int) string {
	if number == 0 {
		return fmt.Sprintf("R%d", i)
	}
	g.ins("ADD R%d, R%d, R%d", gridWidth, i, gridAt)
	for range number - 1 {
		g.ins("ADD R%d, R%d, R%d", gridWidth, gridAt, gridAt)
	}
	return fmt.Sprintf("R%d", gridAt)
}

// other returns the register that points into narrow matrix number i.
func (g grid) other(i int) string { return fmt.Sprintf("R%d", g.wide+i) }

// cell writes a function of a grid.
func cell(a *assembler, name string, gates int, wide, narrow []string, body func(g grid)) {
	var parameters []string
	for _, n := range append(append([]string(nil), wide...), narrow...) {
		parameters = append(parameters, n+" *float32")
	}
	a.function(name, append(parameters, "rows int", "width int")...)
	a.load(0, append(append([]string(nil), wide...), narrow...)...)
	a.load(gridRows, "rows", "width")
	a.ins("LSL $2, R%d, R%d", gridWidth, gridWidth)
	g := grid{newPool(a), gates, len(wide), len(narrow)}
	a.loop(gridRows, 1, func() {
		a.ins("MOVD R%d, R%d", gridWidth, gridLeft)
		a.loop(gridLeft, 16, func() {
			free := len(g.free)
			body(g)
			if len(g.free) != free {
				panic(name + " keeps vectors")
			}
			for r := range g.wide + g.narrow {
				a.ins("ADD $16, R%d, R%d", r, r)
			}
		})
		for r := range g.wide {
			for range g.gates - 1 {
				a.ins("ADD R%d, R%d, R%d", gridWidth, r, r)
			}
		}
	})
	a.ins("RET")
}

// times multiplies V<d> by V<m>, which is given back.
func (p *pool) times(d, m int) {
	p.three(fmul, d, d, m)
	p.give(m)
}

func cells(a *assembler) {
	cell(a, "lstmNeon", 4, []string{"gates"}, []string{"before", "cell", "squash", "hidden"}, lstm)
	cell(a, "lstmBackNeon", 4, []string{"gates", "delta"}, []string{"squash", "before", "up", "hidden", "cell"}, lstmBack)
	cell(a, "gruNeon", 3, []string{"gates", "state"}, []string{"before", "hidden"}, gru)
	cell(a, "gruBackNeon", 3, []string{"gates", "state", "deltaInput", "deltaState"}, []string{"before", "up", "hidden", "cell"}, gruBack)
}

func lstm(g grid) {
	squashed := func(number int, f func(x int) int) int {
		x := g.read(g.gate(0, number))
		v := f(x)
		g.write(v, g.gate(0, number))
		g.give(x)
		return v
	}
	// The forget gate first: c' = f c + i n
	c := squashed(1, g.sigmoid)
	g.times(c, g.read(g.other(0)))
	in := squashed(0, g.sigmoid)
	g.times(in, squashed(2, g.tanh))
	g.three(fadd, c, c, in)
	g.write(c, g.other(1))
	s := g.tanh(c)
	g.write(s, g.other(2))
	out := squashed(3, g.sigmoid)
	g.times(out, s)
	g.write(out, g.other(3))
	g.give(c, in, out)
}

// product writes a b c, the last two given back, to a place.
func (g grid) product(a, b, c int, pointer func() string) {
	d := g.take()
	g.three(fmul, d, a, b)
	g.times(d, c)
	g.write(d, pointer())
	g.give(d, b)
}

func lstmBack(g grid) {
	delta := func(number int) func() string { return func() string { return g.gate(1, number) } }
	dh, hidden := g.read(g.other(2)), g.read(g.other(3))
	g.three(fadd, dh, dh, hidden)
	g.give(hidden)
	squash, out, dc, cell := g.read(g.other(0)), g.read(g.gate(0, 3)), g.take(), g.read(g.other(4))
	g.three(fmul, dc, dh, out)
	g.times(dc, g.oneMinusSquare(squash))
	g.three(fadd, dc, dc, cell)
	g.product(dh, squash, g.timesComplement(out), delta(3))
	g.give(dh, out, cell)

	in, new, forget := g.read(g.gate(0, 0)), g.read(g.gate(0, 2)), g.read(g.gate(0, 1))
	slope := g.oneMinusSquare(new)
	complement := g.timesComplement(in)
	g.product(dc, new, complement, delta(0))
	g.product(dc, in, slope, delta(2))
	g.product(dc, g.read(g.other(1)), g.timesComplement(forget), delta(1))
	g.times(dc, forget)
	g.write(dc, g.other(4))
	g.give(dc)
}

func gru(g grid) {
	gate := func(number int) int {
		x, s := g.read(g.gate(0, number)), g.read(g.gate(1, number))
		g.three(fadd, x, x, s)
		v := g.sigmoid(x)
		g.write(v, g.gate(0, number))
		g.give(x, s)
		return v
	}
	sum := gate(0)
	g.times(sum, g.read(g.gate(1, 2)))
	input := g.read(g.gate(0, 2))
	g.three(fadd, sum, sum, input)
	new := g.tanh(sum)
	g.write(new, g.gate(0, 2))
	g.give(sum, input)
	update, h := gate(1), g.number(1)
	g.three(fsub, h, h, update)
	g.times(h, new)
	g.times(update, g.read(g.other(0)))
	g.three(fadd, h, h, update)
	g.write(h, g.other(1))
	g.give(h, update)
}

func gruBack(g grid) {
	both := func(v, number int) {
		g.write(v, g.gate(2, number))
		g.write(v, g.gate(3, number))
	}
	dh, hidden := g.read(g.other(1)), g.read(g.other(2))
	g.three(fadd, dh, dh, hidden)
	g.give(hidden)
	update, new, dn := g.read(g.gate(0, 1)), g.read(g.gate(0, 2)), g.number(1)
	g.three(fsub, dn, dn, update)
	g.three(fmul, dn, dn, dh)
	g.times(dn, g.oneMinusSquare(new))
	g.write(dn, g.gate(2, 2))

	d := g.read(g.other(0))
	g.three(fsub, d, d, new)
	g.three(fmul, d, d, dh)
	g.times(d, g.timesComplement(update))
	both(d, 1)
	g.times(dh, update)
	g.write(dh, g.other(3))
	g.give(d, dh, new)

	reset, e := g.read(g.gate(0, 0)), g.read(g.gate(1, 2))
	g.three(fmul, e, e, dn)
	g.times(e, g.timesComplement(reset))
	both(e, 0)
	g.times(dn, reset)
	g.write(dn, g.gate(3, 2))
	g.give(e, dn)
}
