// Package performance says how good the result of a backtest is.
//
// # Nouns
//
// [Metrics] are the numbers of a report, each with its formula at its field.
// [Annualisation] says how those that speak of a year were brought to a year.
// [Sharpe] holds the error of the Sharpe ratio, without which it means little.
// [Tails] are about the worst days, [Benchmark] about buying and holding instead,
// and a [Period] is a year or month of a table.
//
// # Flow
//
// [Measure] makes one pass over the equity curve for drawdowns, resamples it to
// days, takes the moments of the daily returns, and adds the trades up.
//
// # Annualisation
//
// Ratios come from returns between the last equity points of UTC days, so that
// the same curve sampled by minute or by hour gives the same Sharpe ratio. A day
// is one on which a bar ended; days without bars are not there, rather than
// there with a return of 0. How many such days a year has is measured from the
// data: their number over the time from the first open to the last close. It
// comes out near 261 for a market open on weekdays, near 313 where Sunday evening
// is a day of its own, and near 365 for one that never closes. No constant is
// assumed. Windows shorter than [MinDays] have no annualised numbers.
//
// # What always holds
//
// What is undefined is nil, which is null in JSON, never 0 and never a large
// number. total_return is the sum of the net results of the trades. The same
// result gives the same bits on every CPU.
//
// Start reading at [Metrics], then [Measure].
package performance
