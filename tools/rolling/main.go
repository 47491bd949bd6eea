// Command rolling writes the assembly of package internal/core/rolling.
//
// The bits must be those of the plain Go in that package, which says what is
// computed; here stands only how.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64")
	better("highest512", ZMM, func(y, x Op, dst reg.VecVirtual) { VMAXPD(y, x, dst) })
	better("lowest512", ZMM, func(y, x Op, dst reg.VecVirtual) { VMINPD(y, x, dst) })
	better("highest256", YMM, func(y, x Op, dst reg.VecVirtual) { VMAXPD(y, x, dst) })
	better("lowest256", YMM, func(y, x Op, dst reg.VecVirtual) { VMINPD(y, x, dst) })
	place("higher", greaterThan)
	place("lower", lessThan)
	finite()
	reach()
	deviations()
	means()
	Generate()
}

// better writes a function that takes the better of every pair, for n a multiple
// of 8.
func better(name string, vector func() reg.VecVirtual, choose func(y, x Op, dst reg.VecVirtual)) {
	TEXT(name, NOSPLIT, "func(dst, x, y *float64, n int)")
	Pragma("noescape")
	p, n := parameters("dst", "x", "y"), Load(Param("n"), GP64())
	eights(p, n, func(part func(i, at int) Mem) {
		for at := 0; at < 64; {
			v := vector()
			VMOVUPD(part(1, at), v)
			choose(part(2, at), v, v)
			VMOVUPD(v, part(0, at))
			at += int(v.Size())
		}
	})
}

func parameters(names ...string) []reg.Register {
	var p []reg.Register
	for _, name := range names {
		p = append(p, Load(Param(name), GP64()))
	}
	return p
}

