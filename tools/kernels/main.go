// Command kernels writes the assembly of package internal/core/kernel: every
// kernel once with the vectors of AVX-512 and once with those of AVX2.
//
// The bits must be those of the plain Go in that package, which says what is
// computed; here stands only how.
package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64")
	for _, m := range []machine{avx512{}, avx2{}} {
		products(m)
		elementwise(m)
		optimizers(m)
		cells(m)
		losses(m)
		norms(m)
	}
	prefetch()
	transpose()
	Generate()
}

// A machine is what the two instruction sets do differently.
type machine interface {
	suffix() string
	lanes() int // float32 in a vector
	vector() reg.VecVirtual

	// compare returns a mask of where first ∘ second holds, for ∘ a predicate of
	// VCMPPS.
	compare(predicate int, second Op, first reg.Register) reg.Register
	// choose writes yes where the mask is set and no elsewhere.
	choose(mask reg.Register, yes, no, dst reg.Register)
	// keep clears v where the mask is not set.
	keep(mask, v reg.Register)
	// round rounds to the nearest whole number, ties to even.
	round(v Op, dst reg.Register)
	// power multiplies v by 2 to the n, whole numbers whose result is normal.
	power(n, v reg.Register)
	// atLeast returns a mask of where the whole numbers v are not below second,
	// without a sign.
	atLeast(v, second reg.Register) reg.Register
	// single stores a vector of float64 as float32.
	single(v reg.Register, to Mem)
	// spread fills a vector with the low 32 bits of a register.
	spread(from reg.GPVirtual) reg.VecVirtual
}

// Predicates of VCMPPS.
const (
	lessThan       = 0x11 // false for NaN
	greaterThan    = 0x1e // false for NaN
	notLessThan    = 0x15 // true for NaN
	notLessOrEqual = 0x16 // true for NaN
	atLeastQuiet   = 0x1d // false for NaN
)

type avx512 struct{}

func (avx512) suffix() string         { return "512" }
func (avx512) lanes() int             { return 16 }
func (avx512) vector() reg.VecVirtual { return ZMM() }

func (avx512) compare(predicate int, second Op, first reg.Register) reg.Register {
	k := K()
	VCMPPS(Imm(uint64(predicate)), second, first, k)
	return k
}

func (avx512) choose(mask reg.Register, yes, no, dst reg.Register) { VBLENDMPS(yes, no, mask, dst) }
func (avx512) keep(mask, v reg.Register)                           { VMOVAPS_Z(v, mask, v) }
func (avx512) round(v Op, dst reg.Register)                        { VRNDSCALEPS(Imm(0), v, dst) }
func (avx512) power(n, v reg.Register)                             { VSCALEFPS(n, v, v) }

func (avx512) atLeast(v, second reg.Register) reg.Register {
	k := K()
	VPCMPUD(Imm(5), second, v, k)
	return k
}

func (avx512) spread(from reg.GPVirtual) reg.VecVirtual {
	v := ZMM()
	VPBROADCASTD(from.As32(), v)
	return v
}

func (avx512) single(v reg.Register, to Mem) {
	half := YMM()
	VCVTPD2PS(v, half)
	VMOVUPS(half, to)
}

type avx2 struct{}

func (avx2) suffix() string         { return "256" }
func (avx2) lanes() int             { return 8 }
func (avx2) vector() reg.VecVirtual { return YMM() }

func (avx2) compare(predicate int, second Op, first reg.Register) reg.Register {
	k := YMM()
	VCMPPS(Imm(uint64(predicate)), second, first, k)
	return k
}

func (avx2) choose(mask reg.Register, yes, no, dst reg.Register) { VBLENDVPS(mask, yes, no, dst) }
func (avx2) keep(mask, v reg.Register)                           { VANDPS(mask, v, v) }
func (avx2) round(v Op, dst reg.Register)                        { VROUNDPS(Imm(0), v, dst) }

func (avx2) power(n, v reg.Register) {
	k, half := YMM(), YMM()
	VCVTPS2DQ(n, k)
	VPSRAD(Imm(1), k, half)
	VPSUBD(half, k, k)
	for _, e := range []reg.Register{half, k} {
		VPADDD(whole("bias", 127), e, e)
		VPSLLD(Imm(23), e, e)
		VMULPS(e, v, v)
	}
}

func (avx2) atLeast(v, second reg.Register) reg.Register {
	k := YMM()
	VPMAXUD(second, v, k)
	VPCMPEQD(k, v, k)
	return k
}

func (avx2) single(v reg.Register, to Mem) {
	half := XMM()
	VCVTPD2PSY(v, half)
	VMOVUPS(half, to)
}

func (avx2) spread(from reg.GPVirtual) reg.VecVirtual {
	v := YMM()
	VMOVD(from.As32(), v.AsX()) // MOVD would make the processor save the upper halves
	VPBROADCASTD(v.AsX(), v)
	return v
}

// written holds the constants that stand in the file already.
var written = map[string]Mem{}

// constant returns memory that holds v sixteen times. It is written as bits,
// because the assembler takes 1 for a whole number.
func constant(name string, v float32) Mem { return whole(name, math.Float32bits(v)) }

func whole(name string, v uint32) Mem { return repeated(name, func(int) Constant { return U32(v) }) }

// wide returns memory that holds one float64.
func wide(name string, v float64) Mem {
	m, ok := written[name]
	if !ok {
		m = GLOBL(name, RODATA|NOPTR)
		DATA(0, U64(math.Float64bits(v)))
		written[name] = m
	}
	return m
}

// counting returns memory that holds 0, 1 and so on as float32.
func counting() Mem {
	return repeated("counting", func(i int) Constant { return U32(math.Float32bits(float32(i))) })
}

func repeated(name string, v func(i int) Constant) Mem {
	if m, ok := written[name]; ok {
		return m
	}
	m := GLOBL(name, RODATA|NOPTR)
	for i := range 16 {
		DATA(4*i, v(i))
	}
	written[name] = m
	return m
}

// at returns the vector at an offset of a pointer.
func at(p reg.Register, bytes int) Mem { return Mem{Base: p, Disp: bytes} }

// load returns a fresh vector with what lies there.
func load(m machine, from Op) reg.VecVirtual {
	v := m.vector()
	VMOVUPS(from, v)
	return v
}

// pointers loads parameters of that name.
func pointers(names ...string) []reg.Register {
	var list []reg.Register
	for _, name := range names {
		list = append(list, Load(Param(name), GP64()))
	}
	return list
}

// broadcast returns a vector filled with a float32 parameter.
func broadcast(m machine, name string) reg.VecVirtual {
	p, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	v := m.vector()
	VBROADCASTSS(p.Addr, v)
	return v
}

// eachVector repeats body n / lanes times, n the parameter of that name and a
// multiple of 16, and moves the pointers on behind each.
func eachVector(m machine, n reg.Register, moved []reg.Register, body func()) {
	loop := fresh("loop")
	Label(loop)
	body()
	for _, p := range moved {
		ADDQ(Imm(uint64(4*m.lanes())), p)
	}
	SUBQ(Imm(uint64(m.lanes())), n)
	JNE(LabelRef(loop))
}

var labels int

func fresh(name string) string {
	labels++
	return name + itoa(labels)
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + itoa(n%10)
}
