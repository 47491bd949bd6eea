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
	set.leaky = func(v, slope []float32) { leakyNeon(&v[0], first(slope), len(v)) }
	set.tanh = func(v, slope []float32) { tanhNeon(&v[0], first(slope), len(v)) }
	set.sigmoid = func(v, slope []float32) { sigmoidNeon(&v[0], first(slope), len(v)) }
	set.drop = func(v, slope []float32, rows, stride int, d Draw) {
		dropNeon(&v[0], first(slope), rows, stride, d.First, d.Next, d.Threshold, d.Scale)
	}
	set.softmax = func(z, top, logSum []float32, best []int32, classes int) {
		softmaxNeon(&z[0], &top[0], &logSum[0], &best[0], len(top), classes)
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
	set.lstm = func(s LSTMStep) {
		lstmNeon(&s.Gates[0], &s.Before[0], &s.Cell[0], &s.Squash[0], &s.Hidden[0], s.Rows, s.Width)
	}
	set.lstmBack = func(s LSTMBack) {
		lstmBackNeon(&s.Gates[0], &s.Delta[0], &s.Squash[0], &s.Before[0], &s.Up[0], &s.Hidden[0], &s.Cell[0], s.Rows, s.Width)
	}
	set.gru = func(s GRUStep) { gruNeon(&s.Gates[0], &s.State[0], &s.Before[0], &s.Hidden[0], s.Rows, s.Width) }
	set.gruBack = func(s GRUBack) {
		gruBackNeon(&s.Gates[0], &s.State[0], &s.DeltaInput[0], &s.DeltaState[0], &s.Before[0], &s.Up[0], &s.Hidden[0], &s.Cell[0], s.Rows, s.Width)
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
