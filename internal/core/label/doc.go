// Package label looks ahead: it says, for each bar of a series, what would have
// been right to do or what return followed, so that a model can learn it.
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
//     knows turning points, for experiments.
//   - [ForwardReturn]: the return over a fixed number of bars, a regression
//     target.
//   - [TripleBarrier]: which of an upper price, a lower price and a time limit
//     is reached first.
//
// # What always holds
//
// A label reads no bar that becomes available after its End, and changing such
// bars does not change it. A row whose label is not known is absent; nothing is
// filled in. Whether a row is there does not depend on how its label turns out,
// except for zigzag without a lookahead, whose swings end when they end. No
// number is fitted on the whole series. The same bars give the same bits on
// every processor.
//
// # What it refuses
//
// Parameters out of range, and parameters of another source than the chosen
// one: [Spec.Validate] names each field as strategy files do.
//
// Start reading at [Make].
package label
