// Package rolling is what indicators are built of: numbers about the last values
// of a column, given as the values come.
//
// # Nouns
//
// A window is the last n values. An [Extreme] is the highest or lowest of a window,
// a [Band] both, an [Age] says how long ago it came, and a [Deviation] is the sum of
// the distances from a center that moves.
//
// # What always holds
//
// However a column is cut into parts, the bits are the same: a part may be one
// value. So are they in every form of the functions that are worth vectors (plain
// Go, AVX2 and AVX-512, chosen when the program starts): plain Go defines them, and
// TestSets holds the others to it. Sums are taken in an order that is part of the
// definition, and no result depends on how the compiler combines operations.
//
// # What it refuses
//
// Parts of more than [Chunk] values, where a comment says so: a panic.
//
// # Where the assembly comes from
//
// rolling_amd64.s is written by tools/rolling; make gen runs it. Start reading at
// [Extreme] and highestPlain.
package rolling
