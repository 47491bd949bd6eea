package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func optimizers(m machine) {
	adam(m)
	sgd(m)
	rmsProp(m)
}

// clipped returns clip g + decay w.
func clipped(m machine, grad Mem, w, clip, decay reg.VecVirtual) reg.VecVirtual {
	d, t := m.vector(), m.vector()
	VMULPS(grad, clip, d)
	VMULPS(w, decay, t)
	VADDPS(t, d, d)
	cut(m, d, constant("leastGradient", 0x1p-56))
	return d
}

// cut clears what is below least in size.
func cut(m machine, v reg.VecVirtual, least Op) {
	size := m.vector()
	VANDPS(whole("magnitude", 1<<31-1), v, size)
	m.keep(m.compare(notLessThan, least, size), v)
}

// average returns cut(keep·old + rest·new, least) and stores it.
func average(m machine, old Mem, keep, rest, fresh reg.VecVirtual, least Op) reg.VecVirtual {
	v, t := m.vector(), m.vector()
	VMULPS(old, keep, v)
	VMULPS(fresh, rest, t)
	VADDPS(t, v, v)
	cut(m, v, least)
	VMOVUPS(v, old)
	return v
}

func adam(m machine) {
	text("adam"+m.suffix(), "func(w, grad, first, second *float32, n int, clip, decay, beta1, rest1, beta2, rest2, keep, pace, root, epsilon float32)")
	p := pointers("w", "grad", "first", "second", "n")
	var c []reg.VecVirtual
	for _, name := range []string{"clip", "decay", "beta1", "rest1", "beta2", "rest2", "keep", "pace", "root", "epsilon"} {
		c = append(c, broadcast(m, name))
	}
	eachVector(m, p[4], p[:4], func() {
		w := load(m, at(p[0], 0))
		d := clipped(m, at(p[1], 0), w, c[0], c[1])
		first := average(m, at(p[2], 0), c[2], c[3], d, constant("leastMoment", 0x1p-64))
		VMULPS(d, d, d)
		second := average(m, at(p[3], 0), c[4], c[5], d, constant("leastSquare", 0x1p-112))
		VMULPS(w, c[6], w)
		VMULPS(first, c[7], first)
		VSQRTPS(second, second)
		VMULPS(second, c[8], second)
		VADDPS(second, c[9], second)
		VDIVPS(second, first, first)
		VSUBPS(first, w, w)
		VMOVUPS(w, at(p[0], 0))
	})
	done()
}

func sgd(m machine) {
	text("sgd"+m.suffix(), "func(w, grad, first *float32, n int, clip, decay, momentum, pace float32)")
	p := pointers("w", "grad", "first", "n")
	clip, decay, momentum, pace := broadcast(m, "clip"), broadcast(m, "decay"), broadcast(m, "momentum"), broadcast(m, "pace")
	eachVector(m, p[3], p[:3], func() {
		w := load(m, at(p[0], 0))
		d := clipped(m, at(p[1], 0), w, clip, decay)
		v := m.vector()
		VMULPS(at(p[2], 0), momentum, v)
		VADDPS(d, v, v)
		cut(m, v, constant("leastMoment", 0x1p-64))
		VMOVUPS(v, at(p[2], 0))
		VMULPS(v, pace, v)
		VSUBPS(v, w, w)
		VMOVUPS(w, at(p[0], 0))
	})
	done()
}

func rmsProp(m machine) {
	text("rmsProp"+m.suffix(), "func(w, grad, second *float32, n int, clip, decay, alpha, rest, pace, epsilon float32)")
	p := pointers("w", "grad", "second", "n")
	clip, decay, alpha, rest := broadcast(m, "clip"), broadcast(m, "decay"), broadcast(m, "alpha"), broadcast(m, "rest")
	pace, epsilon := broadcast(m, "pace"), broadcast(m, "epsilon")
	eachVector(m, p[3], p[:3], func() {
		w := load(m, at(p[0], 0))
		d := clipped(m, at(p[1], 0), w, clip, decay)
		square := m.vector()
		VMULPS(d, d, square)
		v := average(m, at(p[2], 0), alpha, rest, square, constant("leastSquare", 0x1p-112))
		VMULPS(d, pace, d)
		VSQRTPS(v, v)
		VADDPS(v, epsilon, v)
		VDIVPS(v, d, d)
		VSUBPS(d, w, w)
		VMOVUPS(w, at(p[0], 0))
	})
	done()
}
