// Package intake makes operations of what people want started: trainings, backtests
// of one model or of several, sweeps.
//
// # Flow
//
//	request ─► strategy parsed ─► dates, symbols, bars, model checked ─► bars pinned by hash ─► Submit
//
// A [Desk] takes requests in the words of package wire and answers in them. A [Wish]
// is who asks, and how a repetition is recognised: it is answered with the operation
// that was made before.
//
// # What always holds
//
// Everything is checked before anything is written, so a refused request leaves no
// trace. What a worker needs is in the order or pinned by a hash in it, so the result
// depends on the order alone; its hash is the specification's. Nothing is computed
// here.
//
// # What it refuses
//
// Strategies, ensembles and spaces with problems, all of which are told; bars that are
// not held; a model that was trained on other features; a window that a model knows
// from its training, unless asked for; and work for which no worker is registered.
// Every refusal is an error of package wire.
//
// The interfaces that this package needs of the rest of the backend are declared
// beside [Options].
//
// Start reading at [Desk], then start.go.
package intake
