// Package feature turns bars into the rows that a network reads. It is the only
// place that does: training, backtests and explanations call the same Build, so
// that a row means the same everywhere, to the last bit.
//
// # Nouns
//
// A [Frame] is what is known of one symbol: one series per timeframe. A [Matrix]
// has one row per base bar and one column per feature of the strategy, in the
// strategy's canonical order. A [Schema] names the columns and hashes what they
// mean; a model keeps it and refuses rows of another one. A [Scaling] holds the
// constants of the scaled inputs and the places of sets that follow from data,
// which a training fits and its model keeps.
//
// # Flow
//
//	series of each timeframe ─ indicators ─┐  each computed once, on the native bars
//	                                       ├─ join to base bars, as of availability
//	fuzzy sets of the strategy ────────────┴─ degrees, values ─ scaling ─ rows
//
// # Joining timeframes
//
// The row of base bar t is what is known when t closes, at time C. From every
// other timeframe, and from every source of the context, it takes the latest bar
// that is available at C, whether its timeframe is longer or shorter than the base
// or the same. A four-hour bar that opens at
// 08:00 is therefore first seen in the row of the hour that opens at 11:00: both
// end at 12:00.
//
// Where a timeframe has a hole, its last bar before the hole stands for a while:
// until the base bars that have closed since are together longer than two bars
// of the longer of both timeframes. After that the value is not known. Base bars
// are counted, and not time, so that nights, weekends and holidays, when neither
// timeframe has bars, do not count.
//
// # What always holds
//
//   - No value is used before it is available: changing any bar that is not
//     available when base bar t closes leaves the row of t as it is.
//   - A row depends on the bars alone: not on the span asked for, and not on
//     bars that come later.
//   - What is not known is NaN: before an indicator's lookback, before the first
//     bar of a timeframe, in its holes. Nothing is filled in.
//   - Indicators and degrees are float64; a value is rounded to float32 once,
//     when it is put into its row.
//
// # What it refuses
//
// Rows of a strategy with scaled inputs without the constants that were fitted for
// it, and constants of other inputs; inputs that have one value in all training
// rows. A frame that lacks a timeframe or a source of the strategy, holds no bars of
// it, or holds bars of another symbol or timeframe under its name.
//
// Start reading at [Build].
package feature
