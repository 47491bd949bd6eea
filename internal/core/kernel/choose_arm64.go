package kernel

// fast returns the set of NEON, which every such processor has: plain Go with the
// functions of kernels_arm64.s in place of its own.
func fast() []*Set {
	set := plain
	set.name = "neon"
	set.product, set.sumRows = multiplyNeon, sumNeon
	set.squares = func(v []float32) (lanes [squareLanes]float64) {
		squaresNeon(&lanes[0], &v[0], len(v))
		return lanes
	}
	set.add = func(dst, v []float32) { addNeon(&dst[0], &v[0], len(v)) }
	set.scale = func(dst, v []float32) { scaleNeon(&dst[0], &v[0], len(v)) }
	set.mask = func(dst, v []float32, scale float32) { maskNeon(&dst[0], &v[0], len(v), scale) }
	set.cut = func(v []float32, least float32) { cutNeon(&v[0], len(v), least) }
	set.rectify = func(v []float32) { rectifyNeon(&v[0], len(v)) }
	set.drop = func(v, slope []float32, rows, stride int, d Draw) {
		var to *float32
		if slope != nil {
			to = &slope[0]
		}
		dropNeon(&v[0], to, rows, stride, d.First, d.Next, d.Threshold, d.Scale)
	}
	set.adam = func(w, g, m, v []float32, s AdamStep) {
		adamNeon(&w[0], &g[0], &m[0], &v[0], len(w), s.Clip, s.Decay, s.Beta1, s.Rest1, s.Beta2, s.Rest2, s.Keep, s.Pace, s.Root, s.Epsilon)
	}
	set.sgd = func(w, g, m []float32, s SGDStep) {
		sgdNeon(&w[0], &g[0], &m[0], len(w), s.Clip, s.Decay, s.Momentum, s.Pace)
	}
	set.rmsProp = func(w, g, v []float32, s RMSPropStep) {
		rmsPropNeon(&w[0], &g[0], &v[0], len(w), s.Clip, s.Decay, s.Alpha, s.Rest, s.Pace, s.Epsilon)
	}
	return []*Set{&set}
}

// multiplyNeon cuts the columns into panels.
func multiplyNeon(p Product) {
	for n := 0; n < p.Columns; {
		width, panel := 16, productNeonx16
		if p.Columns-n < width {
			width, panel = 8, productNeonx8
		}
		var start *float32
		if p.Start != nil {
			start = &p.Start[n]
		}
		panel(&p.C[n], &p.A[0], &p.B[n], start, p.CRow, p.ARow, p.AStep, p.BRow, p.Rows, p.Steps, int(p.Then))
		n += width
	}
}

func sumNeon(dst, d []float32, rows, stride int) {
	for n := 0; n < len(dst); {
		width, panel := 64, sumRowsNeonx64
		if len(dst)-n < width {
			width, panel = 16, sumRowsNeonx16
		}
		panel(&dst[n], &d[n], rows, stride)
		n += width
	}
}
