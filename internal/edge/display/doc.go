// Package display writes for people: tables, facts below a title, numbers, times,
// and the results of operations made of them.
//
// # Nouns
//
// A [Fact] is one line of a report, a name and its value. [Result] writes what a
// completed operation found, whatever its type.
//
// # What always holds
//
// Everything goes to the writer that it is given and is made from its arguments
// alone: no settings, terminal or clock. A value that is not defined is a dash,
// never a 0. What should not be overlooked goes through a function of the caller,
// who knows whether there are colours. Programs read JSON, which package cli writes.
//
// Start reading at [Facts], then [Result].
package display