// eights writes the loop over eight numbers at a time of all slices at p, and the
// return. One register counts up to 0 for all of them.
func eights(p []reg.Register, n reg.Register, body func(part func(i, at int) Mem)) {
	SHLQ(Imm(3), n)
	for _, pointer := range p {
		ADDQ(n, pointer)
	}
	NEGQ(n)
	Label("loop")
	body(func(i, at int) Mem { return Mem{Base: p[i], Index: n, Scale: 1, Disp: at} })
	ADDQ(Imm(64), n)
	JNE(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// Predicates of VCMPPD, false for NaN.
const (
	lessThan    = 0x11
	greaterThan = 0x1e
)

// place writes functions that take y where it is better than x, and x elsewhere, and
// what belongs to it, for n a multiple of 8.
func place(name string, better uint64) {
	const signature = "func(dst *float64, dstAt *int64, x *float64, xAt *int64, y *float64, yAt *int64, n int)"
	names := []string{"dst", "dstAt", "x", "xAt", "y", "yAt"}

	TEXT(name+"512", NOSPLIT, signature)
	Pragma("noescape")
	eights(parameters(names...), Load(Param("n"), GP64()), func(part func(i, at int) Mem) {
		v, y, at, isBetter := ZMM(), ZMM(), ZMM(), K()
		VMOVUPD(part(2, 0), v)
		VMOVUPD(part(4, 0), y)
		VMOVUPD(part(3, 0), at)
		VCMPPD(Imm(better), v, y, isBetter)
		VMOVAPD(y, isBetter, v)
		VMOVUPD(part(5, 0), isBetter, at)
		VMOVUPD(v, part(0, 0))
		VMOVUPD(at, part(1, 0))
	})

	TEXT(name+"256", NOSPLIT, signature)
	Pragma("noescape")
	eights(parameters(names...), Load(Param("n"), GP64()), func(part func(i, at int) Mem) {
		for half := 0; half < 64; half += 32 {
			v, y, at, isBetter := YMM(), YMM(), YMM(), YMM()
			VMOVUPD(part(2, half), v)
			VMOVUPD(part(4, half), y)
			VMOVUPD(part(3, half), at)
			VCMPPD(Imm(better), v, y, isBetter)
			VBLENDVPD(isBetter, y, v, v)
			VBLENDVPD(isBetter, part(5, half), at, at)
			VMOVUPD(v, part(0, half))
			VMOVUPD(at, part(1, half))
		}
	})
}

// finite writes the function that looks at n numbers, a multiple of 16: a number less
// itself is 0, or NaN where it is not finite, and a sum with NaN is NaN.
// reach writes the least and the greatest of n numbers, a multiple of 16, of which those
// that are NaN are passed over.
func reach() {
	TEXT("reach256", NOSPLIT, "func(x *float64, n int) (low, high float64)")
	Pragma("noescape")
	x, n := Load(Param("x"), GP64()), Load(Param("n"), GP64())
	var lows, highs [4]reg.VecVirtual
	inf := GP64()
	for i := range lows {
		lows[i], highs[i] = YMM(), YMM()
	}
	MOVQ(U64(0x7FF0000000000000), inf)
	VMOVQ(inf, lows[0].AsX())
	VBROADCASTSD(lows[0].AsX(), lows[0])
	MOVQ(U64(0xFFF0000000000000), inf)
	VMOVQ(inf, highs[0].AsX())
	VBROADCASTSD(highs[0].AsX(), highs[0])
	for i := range lows[1:] {
		VMOVAPD(lows[0], lows[i+1])
		VMOVAPD(highs[0], highs[i+1])
	}
	Label("loop")
	for i := range lows {
		v := YMM()
		VMOVUPD(Mem{Base: x, Disp: 32 * i}, v)
		VMINPD(lows[i], v, lows[i]) // of NaN and a number, the number
		VMAXPD(highs[i], v, highs[i])
	}
	ADDQ(Imm(128), x)
	SUBQ(Imm(16), n)
	JNE(LabelRef("loop"))
	for i := range lows[1:] {
		VMINPD(lows[i+1], lows[0], lows[0])
		VMAXPD(highs[i+1], highs[0], highs[0])
	}
	for i, v := range []reg.VecVirtual{lows[0], highs[0]} {
		choose := func(a, b, to Op) { VMINPD(a, b, to) }
		if i == 1 {
			choose = func(a, b, to Op) { VMAXPD(a, b, to) }
		}
		half := XMM()
		VEXTRACTF128(Imm(1), v, half)
		choose(half, v.AsX(), half)
		other := XMM()
		VPERMILPD(Imm(1), half, other)
		choose(other, half, half)
		Store(half, ReturnIndex(i))
	}
	VZEROUPPER()
	RET()
}

func finite() {
	TEXT("finite256", NOSPLIT, "func(x *float64, n int) bool")
	Pragma("noescape")
	x, n := Load(Param("x"), GP64()), Load(Param("n"), GP64())
	var sums [4]reg.VecVirtual
	for i := range sums {
		sums[i] = YMM()
		VXORPD(sums[i], sums[i], sums[i])
	}
	Label("loop")
	for i, sum := range sums {
		v := YMM()
		VMOVUPD(Mem{Base: x, Disp: 32 * i}, v)
		VSUBPD(v, v, v)
		VADDPD(v, sum, sum)
	}
	ADDQ(Imm(128), x)
	SUBQ(Imm(16), n)
	JNE(LabelRef("loop"))
	for _, sum := range sums[1:] {
		VADDPD(sum, sums[0], sums[0])
	}
	VCMPPD(Imm(3), sums[0], sums[0], sums[0]) // of NaN all bits are set
	bits := GP32()
	VMOVMSKPD(sums[0], bits)
	VZEROUPPER()
	TESTL(bits, bits)
	all := GP8()
	SETEQ(all)
	Store(all, ReturnIndex(0))
	RET()
}

// deviations writes the function that sums over four windows at a time, which
// differ in the four values of one vector only. A lane of a sum is one of the four
// sums of its definition.
func deviations() {
	magnitude := GLOBL("magnitude", RODATA|NOPTR)
	for i := range 4 {
		DATA(8*i, U64(1<<63-1))
	}
	lanes := GLOBL("lanes", RODATA|NOPTR) // 4-r before its end begins a mask of the first r lanes
	for i := range 8 {
		DATA(8*i, U64([2]uint64{1<<64 - 1, 0}[i/4]))
	}

	TEXT("deviations256", NOSPLIT, "func(dst, center, newer, older *float64, at, n, bars int)")
	Pragma("noescape")
	dst, center := Load(Param("dst"), GP64()), Load(Param("center"), GP64())
	newer, older := Load(Param("newer"), GP64()), Load(Param("older"), GP64())
	at, n, bars := Load(Param("at"), GP64()), Load(Param("n"), GP64()), Load(Param("bars"), GP64())
	absolute, partial := YMM(), YMM()
	VMOVUPD(magnitude, absolute)
	rest, whole := GP64(), GP64()
	MOVQ(n, rest)
	ANDQ(Imm(3), rest)
	MOVQ(n, whole)
	SUBQ(rest, whole)
	mask := GP64()
	LEAQ(lanes, mask)
	SHLQ(Imm(3), rest)
	SUBQ(rest, mask)
	VMOVUPD(Mem{Base: mask, Disp: 32}, partial)

	var centers, sums [4]reg.VecVirtual
	for i := range centers {
		centers[i], sums[i] = YMM(), YMM()
	}
	// add adds the distances of x from a center to its sum.
	add := func(i int, x reg.VecVirtual, bits Op) {
		d := YMM()
		VSUBPD(centers[i], x, d)
		VANDPD(bits, d, d)
		VADDPD(d, sums[i], sums[i])
	}
	all := func(from Mem) {
		x := YMM()
		VMOVUPD(from, x)
		for i := range sums {
			add(i, x, absolute)
		}
	}

	Label("group")
	for i := range sums {
		VBROADCASTSD(Mem{Base: center, Disp: 8 * i}, centers[i])
		VXORPD(sums[i], sums[i], sums[i])
	}
	k := GP64()
	XORQ(k, k)
	Label("newer")
	CMPQ(k, at)
	JGE(LabelRef("border"))
	all(Mem{Base: newer, Index: k, Scale: 8})
	ADDQ(Imm(4), k)
	JMP(LabelRef("newer"))
	Label("border")
	now, before := YMM(), YMM()
	VMOVUPD(Mem{Base: newer, Index: k, Scale: 8}, now)
	VMOVUPD(Mem{Base: older, Index: k, Scale: 8}, before)
	for i := range sums {
		x := YMM()
		VBLENDPD(Imm(uint64(15&^(2<<i-1))), before, now, x)
		add(i, x, absolute)
	}
	ADDQ(Imm(4), k)
	Label("older")
	CMPQ(k, whole)
	JGE(LabelRef("rest"))
	all(Mem{Base: older, Index: k, Scale: 8})
	ADDQ(Imm(4), k)
	JMP(LabelRef("older"))
	Label("rest")
	CMPQ(k, n)
	JGE(LabelRef("sum"))
	last := YMM()
	VMASKMOVPD(Mem{Base: older, Index: k, Scale: 8}, partial, last)
	signless := YMM()
	VANDPD(absolute, partial, signless)
	for i := range sums {
		add(i, last, signless)
	}
	Label("sum")
	// A row of sums becomes a column of lanes.
	low, high, low2, high2 := YMM(), YMM(), YMM(), YMM()
	VUNPCKLPD(sums[1], sums[0], low)
	VUNPCKHPD(sums[1], sums[0], high)
	VUNPCKLPD(sums[3], sums[2], low2)
	VUNPCKHPD(sums[3], sums[2], high2)
	lane := [4]reg.VecVirtual{YMM(), YMM(), YMM(), YMM()}
	VPERM2F128(Imm(0x20), low2, low, lane[0])
	VPERM2F128(Imm(0x20), high2, high, lane[1])
	VPERM2F128(Imm(0x31), low2, low, lane[2])
	VPERM2F128(Imm(0x31), high2, high, lane[3])
	for _, l := range lane[1:] {
		VADDPD(l, lane[0], lane[0])
	}
	VMOVUPD(lane[0], Mem{Base: dst})
	ADDQ(Imm(32), dst)
	ADDQ(Imm(32), center)
	ADDQ(Imm(4), at)
	SUBQ(Imm(4), bars)
	JNE(LabelRef("group"))
	VZEROUPPER()
	RET()
}
