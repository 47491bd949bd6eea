package kernel

import "math"

// maxSteps bounds the length of the chains that productPlain takes eight at a time.
const maxSteps = 512

// productPlain makes one operand lanes, eight numbers beside each other for every
// step, and multiplies them by the other, number by number without its zeros:
// what is rectified or dropped is mostly zeros.
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

// lanes are some columns of b (or, down, rows of a): a panel for every four of them,
// and in it a row for every step.
type lanes struct {
	extent
	down   bool
	unsafe bool // for what they start with
	count  int
	number [2 * maxSteps][4]wide
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
	for j := 0; j < l.count; j += 4 {
		panel := l.panel(j, p.Steps)
		for k := range panel {
			q := &panel[k]
			*q = [4]wide{}
			for i, x := range v[k*row+from+j:][:min(4, l.count-j)] {
				e = e.with(x)
				q[i] = wide(x)
			}
		}
	}
	l.extent = e
}

func (l *lanes) panel(lane, steps int) [][4]wide { return l.number[lane/4*steps:][:steps] }

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
			var sum [8]wide
			if p.Start != nil {
				for k, x := range p.Start[from+j:][:8] {
					sum[k] = wide(x)
				}
			}
			low, high := l.panel(j, p.Steps), l.panel(j+4, p.Steps)
			if careful {
				s.chainsOfAll(&sum, low, high)
			} else {
				s.chains(&sum, low, high)
			}
			l.finish(p, from+j, i, &sum)
		}
	}
}

// finish writes the chains of eight lanes from lane on with number i of the other
// operand.
func (l *lanes) finish(p *Product, lane, i int, sum *[8]wide) {
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
	number [maxSteps]wide
	at     [maxSteps]uint32
}

// fill leaves zeros out.
func (s *list) fill(v []float32, step, steps int) {
	e, n, at := noExtent, 0, 0
	for k := range steps {
		x := v[at]
		at += step
		e = e.with(x)
		s.number[n&(maxSteps-1)], s.at[n&(maxSteps-1)] = wide(x), uint32(k)
		n += int(-(math.Float32bits(x) &^ (1 << 31)) >> 31)
	}
	s.extent, s.count = e, n
}

// fillAll keeps them.
func (s *list) fillAll(v []float32, step, steps int) {
	for k := range steps {
		s.number[k], s.at[k] = wide(v[k*step]), uint32(k)
	}
	s.count = steps
}
