// Package exit is how a command ends: its failures, and the code of the process
// that each of them means.
//
// An error of [Usagef] or [NotFoundf] knows its code; what a backend answered, or
// that none answered, has one too. [Code] finds it, and [Name] is the word for
// programs. The codes are part of the interface: 0 for success, 1 for a failure, 2
// for wrong usage, 3 for something that does not exist, 4 for a backend that does
// not answer, 130 for a cancellation.
//
// It prints nothing and ends no process: package cli does.
package exit
