// Package label looks ahead: it says, for each bar of a series, what would have
// been right to do, what return followed or what kind of market it was, so that a
// model can learn it.
//
// # Nouns
//
// A [Spec] chooses a [Source] and its parameters. [Make] turns a series into
// [Labels]: rows with a key (the open time of the bar at whose close the
// decision is taken), a class or a target, the return that followed, and End,
// the moment from which the label is known.
//
// # The sources
//
//   - [ZigZag]: the direction of the swing in which a bar lies; an oracle that
//     knows turning points, for experiments, or bounded by a lookahead.
//   - [ForwardReturn]: the return over a fixed number of bars, a regression
//     target.
//   - [TripleBarrier]: which of an upper price, a lower price and a time limit
//     is reached first.
//   - [Regime]: whether large swings make progress, on two scales, or the market
//     is in a crisis.
//   - [SingleScaleRegime]: the same by how straight the path of the next bars is.
//   - [Context]: whether the market rises or falls over the next bars.
//
// [Meta] labels the decisions of another model with whether they paid.
//
// The classes of the first three are trades. Those of the last three describe the
// market: they enter no position, and their returns are from close to close.
//
// # Which rows count, and how much
//
// With an event filter (CUSUM) Labels.Event tells the rows at whose bars the
// price has moved enough since the last one. It is a mask beside the keys: rows
// are never renumbered. With compute_weights a row weighs what its label says by
// itself, see [Uniqueness], among those that count; labels that are not known yet
// and those that two classes leave out share their bars too.
//
// # What always holds
//
// A label, its weight and whether it is an event read no bar that becomes
// available after its End, and changing such bars does not change them. A row
// whose label is not known is absent; nothing is filled in. Whether a row is
// there does not depend on how its label turns out, except for the sources whose
// swings end when they end (regime, and zigzag without a lookahead), and except
// that two classes leave out the rows that would be HOLD. No number is fitted on
// the whole series: what is estimated, is estimated from the bars before. The
// same bars give the same bits on every processor.
//
// # What it refuses
//
// Parameters out of range, and parameters of another source than the chosen
// one: [Spec.Validate] names each field as strategy files do.
//
// Start reading at [Make].
package label
