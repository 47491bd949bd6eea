// Command sieve writes the assembly of package internal/core/decision.
//
// The bits must be those of columnsPlain in that package, which says what is
// computed; here stands only how.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A decision.Raw is two words of 32 bits: the confidence, and a byte each of the
// signal, Known, Withheld and Leave.
func main() {
	ConstraintExpr("amd64")
	TEXT("columns256", NOSPLIT, "func(first *float32, threshold float32) (clean, signals, downs, sure uint64)")
	Pragma("noescape")
	raws := Load(Param("first"), GP64())
	threshold := YMM()
	VBROADCASTSS(NewParamAddr("threshold", 8), threshold)
	others, known := all(0xFFFFFF00), all(0x00000100)

	var columns [4]reg.GPVirtual
	for i := range columns {
		columns[i] = GP64()
		XORQ(columns[i], columns[i])
	}
	// Eight raws at a time, the last first, so that what is there already moves up.
	eights := GP64()
	MOVQ(U32(7*64), eights)
	Label("loop")
	a, b := YMM(), YMM()
	PREFETCHT0(Mem{Base: raws, Index: eights, Scale: 1, Disp: 2048}) // four pieces of 64 raws ahead: what no cache holds is on its way then
	VMOVUPS(Mem{Base: raws, Index: eights, Scale: 1}, a)
	VMOVUPS(Mem{Base: raws, Index: eights, Scale: 1, Disp: 32}, b)
	confidences, marks := YMM(), YMM()
	VSHUFPS(Imm(0x88), b, a, confidences)
	VSHUFPS(Imm(0xDD), b, a, marks)
	VPERMQ(Imm(0xD8), confidences, confidences)
	VPERMQ(Imm(0xD8), marks, marks)
	clean, signals, downs := YMM(), YMM(), YMM()
	VPAND(others, marks, clean)
	VPCMPEQD(known, clean, clean)
	VPSLLD(Imm(31), marks, signals)
	VPSLLD(Imm(24), marks, downs)
	VCMPPS(Imm(13), threshold, confidences, confidences) // at least; no NaN is
	for i, v := range []reg.VecVirtual{clean, signals, downs, confidences} {
		eight := GP32()
		VMOVMSKPS(v, eight)
		SHLQ(Imm(8), columns[i])
		ORQ(eight.As64(), columns[i])
	}
	SUBQ(Imm(64), eights)
	JGE(LabelRef("loop"))
	for i, c := range columns {
		Store(c, ReturnIndex(i))
	}
	VZEROUPPER()
	RET()
	Generate()
}

// all returns a vector of which every word is v.
func all(v uint32) reg.VecVirtual {
	word, vector := GP32(), YMM()
	MOVL(U32(v), word)
	VMOVD(word, vector.AsX())
	VPBROADCASTD(vector.AsX(), vector)
	return vector
}
