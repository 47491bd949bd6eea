// Package decision turns what a network puts out into what to do.
//
// # Nouns
//
// A [Head] reads the outputs of a network, one row per bar, as raw signals: a
// [Raw] is what the model says, with its confidence, before anybody asks whether
// it may be acted on. [Rules] look at a Raw, the [Position] held and the bars
// since the last entry, and answer with a [Signal] to act on or with [Hold] and
// the [Reason] for it. [Counts] adds the reasons up. [Exits] say when a position
// is left without a signal, and at which prices.
//
// # Flow
//
// outputs → Head.Decode → Raw per bar → Rules.Decide at the close of each bar →
// an order for the open of the next. A backtest and everything after it decide
// with this one function. A [Sieve] says at once for many bars where its answer
// depends on what is held, and counts the others.
//
// # What always holds
//
// Everything here is a pure function of its arguments and gives the same bits on
// every CPU. Classes are read by their names, never by their order. A Hold has
// exactly one reason. Rules may block an entry but never an exit. A signal
// against the position held closes it and does no more: to reverse takes
// another signal, which then is an entry like any other.
//
// # What it refuses
//
// An output that is NaN or infinite for a bar whose features are complete is an
// error that names the bar: a broken model must not look like a cautious one.
//
// Start reading at [Rules.Decide].
package decision
