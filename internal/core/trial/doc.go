// Package trial simulates the trials of a sweep on what they share: the bars, and
// what one model said about them.
//
// # Nouns
//
// [Inputs] are those of a backtest before anything is decided: bars, the outputs
// of the network, and the costs of the request. [Shared] is what follows from them
// for all trials of a space. A row (sweep.Row) is what comes of one.
//
// # How it is fast
//
// A trial goes from order to order, not from bar to bar. The next signal is found in
// a set of bits, which is changed, not made anew, from one confidence threshold to
// the next; where a price leaves the exits, in the extremes of eight bars at a time; the
// drawdown during a position, from the extremes of its closes, because equity and
// close rise and fall together, rounding included; returns, at the ends of days.
// A spread is worked out at each bar once for all trials that pay it. Thirty-two
// trials go through the same bars side by side, so that the bars are fetched from
// memory once for all of them.
//
// Where there are vectors of 512 bits, those of the trials whose costs are shares of
// their value and whose levels do not move are taken on in rounds, a trade of each at a
// time: eight of them by the same instructions, and without branches, which nobody
// could predict. Those with about as many trades stand side by side, so that none
// waits. What is rare, a new peak of the equity for one, is left to the way from order
// to order, which is the reference of the rounds. A single trial without exits goes
// through one loop with everything in it, so that a trade waits for the one before it
// with its quantity only.
//
// Policies that need every bar (financing, sizes by volatility, commissions
// by volume), and trials that use their equity up, are simulated by package backtest.
//
// # What always holds
//
// The row of a trial has the bits of the report that a backtest of the strategy
// file of that trial makes, order hash included, wherever the trial stands in its
// space and whatever range it is evaluated in.
//
// Start reading at [Prepare] and [Evaluator.Evaluate].
package trial
