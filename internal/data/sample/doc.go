// Package sample makes up markets: for trying the system without data, for
// tests, and for benchmarks that must see the same bars everywhere.
//
// [Generate] makes a market of minutes and gathers them into bars of the
// timeframe asked for, so that all timeframes of one seed and start show the
// same market and may be used together. Prices walk at random around 1.1, with
//
//   - volatility that switches between calm, usual and nervous, and differs by
//     the hour of the day;
//   - drift that switches between up, none and down, and lasts for some four
//     days at a time. This is the planted edge: the move of the last day says
//     something about the next, enough to outlive a cost of some 0.1 % per
//     trade, and a network that is shown momentum can learn it;
//   - a weak pull back to 1.1, so that the market stays where it is over years;
//   - a spread, where quotes are asked for, that is wide when little happens and
//     widest after a weekend; a bar has the quote of its last minute;
//   - closed weekends (Saturday and Sunday, UTC), with a gap on Monday.
//
// The edge is there by construction. A profit in a sample market says that the
// machinery works and nothing about any real market.
//
// [BenchSeries] makes the bench series, whose bytes are published so that other
// engines can be run on the same bars.
//
// The same options give the same bits on every machine: only + - * / and floor
// are used, and every product is rounded before it is added to anything.
package sample
