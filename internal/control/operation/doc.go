// Package operation holds the record of what a user asked for and the rules by
// which that record may change. It is pure: no clock, no disk, no network.
//
// # Nouns
//
// An [Operation] is one request: a training, a backtest. An attempt is one
// dispatch of an operation to a worker. A [Token] names an attempt and fences
// it: whoever speaks for an operation shows the token of the attempt it speaks
// for. A [Report] is what a worker says about its attempt. A [Change] is one
// step of a record, in the form in which it is stored.
//
// # States
//
//	pending ──► running ──► completed | failed | cancelled
//	   │         │   ▲
//	   │         ▼   │
//	   │        resuming          the attempt was lost; another follows
//	   └──► cancelled | failed
//
//	failed, cancelled ──► resuming   asked for by a user, from a checkpoint
//
// An operation that gathers begins to run with the first of its children; its own
// attempt follows when all of them have completed ([Type.Gathers]).
//
// Inside running a cancellation is first requested ([Operation.RequestCancel]),
// then acknowledged by the worker's report, then final.
//
// # What always holds
//
// A terminal state never changes by itself; only a user resumes what failed or
// was cancelled, and never what completed. Attempt numbers of an operation only grow.
// Progress of an attempt never goes backwards, and a worker that says so, or
// that claims 200 %, is refused with the reason ([Progress.Advance]).
//
// # What it refuses
//
// It decides nothing about workers, queues or time: package dispatch does. Every
// method returns a changed copy or an error, and never half of a change.
//
// Start reading at [Operation], then [Operation.Open].
package operation
