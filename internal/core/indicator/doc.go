// Package indicator turns price columns into indicator columns.
//
// # Nouns
//
// A [Spec] is an entry of the catalogue: a name, the parameters it takes, the
// outputs it gives. An [Indicator] is an entry with its parameters set. A
// [Value] is what a parameter is set to. The plain functions (RSI, MACD, …) are
// the mathematics and stand alone.
//
// # Flow
//
// [Lookup] finds an entry by name, [Spec.New] checks parameters and makes an
// Indicator, [Indicator.Compute] makes the columns of a series in one pass.
//
// # What always holds
//
// A value depends on bars up to its own and on nothing else. Values before an
// output's lookback are NaN, and all later ones are known. The same bars give
// the same bits on every processor: no result depends on how the compiler
// combines operations, and no transcendental function is used. Recursions begin
// at the first bar they are given; after [Indicator.WarmUp] bars that no longer
// matters.
//
// # Definitions
//
// RSI, ROC and the simple moving average have one definition. Where the
// original KTRDR computes something else than the textbooks (EMA, MACD, ATR,
// ADX, Bollinger bands), the parameter definition chooses: textbook, the
// default, is what TA-Lib computes, and ktrdr the original's formula. Where the
// original shows numbers before an indicator is determined, here is NaN.
//
// # Streaming
//
// Every indicator is a machine that takes one bar at a time ([Indicator.Stream])
// and is built from the few in smooth.go (recursive averages) and window.go
// (means, sums, peaks of the last bars). [Indicator.Compute] runs that machine
// over a series; where there is also a quicker form for whole columns, the suite
// holds both to the same bits.
//
// # What it refuses
//
// Unknown parameters, values out of range and periods that contradict each
// other are errors that name the parameter. Wrong slice lengths are the
// caller's mistake and panic.
//
// # Adding one
//
// Write one file with the function and its Spec, and add a line to the table in
// catalog.go. The suite in indicatortest then tests it; add numbers from
// elsewhere. Start reading at rsi.go.
package indicator
