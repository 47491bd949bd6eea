// Package backtest trades the signals of a model on past bars.
//
// # Nouns
//
// An [Input] is a window of bars with one raw signal per bar and the rules to
// decide by. [Options] say what trading costs and how large an order is. A
// [Simulation] goes through the window; its [ledger.State] is everything it knows, in
// one value. A trade is a position from entry to exit. A [Result] is what came of
// it, written out; [Books] are the same in a few words per trade, from which trades,
// equity and positions are made for those who ask. What is written down, and its
// form in bytes, is package ledger.
//
// # Flow
//
// On each bar t, in this order:
//
//  1. The order decided on bar t-1 is filled at the open of t, moved against us
//     by the slippage and half the spread, at a commission.
//  2. The exits of the position are looked at (Options.Exits): first what the open
//     of t decides, then what happened within the bar, then what its close does.
//     Where a bar reaches a stop and a target, the stop came first, unless finer
//     bars say otherwise. A price that a gap jumps over is filled at the open
//     behind it. A stop slips like every market order; a target is a limit order
//     and does not. A margin call is a stop at the price at which equity becomes
//     too small a share of the position.
//  3. Equity is marked at the close of t. An open position counts what it would
//     bring at the close, without the costs of an exit that has not happened.
//  4. If equity is not above zero, the position is closed at that close and
//     trading stops for good ([ledger.Bankruptcy]).
//  5. decision.Rules.Decide looks at the signal of t. What it decides is filled
//     at the open of t+1.
//
// At the close of the last bar an open position is closed at that close, and the
// costs of it are in the last point of the equity curve. An order decided on the
// last bar has no bar to be filled on; it is counted as unfilled.
//
// # What always holds
//
// Nothing at bar t depends on a bar after t, or on the open and the volume of t+1
// except as the price at which what was decided is filled, and how much of it.
// There is one position at a time. A spread by quotes is that of the last quote
// known: at the open of t and within it that of t-1, at its close that of t.
// Prices of bars are mid prices; a level of an
// exit is compared with the price at which the position would be left. A fill lies
// within its bar, moved by costs only.
//
// A [Portfolio] does the same for several symbols with the money of one account,
// which is called within bars as a single position is.
// What of all this a run assumed, package assumption says in words.
//
// Money is kept twice, as what was realised and as what is open, and only a
// closing trade moves the one into the other. Equity while flat is Capital plus
// the sum, in order, of the net results of the trades, by construction and to
// the last bit; both commissions of a trade and what its nights cost are in its
// net result.
//
// The same input gives the same bits on every CPU, and when it is simulated in
// parts, cut at any bar, or resumed from a state, also by another process:
// [RunFrom] saves states as bytes that are bound to the [ledger.Work] they belong to.
//
// # What it refuses
//
// Costs and sizes out of range, columns of different lengths, and prices that
// are not finite and positive where they are used. It does not repair, skip or
// guess. An order too small for one unit is counted, not rounded up.
//
// Start reading at [Simulate], then [Simulation.Advance].
package backtest
