package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// products writes one function for every width of a panel of columns. It takes
// the rows in blocks whose sums stay in registers.
func products(m machine) {
	if m.lanes() == 16 {
		panel(m, 4, 6)
		panel(m, 2, 8)
		panel(m, 1, 8)
		return
	}
	panel(m, 2, 6)
	panel(m, 1, 8)
}

// rowsOf addresses up to nine rows that lie stride apart by one pointer.
type rowsOf struct {
	pointer reg.Register
	stride  map[int]reg.Register // 1, 3, 5 and 7 times
}

func (a rowsOf) row(i int) Mem {
	for _, scale := range []int{1, 2, 4, 8} {
		if i == 0 {
			return Mem{Base: a.pointer}
		}
		if i%scale == 0 && a.stride[i/scale] != nil {
			return Mem{Base: a.pointer, Index: a.stride[i/scale], Scale: uint8(scale)}
		}
	}
	panic(fmt.Sprint("row ", i))
}

// panel writes the product for a panel of vectors vectors of columns, in blocks
// of most rows.
func panel(m machine, vectors, most int) {
	text(fmt.Sprintf("product%sx%d", m.suffix(), vectors*m.lanes()),
		"func(c, a, b, start *float32, crow, arow, astep, brow, rows, steps, then int)")
	c, a := Load(Param("c"), GP64()), Load(Param("a"), GP64())
	crow, arow, astep, brow := Load(Param("crow"), GP64()), Load(Param("arow"), GP64()), Load(Param("astep"), GP64()), Load(Param("brow"), GP64())
	for _, r := range []reg.Register{crow, arow, astep, brow} {
		SHLQ(Imm(2), r)
	}
	stride := map[int]reg.Register{1: arow}
	for k := 3; k < most; k += 2 {
		r := GP64()
		if k == 7 {
			MOVQ(stride[5], r)
			ADDQ(arow, r)
			ADDQ(arow, r)
		} else {
			LEAQ(Mem{Base: arow, Index: arow, Scale: uint8(k - 1)}, r)
		}
		stride[k] = r
	}
	rows := Load(Param("rows"), GP64())
	p := panelState{machine: m, vectors: vectors, c: c, a: a, crow: crow, astep: astep, brow: brow, arow: rowsOf{stride: stride}}

	prefix := fmt.Sprintf("p%sx%d", m.suffix(), vectors)
	Label(prefix + "next")
	for left := 2 * most; left > 0; left-- {
		CMPQ(rows, Imm(uint64(left)))
		if take := nextBlock(left, most, vectors); left == 2*most {
			JGE(LabelRef(fmt.Sprint(prefix, "block", take)))
		} else {
			JEQ(LabelRef(fmt.Sprint(prefix, "block", take)))
		}
	}
	VZEROUPPER()
	RET()
	for r := most; r > 0; r-- {
		Label(fmt.Sprint(prefix, "block", r))
		p.block(prefix, r)
		SUBQ(Imm(uint64(r)), rows)
		for range r {
			ADDQ(arow, a)
		}
		JMP(LabelRef(prefix + "next"))
	}
}

// nextBlock returns how many of left rows the next block takes. Two multiply-adds
// begin in a cycle, and a sum has to wait four for the last one, so that the rows of
// small blocks take longer: the last two blocks share what is left.
func nextBlock(left, most, vectors int) int {
	cycles := func(rows int) int { return max(rows*vectors, 8) }
	if left >= 2*most || left <= most {
		return min(left, most)
	}
	best := most
	for r := most; r >= left-most; r-- {
		if cycles(r)+cycles(left-r) < cycles(best)+cycles(left-best) {
			best = r
		}
	}
	return best
}

type panelState struct {
	machine
	vectors           int
	c, a              reg.Register
	crow, astep, brow reg.Register
	arow              rowsOf
}

// block computes rows rows of the panel and moves c behind them.
func (p panelState) block(prefix string, rows int) {
	name := fmt.Sprint(prefix, "r", rows)
	bytes := 4 * p.lanes()
	sum := make([][]reg.VecVirtual, rows)
	for r := range sum {
		for range p.vectors {
			sum[r] = append(sum[r], p.vector())
		}
	}
	start := Load(Param("start"), GP64())
	TESTQ(start, start)
	JEQ(LabelRef(name + "zero"))
	for v := range p.vectors {
		VMOVUPS(at(start, v*bytes), sum[0][v])
		for r := 1; r < rows; r++ {
			VMOVAPS(sum[0][v], sum[r][v])
		}
	}
	JMP(LabelRef(name + "begin"))
	Label(name + "zero")
	for r := range sum {
		for v := range p.vectors {
			VXORPS(sum[r][v], sum[r][v], sum[r][v])
		}
	}
	Label(name + "begin")
	steps := Load(Param("steps"), GP64())
	b := Load(Param("b"), GP64())
	ap := GP64()
	MOVQ(p.a, ap)
	p.arow.pointer = ap
	Label(name + "step")
	weights := make([]reg.VecVirtual, p.vectors)
	for v := range weights {
		weights[v] = load(p, at(b, v*bytes))
	}
	for r := range sum {
		x := p.vector()
		VBROADCASTSS(p.arow.row(r), x)
		for v, w := range weights {
			VFMADD231PS(w, x, sum[r][v])
		}
	}
	ADDQ(p.astep, ap)
	ADDQ(p.brow, b)
	DECQ(steps)
	JNE(LabelRef(name + "step"))
	p.finish(name, sum)
}

// finish stores the sums as the parameter then wants it.
func (p panelState) finish(name string, sum [][]reg.VecVirtual) {
	bytes := 4 * p.lanes()
	then := Load(Param("then"), GP64())
	each := func(write func(v reg.VecVirtual, to Mem)) {
		for r := range sum {
			for v := range sum[r] {
				write(sum[r][v], at(p.c, v*bytes))
			}
			ADDQ(p.crow, p.c)
		}
	}
	CMPQ(then, Imm(1))
	JEQ(LabelRef(name + "rectify"))
	JGT(LabelRef(name + "add"))
	Label(name + "store")
	each(func(v reg.VecVirtual, to Mem) { VMOVUPS(v, to) })
	JMP(LabelRef(name + "end"))
	Label(name + "rectify")
	zero := clear(p)
	for r := range sum {
		for v := range sum[r] {
			VMAXPS(sum[r][v], zero, sum[r][v]) // the second operand, if one is NaN or both are zero
		}
	}
	JMP(LabelRef(name + "store"))
	Label(name + "add")
	each(func(v reg.VecVirtual, to Mem) {
		VADDPS(to, v, v)
		VMOVUPS(v, to)
	})
	Label(name + "end")
}
