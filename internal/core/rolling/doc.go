// Package rolling is what indicators are built of: numbers about the last values
// of a column, given as the values come.
//
// # Nouns
//
// A window is the last n values. Of one there are the mean or the sum ([Average], and
// [Brief] for few values), the deviations from the mean ([Spread]), sums with
// weights ([Ramp]), the highest and lowest ([Extreme], [Band], [Extent]) and how
// long ago they came ([Age]), the distances from a center that moves ([Deviation])
// and the value that leaves ([Lag]). A [Follower] is an average that never forgets.
// prices.go holds the arithmetic of a bar and the one before it.
//
// # What always holds
//
// However a column is cut into parts, the bits are the same: a part may be one
// value. So are they in every form of the functions that are worth vectors (plain
// Go, AVX2 and AVX-512, chosen when the program starts): plain Go defines them, and
// TestSets and TestMeans hold the others to it. Sums are taken in an order that is
// part of the definition, and no result depends on how the compiler combines
// operations. A value costs a few operations, or the logarithm of n, whatever n is.
//
// # What it refuses
//
// Parts of more than [Chunk] values, where a comment says so: a panic.
//
// # Where the assembly comes from
//
// rolling_amd64.s is written by tools/rolling; make gen runs it. Start reading at
// [Average], then [Extreme] and highestPlain.
package rolling
