// Package queue decides which of the operations that wait is next, and how much
// one submitter may have at once.
//
// # Nouns
//
// An [Entry] is an operation as the queue sees it: whose it is, how urgent, and
// how old. A [Queue] holds the entries that wait for one type of worker. An
// [Accounts] counts what each submitter has waiting and running, and holds it
// against the [Limits].
//
// # Order
//
// The highest priority goes first. Within it come those that had their turn
// already and came back, by age; then submitters take turns, each with its own in
// the order of submission. Whoever comes new is due in the turn after the present
// one: nobody gains by leaving and coming again, nor by having been held back. A
// submitter that has as many running as it may is passed over.
//
// # What always holds
//
// If nobody comes, goes or is passed over, entries are taken in the order of
// their positions, which are the numbers from 1 on. Between two entries of one
// submitter and priority nobody else has three.
//
// The package is pure: it reads no clock and does nothing. Who runs an operation
// is decided in control/dispatch.
package queue
