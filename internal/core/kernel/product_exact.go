//go:build !arm64

package kernel

import "math"

// maxSteps bounds the length of the chains that productPlain takes eight at a time.
const maxSteps = 512

// productPlain makes one operand lanes, eight numbers beside each other for every
// step, and multiplies them by the other, number by number without its zeros:
// what is rectified or dropped is mostly zeros. All are float64 by then; see
// chains.
func productPlain(p Product) {
	const fewRows = 4 // for which it does not pay to convert the lanes
	if p.Rows < fewRows || p.Steps > maxSteps {
		productEach(p)
		return
	}
	// The gradient of weights: derivatives have more zeros than values.
	down := p.ARow == 1 && p.Start == nil
	count := p.Columns
	if down {
		count = p.Rows
	}
	var l lanes
	for from := 0; from < count; from += l.count {
		l.convert(&p, from, count, down)
		l.multiply(&p, from)
	}
}

// An extent is how small and how large numbers are, zeros left out: the bits of
// their sizes, of the least one less.
type extent struct{ least, most uint32 }

var noExtent = extent{least: math.MaxUint32}

// with returns the extent of one number more. It is a value, so that it can stay in
// registers.
func (e extent) with(x float32) extent {
	size := math.Float32bits(x) &^ (1 << 31)
	return extent{min(e.least, size-1), max(e.most, size)}
}

// exponents returns the exponents of the least and the largest number.
func (e extent) exponents() (low, high int) {
	return max(1, int(e.least+1)>>23) - 127, int(e.most)>>23 - 127
}

// safe tells whether sums of up to maxSteps products of such numbers stay finite,
// and are 0 or not subnormal: a product is a multiple of 2 to the sum of the least
// exponents less 46, so sums are too.
func (e extent) safe(f extent) bool {
	if e.most == 0 || f.most == 0 {
		return max(e.most, f.most) < 0x7f800000
	}
	low, high := e.exponents()
	low2, high2 := f.exponents()
	return max(high, high2) < 128 && low+low2 >= -126+46 && high+high2 <= 115
}

// safeStart tells whether a chain of such products may begin with x. One that
// begins with -0 could tell a zero that is left out.
func safeStart(x float32) bool {
	size := math.Abs(float64(x))
	return x == 0 && !math.Signbit(float64(x)) || size >= 0x1p-103 && size <= 0x1p125
}

// lanes are some columns of b (or, down, rows of a) as float64: a panel for every
// eight of them, and in it a row for every step.
type lanes struct {
	extent
	down   bool
	unsafe bool // for what they start with
	count  int
	number [maxSteps][8]float64
}

// convert takes lanes from from on, as many as have room.
func (l *lanes) convert(p *Product, from, count int, down bool) {
	v, row := p.B, p.BRow
	if down {
		v, row = p.A, p.AStep
	}
	l.down, l.unsafe = down, false
	l.count = min(count-from, 8*(maxSteps/p.Steps))
	if p.Start != nil {
		for _, x := range p.Start[from:][:l.count] {
			l.unsafe = l.unsafe || !safeStart(x)
		}
	}
	e := noExtent
	for j := 0; j < l.count; j += 8 {
		panel := l.panel(j, p.Steps)
		for k := range panel {
			q := &panel[k]
			*q = [8]float64{}
			for i, x := range v[k*row+from+j:][:min(8, l.count-j)] {
				e = e.with(x)
				q[i] = float64(x)
			}
		}
	}
	l.extent = e
}

func (l *lanes) panel(lane, steps int) [][8]float64 { return l.number[lane/8*steps:][:steps] }

// multiply computes what the lanes are of the product.
func (l *lanes) multiply(p *Product, from int) {
	v, outer, step, count := p.A, p.ARow, p.AStep, p.Rows
	if l.down {
		v, outer, step, count = p.B, 1, p.BRow, p.Columns
	}
	var s list
	for i := range count {
		s.fill(v[i*outer:], step, p.Steps)
		careful := l.unsafe || !l.safe(s.extent)
		if careful {
			s.fillAll(v[i*outer:], step, p.Steps)
		}
		for j := 0; j < l.count; j += 8 {
			var sum [8]float64
			if p.Start != nil {
				for k, x := range p.Start[from+j:][:8] {
					sum[k] = float64(x)
				}
			}
			panel := l.panel(j, p.Steps)
			if careful {
				s.chainsOfAll(&sum, panel)
			} else {
				s.chains(&sum, panel)
			}
			l.finish(p, from+j, i, &sum)
		}
	}
}

