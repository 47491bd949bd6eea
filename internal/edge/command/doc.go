// Package command is what every command is made of: its console, its flags, and the
// way in which it asks a backend and waits for an operation.
//
// # Nouns
//
// A [Console] is where a command reads and writes. A [Period] is two flags that many
// commands have. An [Outcome] is what a command that starts or follows an
// operation tells programs.
//
// # Flow
//
// A command is a cobra.Command, below a [Group], that takes [Arguments]. It gets a
// client of the backend from [Console.Client], gives its value to [Console.Show], and
// returns its error; [Console.Finish] reports that and returns the exit code. One that
// has started an operation hands it to [Console.AfterStart], which follows it: a live
// line on a terminal, plain lines elsewhere.
//
// # What always holds
//
// Data goes to Out, talk to Err. With --json a command writes one JSON value and
// nothing else to Out. Nothing prints success without an answer that says so. An
// interrupt cancels the operation that the command has started, and waits until it
// has really stopped.
//
// Start reading at [Console].
package command
