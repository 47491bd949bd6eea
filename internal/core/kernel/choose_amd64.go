package kernel

import "golang.org/x/sys/cpu"

// fast returns the sets of assembly that this processor can run, the slowest
// first.
func fast() []*Set {
	var sets []*Set
	x := cpu.X86
	if !x.HasAVX2 || !x.HasFMA {
		return nil
	}
	sets = append(sets, avx2.set())
	if x.HasAVX512F && x.HasAVX512BW && x.HasAVX512DQ && x.HasAVX512VL {
		sets = append(sets, avx512.set())
	}
	return sets
}

// assembly is the functions of kernels_amd64.s for one kind of vector.
type assembly struct {
	name     string
	lanes    int
	product  []panel // the widest first
	sumRows  []columns
	gather   func(dst, x *float32, rows *int, n, back, width, stride int)
	add      func(dst, v *float32, n int)
	scale    func(dst, v *float32, n int)
	mask     func(dst, v *float32, n int, scale float32)
	cut      func(v *float32, n int, least float32)
	rectify  func(v *float32, n int)
	leaky    func(v, slope *float32, n int)
	tanh     func(v, slope *float32, n int)
	sigmoid  func(v, slope *float32, n int)
	drop     func(v, slope *float32, rows, stride int, state, next uint64, threshold uint32, scale float32)
	softmax  func(z, top, logSum *float32, best *int32, n, classes int)
	squares  func(v []float32) [squareLanes]float64
	adam     func(w, grad, first, second *float32, n int, clip, decay, beta1, rest1, beta2, rest2, keep, pace, root, epsilon float32)
	sgd      func(w, grad, first *float32, n int, clip, decay, momentum, pace float32)
	rmsProp  func(w, grad, second *float32, n int, clip, decay, alpha, rest, pace, epsilon float32)
	lstm     func(gates, before, cell, squash, hidden *float32, rows, width int)
	lstmBack func(gates, delta, squash, before, up, hidden, cell *float32, rows, width int)
	gru      func(gates, state, before, hidden *float32, rows, width int)
	gruBack  func(gates, state, deltaInput, deltaState, before, up, hidden, cell *float32, rows, width int)
	norms    *normalization
}

// A panel multiplies by so many columns, and columns sums up so many.
type (
	panel struct {
		width   int
		product func(c, a, b, start *float32, crow, arow, astep, brow, rows, steps, then int)
	}
	columns struct {
		width   int
		sumRows func(dst, d *float32, rows, stride int)
	}
)

var avx512 = assembly{
	name:    "avx512",
	lanes:   16,
	gather:  gather512,
	product: []panel{{64, product512x64}, {32, product512x32}, {16, product512x16}, {8, product256x8}},
	sumRows: []columns{{64, sumRows512x64}, {32, sumRows512x32}, {16, sumRows512x16}},
	add:     add512, scale: scale512, mask: mask512, cut: cut512, rectify: rectify512, leaky: leaky512, tanh: tanh512, sigmoid: sigmoid512,
	drop: drop512, softmax: softmax512, adam: adam512, sgd: sgd512, rmsProp: rmsProp512,
	lstm: lstm512, lstmBack: lstmBack512, gru: gru512, gruBack: gruBack512, norms: &norm512,
	squares: func(v []float32) (lanes [squareLanes]float64) {
		squares512(&lanes[0], &v[0], len(v))
		return lanes
	},
}

var avx2 = assembly{
	name:    "avx2",
	lanes:   8,
	gather:  gather256,
	product: []panel{{16, product256x16}, {8, product256x8}},
	sumRows: []columns{{64, sumRows256x64}, {32, sumRows256x32}, {16, sumRows256x16}},
	add:     add256, scale: scale256, mask: mask256, cut: cut256, rectify: rectify256, leaky: leaky256, tanh: tanh256, sigmoid: sigmoid256,
	drop: drop256, softmax: softmax256, adam: adam256, sgd: sgd256, rmsProp: rmsProp256,
	lstm: lstm256, lstmBack: lstmBack256, gru: gru256, gruBack: gruBack256, norms: &norm256,
	squares: func(v []float32) (lanes [squareLanes]float64) {
		squares256(&lanes[0], &v[0], len(v))
		return lanes
	},
}

