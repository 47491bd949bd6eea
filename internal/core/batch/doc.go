// Package batch works out many trades of a plain policy at a time: of those that enter
// and leave at opens, by signals, at costs that are fractions.
//
// A [Batch] is some trades after each other, in columns. How large a trade is depends on
// the equity that the one before it left: that is a chain of operations of which each
// waits for another, and everything else that a trade needs is done meanwhile
// ([Batch.Run]). What trades make of the equity at each close is no chain ([Batch.Mark]).
//
// # What always holds
//
// The operations are those of package backtest, which does everything else: what is left
// out is the addition of nothing and the product with one. What is rare ends a batch
// before it.
//
// Start reading at [Batch].
package batch