// finish writes the chains of eight lanes from lane on with number i of the other
// operand.
func (l *lanes) finish(p *Product, lane, i int, sum *[8]float64) {
	first, apart, count := i*p.CRow+lane, 1, 8
	if l.down {
		first, apart, count = lane*p.CRow+i, p.CRow, min(8, p.Rows-lane)
	}
	c := p.C[first:]
	switch p.Then {
	case Add:
		for k, v := range sum[:count] {
			c[k*apart] += float32(v)
		}
	case Rectify:
		for k, v := range sum[:count] {
			c[k*apart] = rectified(float32(v))
		}
	default:
		for k, v := range sum[:count] {
			c[k*apart] = float32(v)
		}
	}
}

// A list is the numbers of a row of a (or of a column of b), and the steps that
// they belong to.
type list struct {
	extent
	count  int
	number [maxSteps]float64
	at     [maxSteps]uint32
}

// fill leaves zeros out.
func (s *list) fill(v []float32, step, steps int) {
	e, n, at := noExtent, 0, 0
	for k := range steps {
		x := v[at]
		at += step
		e = e.with(x)
		s.number[n&(maxSteps-1)], s.at[n&(maxSteps-1)] = float64(x), uint32(k)
		n += int(-(math.Float32bits(x) &^ (1 << 31)) >> 31)
	}
	s.extent, s.count = e, n
}

// fillAll keeps them.
func (s *list) fillAll(v []float32, step, steps int) {
	for k := range steps {
		s.number[k], s.at[k] = float64(v[k*step]), uint32(k)
	}
	s.count = steps
}

// chainsOfAll continues eight chains, whatever the numbers are.
func (s *list) chainsOfAll(sum *[8]float64, panel [][8]float64) {
	for i, x := range s.number[:s.count] {
		for k, y := range panel[s.at[i]] {
			sum[k] = step(x*y, sum[k])
		}
	}
}

// chains is that for numbers of a safe extent.
func (s *list) chains(sum *[8]float64, panel [][8]float64) {
	for i := 0; ; i++ {
		n, lane := eight(sum, s.number[i:s.count], s.at[i:s.count], panel)
		if i += n; i == s.count {
			return
		}
		q := &panel[s.at[i]]
		for k := lane; k < 8; k++ {
			sum[k] = step(s.number[i]*q[k], sum[k])
		}
	}
}

// eight continues eight chains of FMA, whose sums are float32 but kept as float64,
// and returns how many steps it took and before which lane of the next one it stopped.
// It stops where a sum lies half-way between two float32: there it may not be exact, and
// elsewhere adding half a unit to its bits and cutting the rest off rounds it as
// a single rounding would.
func eight(sum *[8]float64, number []float64, at []uint32, panel [][8]float64) (steps, lane int) {
	const half, below = 1 << 28, 1<<29 - 1 // the bits that a float32 has not
	s0, s1, s2, s3, s4, s5, s6, s7 := sum[0], sum[1], sum[2], sum[3], sum[4], sum[5], sum[6], sum[7]
	at = at[:len(number)]
	steps = len(number)
	for i, x := range number {
		q := &panel[at[i]]
		u := math.Float64bits(s0+x*q[0]) + half
		if u&below == 0 {
			steps, lane = i, 0
			break
		}
		s0 = math.Float64frombits(u &^ below)
		if u = math.Float64bits(s1+x*q[1]) + half; u&below == 0 {
			steps, lane = i, 1
			break
		}
		s1 = math.Float64frombits(u &^ below)
		if u = math.Float64bits(s2+x*q[2]) + half; u&below == 0 {
			steps, lane = i, 2
			break
		}
		s2 = math.Float64frombits(u &^ below)
		if u = math.Float64bits(s3+x*q[3]) + half; u&below == 0 {
			steps, lane = i, 3
			break
		}
		s3 = math.Float64frombits(u &^ below)
		if u = math.Float64bits(s4+x*q[4]) + half; u&below == 0 {
			steps, lane = i, 4
			break
		}
		s4 = math.Float64frombits(u &^ below)
		if u = math.Float64bits(s5+x*q[5]) + half; u&below == 0 {
			steps, lane = i, 5
			break
		}
		s5 = math.Float64frombits(u &^ below)
		if u = math.Float64bits(s6+x*q[6]) + half; u&below == 0 {
			steps, lane = i, 6
			break
		}
		s6 = math.Float64frombits(u &^ below)
		if u = math.Float64bits(s7+x*q[7]) + half; u&below == 0 {
			steps, lane = i, 7
			break
		}
		s7 = math.Float64frombits(u &^ below)
	}
	*sum = [8]float64{s0, s1, s2, s3, s4, s5, s6, s7}
	return steps, lane
}
