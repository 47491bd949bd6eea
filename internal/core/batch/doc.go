// Package batch works out many trades of a plain policy at a time: of those that enter
// and leave at opens, by signals, at costs that are fractions.
//
// A [Batch] is some trades after each other. It takes three passes over columns. At
// which bars the trades begin and end does not depend on the equity ([Batch.Plan]). How
// large they are does, from one to the next: that is a chain of operations of which each
// waits for the one before, so that everything else that a trade needs is done meanwhile
// ([Batch.Chain]). What they make of the equity at each close is no chain again
// ([Batch.Mark]).
//
// # What always holds
//
// The operations are those of package backtest, which does everything else: what is left
// out is the addition of nothing and the product with one. What is rare ends a batch
// before it.
//
// Start reading at [Batch].
package batch
