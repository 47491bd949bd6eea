package kernel

import "fmt"

// Width rounds a number of units up to what a row of the kernels' matrices
// holds, a multiple of 16. What the rounding adds are the spare columns.
func Width(units int) int { return (units + 15) &^ 15 }

// leak is the slope of leaky rectification below 0.
const leak = 0.01

// squareLanes is the number of partial sums of Squares.
const squareLanes = 32

// A Set is one implementation of all kernels. The zero value is none; Best and
// All give them. All sets give the same bits, and any number of goroutines may
// use one at the same time.
//
// The methods check that what they are given is long enough and panic where it
// is not, because an implementation in assembly writes where it is told.
type Set struct {
	name      string
	product   func(p Product)
	gather    func(dst, x []float32, rows []int, back, width, stride int)
	sumRows   func(dst, d []float32, rows, stride int)
	add       func(dst, v []float32)
	scale     func(dst, v []float32)
	mask      func(dst, v []float32, scale float32)
	cut       func(v []float32, least float32)
	rectify   func(v []float32)
	leaky     func(v, slope []float32)
	tanh      func(v, slope []float32)
	sigmoid   func(v, slope []float32)
	drop      func(v, slope []float32, rows, stride int, d Draw)
	softmax   func(z, top, logSum []float32, best []int32, classes int)
	squares   func(v []float32) [squareLanes]float64
	transpose func(dst, src []float32, rows, columns, dstRow, srcRow int)
	prefetch  func(x []float32, ends []int32, width int)
	classes   func(class, rows []int32)
	adam      func(w, g, m, v []float32, s AdamStep)
	sgd       func(w, g, m []float32, s SGDStep)
	rmsProp   func(w, g, v []float32, s RMSPropStep)
	lstm      func(s LSTMStep)
	lstmBack  func(s LSTMBack)
	gru       func(s GRUStep)
	gruBack   func(s GRUBack)
	norm      func(n Norm)
	normBack  func(n NormBack)
}

// Name returns what the set is called: plain, neon, avx2 or avx512.
func (s *Set) Name() string { return s.name }

// Then is what a Product does with a chain.
type Then int

// Store writes the chain, Rectify writes 0 where the chain is below 0 and the
// chain elsewhere, Add adds the chain to what is there.
const (
	Store Then = iota
	Rectify
	Add
)

// A Product is a matrix product of float32, made of one chain for every element:
//
//	chain = fma(a[m,K-1], b[K-1,n], … fma(a[m,1], b[1,n], fma(a[m,0], b[0,n], start[n])))
//
// a[m,k] is A[m·ARow+k·AStep], b[k,n] is B[k·BRow+n], c[m,n] is C[m·CRow+n]. A nil
// Start is +0. Columns is a multiple of 8. It serves a layer (a the values, b
// the weights, start the biases), the way back to its inputs (b the transposed
// weights), and the gradient of its weights (a the values with ARow 1, so that
// the chain runs down the rows).
type Product struct {
	C, A, B, Start          []float32
	CRow, ARow, AStep, BRow int
	Rows, Columns, Steps    int
	Then                    Then
}

// Multiply computes a Product.
func (s *Set) Multiply(p Product) {
	if p.Rows == 0 || p.Columns == 0 {
		return
	}
	switch {
	case p.Rows < 0 || p.Columns < 0 || p.Columns%8 != 0 || p.Steps < 1 || p.CRow < p.Columns || p.BRow < p.Columns || p.ARow < 0 || p.AStep < 0,
		len(p.C) < (p.Rows-1)*p.CRow+p.Columns, len(p.B) < (p.Steps-1)*p.BRow+p.Columns,
		len(p.A) <= (p.Rows-1)*p.ARow+(p.Steps-1)*p.AStep, p.Start != nil && len(p.Start) < p.Columns:
		panic(fmt.Sprintf("kernel: product of (%d,%d) by (%d,%d) with rows of %d, %d and %d in %d, %d and %d numbers", p.Rows, p.Steps, p.Steps, p.Columns,
			p.ARow, p.BRow, p.CRow, len(p.A), len(p.B), len(p.C)))
	}
	s.product(p)
}

// Gather copies the rows of x with those numbers, less back, to dst.
//
//	dst[r·stride+j] = x[(rows[r]-back)·width+j], j < width
func (s *Set) Gather(dst, x []float32, rows []int, back, width, stride int) {
	if len(rows) == 0 {
		return
	}
	low, high := rows[0], rows[0]
	for _, r := range rows {
		low, high = min(low, r), max(high, r)
	}
	want(width >= 1 && width <= stride && low >= back && (high-back+1)*width <= len(x) && len(dst) >= (len(rows)-1)*stride+width, "Gather")
	s.gather(dst, x, rows, back, width, stride)
}

// SumRows adds the sum of every column of d, one chain down the rows that
// begins with +0, to dst. d is (rows,stride), of which the first len(dst)
// columns count.
func (s *Set) SumRows(dst, d []float32, rows, stride int) {
	if len(dst) == 0 || rows == 0 {
		return
	}
	want(len(dst)%16 == 0 && len(dst) <= stride && len(d) >= (rows-1)*stride+len(dst), "SumRows")
	s.sumRows(dst, d, rows, stride)
}

