// Package submission is the commands that have a backend start an operation: a
// training, a backtest of one model or of an ensemble, a sweep.
//
// Each makes a request of package wire from its arguments and flags, checks what can
// be checked without a backend, sends it, and follows the operation to its report. A
// strategy or an ensemble in a file is checked here, so that every problem is shown
// with its place; what the file says about decisions can be varied by flags, of which
// there is one table.
//
// Package cli puts the commands into its tree.
package submission
