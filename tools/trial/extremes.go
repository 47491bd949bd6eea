package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A table is the columns of a trial.extremes, in registers.
type table struct{ low, high, lows, highs, row reg.Register }

// begin begins the function of a name and returns its columns, those of the first lane,
// and how many lanes there are.
func begin(name string) (t table, c, n reg.Register) {
	TEXT(name, NOSPLIT, "func(low, high *float64, lows, highs *int64, row int, c *int64, n int)")
	Pragma("noescape")
	word := func(name string) reg.Register { return Load(Param(name), GP64()) }
	return table{word("low"), word("high"), word("lows"), word("highs"), word("row")}, word("c"), word("n")
}

// at returns where the extremes of the step from bar on lie.
func (t table) at(bar reg.GPVirtual) reg.GPVirtual {
	at, rest := GP64(), GP64()
	MOVQ(bar, at)
	ANDQ(Imm(7), at)
	IMULQ(t.row, at)
	MOVQ(bar, rest)
	SHRQ(Imm(3), rest)
	ADDQ(rest, at)
	return at
}

// lane returns the value of a column in a lane whose first column lies at c.
func lane(c reg.Register, column int) Mem { return Mem{Base: c, Disp: column * columnBytes} }

func at(base, index reg.Register, disp int) Mem {
	return Mem{Base: base, Index: index, Scale: 8, Disp: disp}
}

// firsts returns a mask of the first n of eight; all for more, none for less than 1.
func firsts(n reg.GPVirtual) reg.OpmaskVirtual {
	mask, eight, zero := K(), GP64(), GP64()
	XORQ(zero, zero)
	TESTQ(n, n)
	CMOVQLT(zero, n)
	MOVQ(U32(8), eight)
	CMPQ(n, eight)
	CMOVQGT(eight, n)
	MOVQ(U32(255), eight)
	BZHIQ(n, eight, eight)
	KMOVW(eight.As32(), mask)
	return mask
}

func leaves() {
	t, c, n := begin("leaves512")

	Label("lane")
	bar, to := GP64(), GP64()
	MOVQ(lane(c, entry), bar)
	MOVQ(lane(c, end), to)
	least, greatest := ZMM(), ZMM()
	VPBROADCASTQ(lane(c, below), least)
	VPBROADCASTQ(lane(c, above), greatest)

	Label("steps") // sixteen at a time
	i := t.at(bar)
	outside := GP32()
	var parts [2]reg.GPVirtual
	for half := range 2 {
		lows, highs, k, other := ZMM(), ZMM(), K(), K()
		VMOVDQU64(at(t.lows, i, 64*half), lows)
		VMOVDQU64(at(t.highs, i, 64*half), highs)
		VPCMPQ(Imm(most), least, lows, k)
		VPCMPQ(Imm(atLeast), greatest, highs, other)
		KORW(k, other, k)
		parts[half] = GP32()
		KMOVW(k, parts[half])
	}
	SHLL(Imm(8), parts[1])
	MOVL(parts[0], outside)
	ORL(parts[1], outside)
	ORL(U32(1<<16), outside)
	BSFL(outside, outside)
	skipped := GP64()
	LEAQ(Mem{Base: outside.As64(), Index: outside.As64(), Scale: 1}, skipped)
	LEAQ(Mem{Base: bar, Index: skipped, Scale: 4}, bar)
	CMPL(outside, Imm(16))
	JLT(LabelRef("bars"))
	CMPQ(bar, to)
	JLT(LabelRef("steps"))

	Label("bars")
	left := GP64()
	MOVQ(to, left)
	SUBQ(bar, left)
	mask := firsts(left)
	low, high, k, other := ZMM(), ZMM(), K(), K()
	VMOVDQU64_Z(at(t.low, bar, 0), mask, low)
	VMOVDQU64_Z(at(t.high, bar, 0), mask, high)
	VPCMPQ(Imm(most), least, low, mask, k)
	VPCMPQ(Imm(atLeast), greatest, high, mask, other)
	KORW(k, other, k)
	found := GP32()
	KMOVW(k, found)
	ORL(U32(1<<8), found)
	BSFL(found, found)
	ADDQ(found.As64(), bar)
	CMPQ(bar, to)
	CMOVQGT(to, bar)
	MOVQ(bar, lane(c, end))
	ADDQ(Imm(8), c)
	DECQ(n)
	JNZ(LabelRef("lane"))
	VZEROUPPER()
	RET()
}

func between() {
	t, c, n := begin("between512")
	all, none := ZMM(), ZMM()
	VPTERNLOGQ(Imm(255), all, all, all)
	VPSRLQ(Imm(1), all, all) // the greatest key
	VPXORQ(none, none, none)

	Label("bounds")
	from, to := GP64(), GP64()
	MOVQ(lane(c, entry), from)
	MOVQ(lane(c, end), to)
	bars, steps := GP64(), GP64()
	MOVQ(to, bars)
	SUBQ(from, bars)
	MOVQ(bars, steps)
	SHRQ(Imm(3), steps)

	// The first bars, which are all where there is no step.
	low, high := ZMM(), ZMM()
	mask := firsts(bars)
	VMOVDQA64(all, low)
	VMOVDQA64(none, high)
	VMOVDQU64(at(t.low, from, 0), mask, low)
	VMOVDQU64(at(t.high, from, 0), mask, high)

	// The last step.
	some, last := GP64(), GP64()
	LEAQ(Mem{Base: to, Disp: -8}, last)
	CMPQ(last, from)
	CMOVQLT(from, last)
	MOVQ(steps, some)
	final := firsts(some)
	i := t.at(last)
	one, other := ZMM(), ZMM()
	VPBROADCASTQ(at(t.lows, i, 0), one)
	VPBROADCASTQ(at(t.highs, i, 0), other)
	VPMINSQ(one, low, final, low)
	VPMAXSQ(other, high, final, high)

	i = t.at(from)
	Label("more") // sixteen steps at a time
	for half := range 2 {
		some := GP64()
		LEAQ(Mem{Base: steps, Disp: -8 * half}, some)
		mask := firsts(some)
		VPMINSQ(at(t.lows, i, 64*half), low, mask, low)
		VPMAXSQ(at(t.highs, i, 64*half), high, mask, high)
	}
	ADDQ(Imm(16), i)
	SUBQ(Imm(16), steps)
	JGT(LabelRef("more"))

	half, rest := YMM(), YMM()
	VEXTRACTI64X4(Imm(1), low, half)
	VPMINSQ(half, low.AsY(), half)
	VEXTRACTI64X4(Imm(1), high, rest)
	VPMAXSQ(rest, high.AsY(), rest)
	two, pair := XMM(), XMM()
	VEXTRACTI128(Imm(1), half, two)
	VPMINSQ(two, half.AsX(), two)
	VEXTRACTI128(Imm(1), rest, pair)
	VPMAXSQ(pair, rest.AsX(), pair)
	swapped, turned := XMM(), XMM()
	VPSHUFD(Imm(0x4E), two, swapped)
	VPMINSQ(swapped, two, two)
	VPSHUFD(Imm(0x4E), pair, turned)
	VPMAXSQ(turned, pair, pair)
	VMOVQ(two, lane(c, lowest))
	VMOVQ(pair, lane(c, highest))
	ADDQ(Imm(8), c)
	DECQ(n)
	JNZ(LabelRef("bounds"))
	VZEROUPPER()
	RET()
}
