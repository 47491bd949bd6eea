package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A lanes is four blocks side by side: a lane of a vector is one of them. So the
// sums of four wait for each other no longer than those of one.
type lanes struct {
	k                   reg.Register // the place in every block, in bytes
	older, newer        []reg.Register
	sums                reg.Register // a vector for every place: what newer begins with
	toDst               reg.Register // from a value to its mean, in bytes
	anchors, sum, share reg.VecVirtual
	value               [4]reg.VecVirtual // rows, one or four
	even, odd           reg.VecVirtual
}

// means writes the function that does four blocks at a time.
func means() {
	TEXT("means256", NOSPLIT, "func(dst, src, before, sums *float64, n int, share float64, fours int)")
	Pragma("noescape")
	toDst, first := Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	before, sums := Load(Param("before"), GP64()), Load(Param("sums"), GP64())
	n, fours := Load(Param("n"), GP64()), Load(Param("fours"), GP64())
	l := lanes{k: GP64(), sums: sums, toDst: toDst, anchors: YMM(), sum: YMM(), share: YMM(), even: YMM(), odd: YMM()}
	for i := range l.value {
		l.value[i] = YMM()
	}
	Load(Param("share"), l.share.AsX())
	VBROADCASTSD(l.share.AsX(), l.share)
	SHLQ(Imm(3), n)
	SUBQ(first, toDst)
	blocks := []reg.Register{before, first, GP64(), GP64(), GP64()}
	for i := 2; i < len(blocks); i++ {
		LEAQ(Mem{Base: blocks[i-1], Index: n, Scale: 1}, blocks[i])
	}
	l.older, l.newer = blocks[:4], blocks[1:]

	Label("group")
	XORQ(l.k, l.k)
	l.row(l.newer)
	VMOVAPD(l.value[0], l.anchors)
	l.writeOlder(n)
	l.writeNewer(n)
	MOVQ(blocks[4], blocks[0])
	for _, b := range blocks[1:] {
		LEAQ(Mem{Base: b, Index: n, Scale: 4}, b)
	}
	DECQ(fours)
	JNE(LabelRef("group"))
	VZEROUPPER()
	RET()
}

// writeOlder goes from the last place of the older blocks to the second.
func (l lanes) writeOlder(n reg.Register) {
	rest := GP64()
	LEAQ(Mem{Base: n, Disp: -8}, l.k)
	MOVQ(l.k, rest)
	ANDQ(Imm(24), rest)
	VXORPD(l.sum, l.sum, l.sum)
	VMOVUPD(l.sum, l.begun(0))
	JE(LabelRef("olderFours"))
	Label("olderOne")
	l.row(l.older)
	l.add(0)
	VMOVUPD(l.sum, l.begun(-1))
	SUBQ(Imm(8), l.k)
	SUBQ(Imm(8), rest)
	JNE(LabelRef("olderOne"))
	Label("olderFours")
	TESTQ(l.k, l.k)
	JE(LabelRef("newer"))
	Label("olderFour")
	l.rows(l.older, -3)
	for i := 3; i >= 0; i-- {
		l.add(i)
		VMOVUPD(l.sum, l.begun(i-4))
	}
	SUBQ(Imm(32), l.k)
	JNE(LabelRef("olderFour"))
}

// writeNewer goes from the first place of the newer blocks, where k is, to the last.
func (l lanes) writeNewer(n reg.Register) {
	Label("newer")
	rest := GP64()
	VXORPD(l.sum, l.sum, l.sum)
	MOVQ(n, rest)
	SUBQ(Imm(32), rest)
	JL(LabelRef("newerRest"))
	Label("newerFour")
	l.rows(l.newer, 0)
	for i := range l.value {
		l.mean(i)
	}
	ADDQ(l.toDst, l.k)
	for i := 0; i < 4; i += 2 {
		VUNPCKLPD(l.value[i+1], l.value[i], l.even)
		VUNPCKHPD(l.value[i+1], l.value[i], l.odd)
		VMOVUPD(l.even.AsX(), l.part(l.newer[0], i))
		VMOVUPD(l.odd.AsX(), l.part(l.newer[1], i))
		VEXTRACTF128(Imm(1), l.even, l.part(l.newer[2], i))
		VEXTRACTF128(Imm(1), l.odd, l.part(l.newer[3], i))
	}
	SUBQ(l.toDst, l.k)
	ADDQ(Imm(32), l.k)
	CMPQ(l.k, rest)
	JLE(LabelRef("newerFour"))
	Label("newerRest")
	CMPQ(l.k, n)
	JGE(LabelRef("done"))
	Label("newerOne")
	l.row(l.newer)
	l.mean(0)
	ADDQ(l.toDst, l.k)
	low, high := l.value[0].AsX(), l.odd.AsX()
	VEXTRACTF128(Imm(1), l.value[0], high)
	VMOVSD(low, l.part(l.newer[0], 0))
	VMOVHPD(low, l.part(l.newer[1], 0))
	VMOVSD(high, l.part(l.newer[2], 0))
	VMOVHPD(high, l.part(l.newer[3], 0))
	SUBQ(l.toDst, l.k)
	ADDQ(Imm(8), l.k)
	CMPQ(l.k, n)
	JL(LabelRef("newerOne"))
	Label("done")
}

// part is the value of a block some places on.
func (l lanes) part(block reg.Register, places int) Mem {
	return Mem{Base: block, Index: l.k, Scale: 1, Disp: 8 * places}
}

// begun is the sums that newer begins with some places on.
func (l lanes) begun(places int) Mem {
	return Mem{Base: l.sums, Index: l.k, Scale: 4, Disp: 32 * places}
}

// row takes the next value of each block.
func (l lanes) row(of []reg.Register) {
	low, high := l.value[0].AsX(), l.odd.AsX()
	VMOVSD(l.part(of[0], 0), low)
	VMOVHPD(l.part(of[1], 0), low, low)
	VMOVSD(l.part(of[2], 0), high)
	VMOVHPD(l.part(of[3], 0), high, high)
	VINSERTF128(Imm(1), high, l.value[0], l.value[0])
}

// rows takes four values of each block, the first some places on.
func (l lanes) rows(of []reg.Register, places int) {
	for i := 0; i < 4; i += 2 {
		VMOVUPD(l.part(of[0], places+i), l.even.AsX())
		VINSERTF128(Imm(1), l.part(of[2], places+i), l.even, l.even)
		VMOVUPD(l.part(of[1], places+i), l.odd.AsX())
		VINSERTF128(Imm(1), l.part(of[3], places+i), l.odd, l.odd)
		VUNPCKLPD(l.odd, l.even, l.value[i])
		VUNPCKHPD(l.odd, l.even, l.value[i+1])
	}
}

// add adds row i to the sum.
func (l lanes) add(i int) {
	v := l.value[i]
	VSUBPD(l.anchors, v, v)
	VADDPD(v, l.sum, l.sum)
}

// mean makes the means that end with row i of it.
func (l lanes) mean(i int) {
	l.add(i)
	v := l.value[i]
	VADDPD(l.begun(i), l.sum, v)
	VMULPD(l.share, v, v)
	VADDPD(v, l.anchors, v)
}
