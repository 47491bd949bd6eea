// Package cli is the command line of KTRDR: every command, and the wiring of
// workers.
//
// # Nouns
//
// A command is a function of its arguments, the environment and three streams;
// [Run] performs one and returns its exit code, which package exit knows. A role is
// what a process is: a client (most commands), the backend (serve), a worker, or
// all of them (up, demo). It has the settings of package settings.
//
// # Flow
//
// Commands are made of what package command gives them. Client commands talk to a
// backend through wire.Client and print what it answered. Role commands listen, say
// so in one line and serve until they are told to stop; the backend is that of
// package backend.
//
// # What always holds
//
// What package command promises. The JSON of a command has one form. The exit code
// is 0 for success, 1 for a failure, 2 for wrong usage, 3 for something that does
// not exist, 4 for a backend that does not answer, 130 for a cancellation.
//
// # What it refuses
//
// Unknown settings stop a command with an explanation.
//
// Start reading at [Run] and newRoot.
package cli