// set returns the assembly as a set, whose methods have checked the lengths.
func (a *assembly) set() *Set {
	return &Set{
		name: a.name, product: a.multiply, sumRows: a.sum, squares: a.squares, transpose: transposeFast, prefetch: prefetchFast, classes: prefetchClassesFast,
		norm: a.norms.norm, normBack: a.norms.back,
		gather: func(dst, x []float32, rows []int, back, width, stride int) {
			if width < a.lanes {
				gatherPlain(dst, x, rows, back, width, stride)
				return
			}
			a.gather(&dst[0], &x[0], &rows[0], len(rows), back, width, stride)
		},
		add:     func(dst, v []float32) { a.add(&dst[0], &v[0], len(v)) },
		scale:   func(dst, v []float32) { a.scale(&dst[0], &v[0], len(v)) },
		mask:    func(dst, v []float32, scale float32) { a.mask(&dst[0], &v[0], len(v), scale) },
		cut:     func(v []float32, least float32) { a.cut(&v[0], len(v), least) },
		rectify: func(v []float32) { a.rectify(&v[0], len(v)) },
		leaky:   func(v, slope []float32) { a.leaky(&v[0], first(slope), len(v)) },
		tanh:    func(v, slope []float32) { a.tanh(&v[0], first(slope), len(v)) },
		sigmoid: func(v, slope []float32) { a.sigmoid(&v[0], first(slope), len(v)) },
		drop: func(v, slope []float32, rows, stride int, d Draw) {
			a.drop(&v[0], first(slope), rows, stride, d.First, d.Next, d.Threshold, d.Scale)
		},
		softmax: func(z, top, logSum []float32, best []int32, classes int) {
			a.softmax(&z[0], &top[0], &logSum[0], &best[0], len(top), classes)
		},
		adam: func(w, g, m, v []float32, s AdamStep) {
			a.adam(&w[0], &g[0], &m[0], &v[0], len(w), s.Clip, s.Decay, s.Beta1, s.Rest1, s.Beta2, s.Rest2, s.Keep, s.Pace, s.Root, s.Epsilon)
		},
		sgd: func(w, g, m []float32, s SGDStep) {
			a.sgd(&w[0], &g[0], &m[0], len(w), s.Clip, s.Decay, s.Momentum, s.Pace)
		},
		rmsProp: func(w, g, v []float32, s RMSPropStep) {
			a.rmsProp(&w[0], &g[0], &v[0], len(w), s.Clip, s.Decay, s.Alpha, s.Rest, s.Pace, s.Epsilon)
		},
		lstm: func(s LSTMStep) {
			a.lstm(&s.Gates[0], &s.Before[0], &s.Cell[0], &s.Squash[0], &s.Hidden[0], s.Rows, s.Width)
		},
		lstmBack: func(s LSTMBack) {
			a.lstmBack(&s.Gates[0], &s.Delta[0], &s.Squash[0], &s.Before[0], &s.Up[0], &s.Hidden[0], &s.Cell[0], s.Rows, s.Width)
		},
		gru: func(s GRUStep) { a.gru(&s.Gates[0], &s.State[0], &s.Before[0], &s.Hidden[0], s.Rows, s.Width) },
		gruBack: func(s GRUBack) {
			a.gruBack(&s.Gates[0], &s.State[0], &s.DeltaInput[0], &s.DeltaState[0], &s.Before[0], &s.Up[0], &s.Hidden[0], &s.Cell[0], s.Rows, s.Width)
		},
	}
}

// multiply cuts the columns into panels. What is in assembly cannot be interrupted:
// a panel takes microseconds, and a few milliseconds for the widest input that nn
// allows.
func (a *assembly) multiply(p Product) {
	n := 0
	for _, panel := range a.product {
		for ; p.Columns-n >= panel.width; n += panel.width {
			var start *float32
			if p.Start != nil {
				start = &p.Start[n]
			}
			panel.product(&p.C[n], &p.A[0], &p.B[n], start, p.CRow, p.ARow, p.AStep, p.BRow, p.Rows, p.Steps, int(p.Then))
		}
	}
}

func (a *assembly) sum(dst, d []float32, rows, stride int) {
	n := 0
	for _, c := range a.sumRows {
		for ; len(dst)-n >= c.width; n += c.width {
			c.sumRows(&dst[n], &d[n], rows, stride)
		}
	}
}

// transposeFast turns whole blocks of 8 by 8 numbers, and the rest one by one.
func transposeFast(dst, src []float32, rows, columns, dstRow, srcRow int) {
	down, across := rows&^7, columns&^7
	if down > 0 && across > 0 {
		transposeBlocks(&dst[0], &src[0], down/8, across/8, dstRow, srcRow)
	}
	if across < columns {
		transposePlain(dst[across*dstRow:], src[across:], rows, columns-across, dstRow, srcRow)
	}
	if down < rows && across > 0 {
		transposePlain(dst[down:], src[down*srcRow:], rows-down, across, dstRow, srcRow)
	}
}

func prefetchFast(x []float32, rows []int32, width int) {
	prefetchRows(&x[0], &rows[0], len(rows), width)
}

func prefetchClassesFast(class, rows []int32) { prefetchClasses(&class[0], &rows[0], len(rows)) }
