// Package elementary computes exponentials, logarithms, hyperbolic tangents,
// sigmoids and cosines with the same bits on every CPU, which package math does
// not promise.
//
// The functions of networks are in float32, the cosine of schedules is in
// float64. Each is a polynomial whose products and sums are rounded one by one;
// their comments state range and error. What they do with NaN and infinity is
// stated too; nothing panics.
//
// Start reading at [Exp].
package elementary
