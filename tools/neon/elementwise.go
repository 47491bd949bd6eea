package main

import "fmt"

// sixteen repeats body for every 16 numbers: its argument is one of the four
// vectors of a slice that is loaded at R0 and stored there, and four behind it stand those of the
// slice at R1, if there is one.
func sixteen(a *assembler, count int, second bool, body func(v int)) {
	a.loop(count, 16, func() {
		a.ins("VLD1 (R0), %s", vectors(0, 4))
		if second {
			a.ins("VLD1.P 64(R1), %s", vectors(4, 4))
		}
		for v := range 4 {
			body(v)
		}
		a.ins("VST1.P %s, 64(R0)", vectors(0, 4))
	})
	a.ins("RET")
}

func elementwise(a *assembler) {
	for _, op := range []struct {
		name string
		word word
	}{{"addNeon", fadd}, {"scaleNeon", fmul}} {
		a.function(op.name, "dst *float32", "v *float32", "n int")
		a.load(0, "dst", "v", "n")
		sixteen(a, 2, true, func(v int) { a.three(op.word, v, v, v+4) })
	}

	a.function("maskNeon", "dst *float32", "v *float32", "n int", "scale float32")
	a.load(0, "dst", "v", "n")
	a.fill(16, "scale")
	sixteen(a, 2, true, func(v int) {
		a.two(above, v+4, v+4)
		a.three(fmul, v, v, 16)
		a.ins("VAND V%d.B16, V%d.B16, V%d.B16", v+4, v, v)
	})

	a.function("cutNeon", "v *float32", "n int", "least float32")
	a.load(0, "v", "n")
	a.fill(16, "least")
	sixteen(a, 1, false, func(v int) { cut(a, v, 16, 8) })

	a.function("rectifyNeon", "v *float32", "n int")
	a.load(0, "v", "n")
	sixteen(a, 1, false, func(v int) {
		a.two(under, 8, v)
		a.three(bic, v, v, 8)
	})
}

// cut clears V<v> where it is below V<least> in size, by way of V<t>.
func cut(a *assembler, v, least, t int) {
	a.two(fabs, t, v)
	a.three(fcmgt, t, least, t)
	a.three(bic, v, v, t)
}

const golden = 0x9e3779b9

// drop takes four vectors of a row at a time.
func drop(a *assembler) {
	a.function("dropNeon", "v *float32", "slope *float32", "rows int", "stride int", "state uint64", "next uint64", "threshold uint32", "scale float32")
	a.load(0, "v", "slope", "rows", "stride", "state", "next")
	a.ins("MOVWU threshold+%d(FP), R6", a.offsets["threshold"])
	a.ins("VDUP R6, V20.S4")
	a.fill(21, "scale")
	a.constant(22, 0x7feb352d)
	a.constant(23, 0x846ca68b)
	a.constant(24, 16*golden&(1<<32-1))
	a.data.WriteString("\n")
	for i := range 16 {
		fmt.Fprintf(&a.data, "DATA weyl<>+%d(SB)/4, $%#08x\n", 4*i, uint32(uint64(i)*golden&(1<<32-1)))
	}
	a.data.WriteString("GLOBL weyl<>(SB), RODATA|NOPTR, $64\n")
	a.ins("MOVD $weyl<>(SB), R7")
	a.ins("VLD1 (R7), %s", vectors(16, 4))
	a.loop(2, 1, func() {
		a.ins("MOVD R4, R8")
		for _, step := range []struct{ shift, by uint64 }{{30, 0xbf58476d1ce4e5b9}, {27, 0x94d049bb133111eb}, {31, 0}} {
			a.ins("EOR R8>>%d, R8, R8", step.shift)
			if step.by != 0 {
				a.ins("MOVD $%#x, R9", step.by)
				a.ins("MUL R9, R8, R8")
			}
		}
		a.ins("ADD R5, R4, R4")
		a.ins("VDUP R8, V8.S4")
		a.ins("LSR $32, R8, R8")
		a.ins("VDUP R8, V25.S4")
		for v := 3; v >= 0; v-- {
			a.ins("VADD V%d.S4, V8.S4, V%d.S4", 16+v, 8+v)
		}
		a.ins("MOVD R3, R10")
		a.loop(10, 16, func() { dropSixteen(a) })
	})
	a.ins("RET")
}

