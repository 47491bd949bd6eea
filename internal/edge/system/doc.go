// Package system runs a whole system on one machine: a backend and workers, each a
// process of its own that this program starts from itself.
//
// [Run] starts the backend of a [Plan], then the workers with its address, and calls
// back once all of them can be used. A child that crashes later is started again
// after a pause that grows; what children write goes on with their name before it.
//
// A child gets its settings as flags and none from the environment. It is a process
// group of its own, so that Ctrl+C reaches only the parent, which asks the workers to
// stop before the backend and ends nothing that it has not started.
package system
