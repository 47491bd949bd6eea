// Package kernel is the float32 arithmetic of networks, in forms that give the same
// bits: plain Go, and assembly for AVX2 with FMA, for AVX-512 and for NEON.
//
// # Nouns
//
// A [Set] is all kernels in one form. [Best] is the fastest that the processor can
// run, found once when the program starts; [All] is every one, for tests. A
// kernel works on matrices of float32 whose rows are a multiple of 16 numbers
// long ([Width]); the spare columns hold what does no harm.
//
// # The arithmetic contract
//
// What follows, with the formulas of the kernels, defines the bits of every
// trained weight. An implementation that gives others is wrong, on any processor;
// changing the contract is a new version of the engine.
//
//  1. An element of a matrix product is one chain of fused multiply-adds over the
//     summation index in increasing order, from a given start on; [Product]. The
//     lanes of a vector are elements, never parts of one sum, so the width of the
//     vectors does not show.
//  2. Everything else rounds each product, sum, quotient and root by itself, in
//     the order in which the formula stands. Sums of squares are in float64, in 32
//     lanes; [Set.Squares].
//  3. exp, log, tanh and sigmoid are the polynomials of package elementary.
//     Division and square root are those of IEEE 754; no estimates.
//  4. Subnormal numbers are kept as IEEE 754 has them, because plain Go cannot
//     flush them for nothing as processors can. They are kept from arising where
//     they would often: exp gives +0 for one, and derivatives by the outputs,
//     gradients and moments are cut off far above them; [AdamStep], [Set.Cut].
//  5. Randomness is a hash of a counter; [Draw].
//  6. Which NaN a result is, is not defined.
//
// TestSets holds all sets together on random shapes and numbers, infinities, NaN
// and subnormal numbers among them; the tests of package nn do the same with whole
// trainings.
//
// # Why products are fused
//
// A fused multiply-add is what the vector units of today's processors do at their
// full rate; a product and a sum of their own take twice the time. Go has none
// for float32 that means the same everywhere. For arm64, riscv64 and version 3 of
// amd64 its compiler fuses a product and a sum, and tests see to it that it does;
// elsewhere, as on amd64 by default, [FMA] is made from float64, and products of
// many rows take some nine instructions for each. That is the price of plain Go on
// amd64, where it serves processors without AVX2 and as the word on what is right: a
// training takes thirty times as long as in AVX-512, or fourteen times where it is
// fused.
//
// # What it refuses
//
// Slices too short for the shape: a panic, before assembly touches memory.
//
// # Where the assembly comes from
//
// kernels_amd64.s is written by tools/kernels and kernels_arm64.s by tools/neon; make
// gen runs both. On arm64 layer normalization, and what only moves numbers, is
// plain Go. Start reading at [Set.Multiply] and productPlain.
package kernel
