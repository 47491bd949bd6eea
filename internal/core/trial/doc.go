// Package trial simulates the trials of a sweep on what they share: the bars, and
// what one model said about them.
//
// # Nouns
//
// [Inputs] are those of a backtest before anything is decided: bars, the outputs
// of the network, and the costs of the request. [Shared] is what follows from them
// for all trials of a space. A row (sweep.Row) is what comes of one.
//
// # What always holds
//
// The row of a trial has the bits of the report that a backtest of the strategy
// file of that trial makes, order hash included, wherever the trial stands in its
// space and whatever range it is evaluated in.
//
// Start reading at [Prepare] and [Shared.Evaluate].
package trial
