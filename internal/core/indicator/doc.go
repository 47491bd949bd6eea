// Package indicator says what an indicator is: what it takes and gives, and how it
// turns price columns into indicator columns.
//
// # Nouns
//
// A [Spec] is an entry of the catalogue: a name, the parameters it takes, the
// outputs it gives. An [Indicator] is an entry with its parameters set. A
// [Value] is what a parameter is set to. A [Machine] computes as bars come.
//
// # Where indicators are
//
// Families hold them: packages average, momentum, trend, volatility, volume and
// single below this one. Package catalog finds them by name. The plain functions of
// the families (average.EMA, momentum.RSI, …) are the mathematics and stand alone.
//
// # Flow
//
// catalog.Lookup finds an entry by name, [Spec.New] checks parameters and makes an
// Indicator, [Indicator.Compute] makes the columns of a series in one pass.
//
// # What always holds
//
// A value depends on bars up to its own and on nothing else, but for what is
// said to repaint. Values before an output's lookback are NaN, and all later
// ones are known, but for the gaps that a Spec names. The same bars give the
// same bits on every processor: no result depends on how the compiler combines
// operations, and logarithm, sine, cosine and arctangent are this package's own.
// Recursions begin at the first bar they are given; after [Indicator.WarmUp]
// bars that no longer matters.
//
// # Definitions
//
// Where the original KTRDR computes something else than the textbooks, the
// parameter definition chooses: textbook, the default, is what TA-Lib or the
// author's paper computes, and ktrdr the original's formula. Where the original
// shows numbers before an indicator is determined (0, 50, 1), here is NaN, and
// its defects have no definition: a SuperTrend that is never known, a
// displacement without effect, an EMA bent for one test. Parameters that it took
// without effect are refused ([Spec.Obsolete]).
//
// # Volume, repainting, running totals
//
// What is computed from volumes is NaN where they are not reported, never 0
// ([Spec.Volume]). An indicator whose past changes with later bars is for charts
// only ([Spec.Repaints]); a strategy may not use it. A running total depends on
// where the series begins ([Indicator.Anchored]).
//
// # Streaming
//
// Every indicator is a machine that goes on as bars come, one at a time
// ([Indicator.Stream]) or a column at once ([Indicator.Compute]), with the same
// bits. Machines are built from the parts in package rolling. Eight of the most used
// also have a function for whole columns, such as momentum.RSI, which the suite
// holds to the bits of their machine.
//
// # What it refuses
//
// Unknown parameters, values out of range and periods that contradict each
// other are errors that name the parameter. Wrong slice lengths are the
// caller's mistake and panic.
//
// # Adding one
//
// Write one file with the machine and its Spec in the family where people will look
// for it, and add a line to Specs in its doc.go. The suite in indicatortest then
// tests it; add numbers from elsewhere. Start reading at momentum.go in package
// momentum, then rsi.go.
package indicator