// dropSixteen hashes the counters V8 to V11.
func dropSixteen(a *assembler) {
	for v := range 4 {
		u, t := 4+v, 12+v
		a.ins("VUSHR $16, V%d.S4, V%d.S4", 8+v, t)
		a.ins("VEOR V%d.B16, V%d.B16, V%d.B16", t, 8+v, u)
		a.three(mul, u, u, 22)
		a.ins("VEOR V25.B16, V%d.B16, V%d.B16", u, u)
		a.ins("VUSHR $15, V%d.S4, V%d.S4", u, t)
		a.ins("VEOR V%d.B16, V%d.B16, V%d.B16", t, u, u)
		a.three(mul, u, u, 23)
		a.three(cmhs, u, u, 20)
		a.ins("VADD V24.S4, V%d.S4, V%d.S4", 8+v, 8+v)
	}
	factor := func(pointer int) {
		a.ins("VLD1 (R%d), %s", pointer, vectors(0, 4))
		for v := range 4 {
			a.three(fmul, v, v, 21)
			a.ins("VAND V%d.B16, V%d.B16, V%d.B16", 4+v, v, v)
		}
		a.ins("VST1.P %s, 64(R%d)", vectors(0, 4), pointer)
	}
	factor(0)
	without := a.fresh("without")
	a.ins("CBZ R1, %s", without)
	factor(1)
	a.label(without)
}

// optimizers take one vector at a time: w in V0, the gradient in V1, the moments
// in V2 and V3. Division takes longer than the rest.
func optimizers(a *assembler) {
	const first = 8 // of the constants
	step := func(name string, moments []string, constants []string, body func()) {
		parameters := []string{"w *float32", "grad *float32"}
		for _, m := range moments {
			parameters = append(parameters, m+" *float32")
		}
		parameters = append(parameters, "n int")
		for _, c := range constants {
			parameters = append(parameters, c+" float32")
		}
		a.function(name, parameters...)
		a.load(0, append([]string{"w", "grad"}, moments...)...)
		a.load(5, "n")
		a.fill(first, constants...)
		a.constant(29, 0x23800000) // 2^-56, of gradients
		a.constant(30, 0x1f800000) // 2^-64, of moments
		a.constant(31, 0x07800000) // 2^-112, of squares
		a.loop(5, 4, func() {
			for i := range 2 + len(moments) {
				a.ins("VLD1 (R%d), [V%d.S4]", i, i)
			}
			// d = cut(clip g + decay w)
			a.three(fmul, 1, 1, first)
			a.three(fmul, 4, 0, first+1)
			a.three(fadd, 1, 1, 4)
			cut(a, 1, 29, 4)
			body()
			for i := range 2 + len(moments) {
				if i == 1 {
					a.ins("ADD $16, R1, R1")
					continue
				}
				a.ins("VST1.P [V%d.S4], 16(R%d)", i, i)
			}
		})
		a.ins("RET")
	}
	// average makes V<v> cut(keep·v + rest·fresh).
	average := func(v, keep, rest, fresh, least int) {
		a.three(fmul, v, v, keep)
		a.three(fmul, 4, fresh, rest)
		a.three(fadd, v, v, 4)
		cut(a, v, least, 4)
	}
	step("adamNeon", []string{"first", "second"}, []string{"clip", "decay", "beta1", "rest1", "beta2", "rest2", "keep", "pace", "root", "epsilon"}, func() {
		average(2, first+2, first+3, 1, 30)
		a.three(fmul, 1, 1, 1)
		average(3, first+4, first+5, 1, 31)
		a.three(fmul, 0, 0, first+6)
		a.three(fmul, 1, 2, first+7)
		a.two(fsqrt, 4, 3)
		a.three(fmul, 4, 4, first+8)
		a.three(fadd, 4, 4, first+9)
		a.three(fdiv, 1, 1, 4)
		a.three(fsub, 0, 0, 1)
	})
	step("sgdNeon", []string{"first"}, []string{"clip", "decay", "momentum", "pace"}, func() {
		a.three(fmul, 2, 2, first+2)
		a.three(fadd, 2, 2, 1)
		cut(a, 2, 30, 4)
		a.three(fmul, 1, 2, first+3)
		a.three(fsub, 0, 0, 1)
	})
	step("rmsPropNeon", []string{"second"}, []string{"clip", "decay", "alpha", "rest", "pace", "epsilon"}, func() {
		a.three(fmul, 5, 1, 1)
		average(2, first+2, first+3, 5, 31)
		a.three(fmul, 1, 1, first+4)
		a.two(fsqrt, 4, 2)
		a.three(fadd, 4, 4, first+5)
		a.three(fdiv, 1, 1, 4)
		a.three(fsub, 0, 0, 1)
	})
}