// Add adds v to dst.
func (s *Set) Add(dst, v []float32) {
	if pairs(dst, v, "Add") {
		s.add(dst, v)
	}
}

// Scale multiplies dst by v, element by element.
func (s *Set) Scale(dst, v []float32) {
	if pairs(dst, v, "Scale") {
		s.scale(dst, v)
	}
}

// Mask multiplies dst by scale where v is above 0 and sets it to +0 elsewhere.
func (s *Set) Mask(dst, v []float32, scale float32) {
	if pairs(dst, v, "Mask") {
		s.mask(dst, v, scale)
	}
}

// Cut sets v to +0 where it is below least in size.
func (s *Set) Cut(v []float32, least float32) {
	if pairs(v, v, "Cut") {
		s.cut(v, least)
	}
}

// Rectify sets v to +0 where it is below 0.
func (s *Set) Rectify(v []float32) {
	if pairs(v, v, "Rectify") {
		s.rectify(v)
	}
}

// Leaky multiplies v by 1 where it is above 0 and by 0.01 elsewhere, and writes
// that factor to slope, if that is not nil.
func (s *Set) Leaky(v, slope []float32) {
	if activation(v, slope, "Leaky") {
		s.leaky(v, slope)
	}
}

// Tanh replaces v by h = elementary.Tanh(v) and writes 1-h² to slope, if that is
// not nil.
func (s *Set) Tanh(v, slope []float32) {
	if activation(v, slope, "Tanh") {
		s.tanh(v, slope)
	}
}

// Sigmoid replaces v by h = elementary.Sigmoid(v) and writes h(1-h) to slope, if
// that is not nil.
func (s *Set) Sigmoid(v, slope []float32) {
	if activation(v, slope, "Sigmoid") {
		s.sigmoid(v, slope)
	}
}

// Drop sets elements of v and slope to +0, as d has it, and multiplies the rest
// by d.Scale. Both are (rows,stride); a nil slope is left out.
func (s *Set) Drop(v, slope []float32, rows, stride int, d Draw) {
	if activation(v, slope, "Drop") {
		want(stride%16 == 0 && len(v) == rows*stride, "Drop")
		s.drop(v, slope, rows, stride, d)
	}
}

// Softmax replaces the columns of z by their probabilities and writes the
// largest z, the logarithm of the sum of the shifted exponentials, and the number
// of the largest, of equals the first.
//
//	best = first c of the largest z[c]    top = z[best]
//	sum = Σ exp(z[c] - top), in the order of the classes
//	p[c] = exp(z[c] - top) / sum    logSum = log(sum)
//
// z is (classes,N), the others are (N), N a multiple of 16.
//
// NaN:    a column with a NaN or +Inf has NaN throughout, and in logSum; a NaN is
// the largest only where it is the first.
func (s *Set) Softmax(z, top, logSum []float32, best []int32, classes int) {
	if pairs(top, logSum, "Softmax") {
		want(classes >= 1 && len(z) == classes*len(top) && len(best) == len(top), "Softmax")
		s.softmax(z, top, logSum, best, classes)
	}
}

// Squares returns Σ v², summed in float64 in 32 lanes: element i belongs to lane
// i mod 32; then lane l+16 is added to lane l, lane l+8 to lane l, and so on.
func (s *Set) Squares(v []float32) float64 {
	want(len(v)%squareLanes == 0, "Squares")
	if len(v) == 0 {
		return 0
	}
	lanes := s.squares(v)
	for half := squareLanes / 2; half > 0; half /= 2 {
		for l := range half {
			lanes[l] += lanes[l+half]
		}
	}
	return lanes[0]
}

// Transpose writes the first columns columns of src turned round to dst.
//
//	dst[c·dstRow+r] = src[r·srcRow+c]
func (s *Set) Transpose(dst, src []float32, rows, columns, dstRow, srcRow int) {
	if rows == 0 || columns == 0 {
		return
	}
	want(rows <= dstRow && columns <= srcRow && len(src) >= (rows-1)*srcRow+columns && len(dst) >= (columns-1)*dstRow+rows, "Transpose")
	s.transpose(dst, src, rows, columns, dstRow, srcRow)
}

// Prefetch asks the processor to bring the rows of x with those numbers near.
// x is (N,width). It changes nothing.
func (s *Set) Prefetch(x []float32, rows []int32, width int) {
	if len(rows) > 0 {
		s.prefetch(x, rows, width)
	}
}

// PrefetchClasses does that for the numbers of those rows.
func (s *Set) PrefetchClasses(class, rows []int32) {
	if len(rows) > 0 {
		s.classes(class, rows)
	}
}

// pairs tells whether there is anything to do for two slices of one length.
func pairs(dst, v []float32, name string) bool {
	want(len(dst) == len(v) && len(dst)%16 == 0, name)
	return len(dst) > 0
}

func activation(v, slope []float32, name string) bool {
	return pairs(v, v, name) && (slope == nil || pairs(slope, v, name))
}

// want panics where a caller broke the rules of a kernel.
func want(ok bool, name string) {
	if !ok {
		panic("kernel: " + name + ": the slices do not have the lengths that it asks for")
	}
}
