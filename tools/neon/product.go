package main

import "fmt"

// Registers of a product. The sums stand from V8 on, as many vectors as there are
// columns for one row after the other.
const (
	toC, fromA                        = 0, 1
	rowC, rowA, stepA, rowB, rowsLeft = 2, 3, 4, 5, 6
	count, fromB, offset              = 8, 9, 10
	scalar, firstSum                  = 4, 8
)

// products writes one function for every width of a panel of columns. It takes
// the rows in blocks whose sums stay in registers.
func products(a *assembler) {
	panel{a, 4, 6}.write()
	panel{a, 2, 8}.write()
}

// A panel is vectors vectors of columns and blocks of up to most rows.
type panel struct {
	*assembler
	vectors, most int
}

func (p panel) write() {
	p.function(fmt.Sprintf("productNeonx%d", 4*p.vectors), "c *float32", "a *float32", "b *float32", "start *float32",
		"crow int", "arow int", "astep int", "brow int", "rows int", "steps int", "then int")
	p.load(toC, "c", "a")
	p.load(rowC, "crow", "arow", "astep", "brow", "rows")
	for _, r := range []int{rowC, rowA, stepA, rowB} {
		p.ins("LSL $2, R%d, R%d", r, r)
	}
	whole, rest := p.fresh("whole"), p.fresh("rest")
	p.label(whole)
	p.ins("CMP $%d, R%d", p.most, rowsLeft)
	p.ins("BLT %s", rest)
	p.block(p.most)
	p.ins("SUB $%d, R%d, R%d", p.most, rowsLeft, rowsLeft)
	p.ins("B %s", whole)
	p.label(rest)
	for rows := p.most - 1; rows > 0; rows-- {
		other := p.fresh("not")
		p.ins("CMP $%d, R%d", rows, rowsLeft)
		p.ins("BNE %s", other)
		p.block(rows)
		p.ins("RET")
		p.label(other)
	}
	p.ins("RET")
}

// sum returns the vector of the sums of a row.
func (p panel) sum(row, v int) int { return firstSum + row*p.vectors + v }

// at returns the register that points at a row of a.
func at(row int) int { return [...]int{11, 12, 13, 14, 15, 19, 20, 21}[row] }

// block computes rows rows of the panel, and moves c and a behind them.
func (p panel) block(rows int) {
	zero, begin := p.fresh("zero"), p.fresh("begin")
	p.load(fromB, "start")
	p.ins("CBZ R%d, %s", fromB, zero)
	p.ins("VLD1 (R%d), %s", fromB, vectors(firstSum, p.vectors))
	for r := 1; r < rows; r++ {
		for v := range p.vectors {
			p.ins("VMOV V%d.B16, V%d.B16", p.sum(0, v), p.sum(r, v))
		}
	}
	p.ins("B %s", begin)
	p.label(zero)
	for i := firstSum; i < p.sum(rows, 0); i++ {
		p.ins("VEOR V%d.B16, V%d.B16, V%d.B16", i, i, i)
	}
	p.label(begin)
	p.load(count, "steps")
	p.load(fromB, "b")
	p.ins("MOVD ZR, R%d", offset)
	p.ins("MOVD R%d, R%d", fromA, at(0))
	for r := 1; r < rows; r++ {
		p.ins("ADD R%d, R%d, R%d", rowA, at(r-1), at(r))
	}
	p.loop(count, 1, func() {
		p.pairs("FLDPQ %[1]d(R%[2]d), (F%[3]d, F%[4]d)", fromB, 0)
		p.ins("ADD R%d, R%d, R%d", rowB, fromB, fromB)
		const scalars = 4 // vectors that hold a number of a, taken in turns
		load := func(r int) {
			if r < rows {
				p.ins("FMOVS (R%d)(R%d), F%d", at(r), offset, scalar+r%scalars)
			}
		}
		for r := range scalars {
			load(r)
		}
		for r := range rows {
			for v := range p.vectors {
				p.fmla(p.sum(r, v), v, scalar+r%scalars)
			}
			load(r + scalars)
		}
		p.ins("ADD R%d, R%d, R%d", stepA, offset, offset)
	})
	p.ins("ADD R%d, R%d, R%d", rowA, at(rows-1), fromA)
	p.finish(rows)
}

