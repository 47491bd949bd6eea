// Package market holds the nouns that every other package speaks about: a
// Symbol, a Timeframe, and a Series of bars.
//
// # Time
//
// Times are UTC and are kept as Unix seconds in columns. A bar carries the time
// at which it opens; what it says is available only when it ends
// ([Timeframe.End]). Everything that joins bars of different timeframes joins
// them by that availability, never by their stamp.
//
// # Not known is NaN
//
// A value that is not known is NaN and stays NaN. Prices are never NaN; a
// volume is NaN where the source reports none, and so is a [Quote] where there is
// none. Most series have no quotes at all, and then no columns for them.
//
// # What always holds
//
// A Series that passed [Series.Validate] has columns of one length, strictly
// increasing times, finite positive prices, high and low that enclose open and
// close, volumes that are NaN or at least zero, and quotes that are NaN on both
// sides or an ask that is at least the bid.
//
// Start reading at [Series].
package market
