// Package job performs operations: it loads what an order names, lets core
// compute, and saves what came of it. It holds no mathematics of its own.
//
// # Nouns
//
// An order is all that a job needs, as the backend wrote it when the operation
// was submitted; inputs are named in it by content hash. A result is the summary
// that becomes the result of the operation; what is large is uploaded and named
// in it by content hash too.
//
// # Flow
//
//	Training   bars → train.Run → model artifact
//	Sweeps     bars, model → features → outputs → rows of some trials; then those of all → leaderboard, luck
//	Backtest   bars, model → features → outputs → signals → simulation → metrics → trades, equity
//
// # What always holds
//
// A result depends on the order alone: the same order gives the same bytes, on
// every worker and for any number of threads. Nothing is uploaded by a job that
// fails, and a job never returns a partial result.
//
// # What it refuses
//
// Bars that are not the ones the order names, a model whose features are not
// those of the strategy, and orders it cannot read whole.
//
// Start reading at Training, Backtest and Sweeps.
package job
