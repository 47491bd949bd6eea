// Package worker is the runtime of a worker: the process that runs jobs for a
// backend, one at a time.
//
// # Nouns
//
// A [Job] performs one type of operation. An attempt is one dispatch of an
// operation to this worker; it has a token, and its outcome is reported under
// that token. The [Env] is what a job sees of the world: inputs by their hash,
// a place for outputs, a way to say how far it is. A checkpoint is the saved state
// of an attempt, from which another one goes on, here or on another worker.
//
// # Flow
//
//	register ──► every 10 s again, for as long as the worker lives
//	dispatch ──► admit (409 while an attempt runs) ──► Job.Run ──► outcome
//	                                     │                            │
//	                                     └── progress, ≤ 2/s ──► POST reports, until acknowledged
//	                                     └── states, as due ──► PUT artifacts ──► reference, in a report
//
// # What always holds
//
// At most one attempt runs. The worker is busy until the computation has really
// returned: a cancel is acknowledged by the outcome, not by the answer to the
// cancel. An outcome is repeated until the backend has stored it or refuses it.
// A state is uploaded before it is named, and the state of a job that is
// cancelled or stopped, or has failed, before its outcome. A stopping worker hands its operation
// back. A job that panics fails its operation and nothing else. What a job fetches has
// the hash it asked for, also when it comes out of the cache.
//
// # What it refuses
//
// Orders without a token, orders for another worker or an earlier process of this
// one, orders of a scheduler older than one it has heard of, a second order, and
// a data directory that another worker uses. It keeps nothing durable but its id and a
// cache.
//
// Start reading at [Worker.Run], then slot.go and checkpoint.go.
package worker