// pairs writes an instruction for every two vectors, which lie one behind the
// other in memory.
func (p panel) pairs(format string, pointer, first int) {
	for v := 0; v < p.vectors; v += 2 {
		p.ins(format, 16*v, pointer, first+v, first+v+1)
	}
}

// finish stores the sums as the parameter then wants it.
func (p panel) finish(rows int) {
	rectify, add, store, end := p.fresh("rectify"), p.fresh("add"), p.fresh("store"), p.fresh("end")
	p.load(count, "then")
	p.ins("CMP $1, R%d", count)
	p.ins("BEQ %s", rectify)
	p.ins("BGT %s", add)
	p.label(store)
	for r := range rows {
		p.pairs("FSTPQ (F%[3]d, F%[4]d), %[1]d(R%[2]d)", toC, p.sum(r, 0))
		p.ins("ADD R%d, R%d, R%d", rowC, toC, toC)
	}
	p.ins("B %s", end)
	p.label(rectify)
	for i := firstSum; i < p.sum(rows, 0); i++ {
		p.two(under, 0, i)
		p.three(bic, i, i, 0)
	}
	p.ins("B %s", store)
	p.label(add)
	for r := range rows {
		p.pairs("FLDPQ %[1]d(R%[2]d), (F%[3]d, F%[4]d)", toC, 0)
		for v := range p.vectors {
			p.three(fadd, p.sum(r, v), v, p.sum(r, v))
		}
		p.pairs("FSTPQ (F%[3]d, F%[4]d), %[1]d(R%[2]d)", toC, p.sum(r, 0))
		p.ins("ADD R%d, R%d, R%d", rowC, toC, toC)
	}
	p.label(end)
}

// sums writes the sums of columns, and of squares.
func sums(a *assembler) {
	for _, n := range []int{16, 4} {
		a.function(fmt.Sprintf("sumRowsNeonx%d", 4*n), "dst *float32", "d *float32", "rows int", "stride int")
		a.load(0, "dst", "d", "rows", "stride")
		a.ins("LSL $2, R3, R3")
		for i := range n {
			a.ins("VEOR V%d.B16, V%d.B16, V%d.B16", 4+i, 4+i, 4+i)
		}
		each := func(format string, pointer int) {
			a.ins("MOVD R%d, R4", pointer)
			for i := 0; i < n; i += 4 {
				a.ins("VLD1 (R4), %s", vectors(0, 4))
				for v := range 4 {
					a.three(fadd, 4+i+v, v, 4+i+v)
				}
				if format != "" {
					a.ins(format, vectors(4+i, 4))
				}
				a.ins("ADD $64, R4, R4")
			}
		}
		a.loop(2, 1, func() {
			each("", 1)
			a.ins("ADD R3, R1, R1")
		})
		each("VST1 %s, (R4)", 0)
		a.ins("RET")
	}

	// Two lanes of float64 to a vector. The product of two float32 is exact there, so
	// it does not matter that it is fused.
	a.function("squaresNeon", "lanes *float64", "v *float32", "n int")
	a.load(0, "lanes", "v", "n")
	for i := range 16 {
		a.ins("VEOR V%d.B16, V%d.B16, V%d.B16", 16+i, 16+i, 16+i)
	}
	a.loop(2, 32, func() {
		for i := 0; i < 16; i += 8 {
			a.ins("VLD1.P 64(R1), %s", vectors(0, 4))
			for v := range 4 {
				a.two(fcvtl, 4, v)
				a.two(fcvtl2, 5, v)
				a.ins("VFMLA V4.D2, V4.D2, V%d.D2", 16+i+2*v)
				a.ins("VFMLA V5.D2, V5.D2, V%d.D2", 16+i+2*v+1)
			}
		}
	})
	for i := range 16 {
		a.ins("FMOVQ F%d, %d(R0)", 16+i, 16*i)
	}
	a.ins("RET")
}
