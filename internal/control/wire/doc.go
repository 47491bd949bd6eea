// Package wire is the HTTP contract of KTRDR: the paths, the JSON bodies, the
// closed list of error codes, and the two typed clients that speak it.
//
// # Nouns
//
// A [Client] talks to a backend: people's commands use it, and so do workers,
// for registration, reports and artifacts. A [WorkerClient] talks to a worker:
// only a backend uses it. Neither side of the contract is written down anywhere
// else, and nothing else in the module dials anybody.
//
// # Errors
//
// Every failure is an [Error] with a [Code] out of one table, which gives its
// [Kind] and its HTTP status. On the wire it is one envelope,
//
//	{"success": false, "error": {"code", "message", "details"}, "detail": …}
//
// where detail repeats the message, or carries the object that older clients
// read there.
//
// # Strict and tolerant
//
// A backend refuses bodies of people with an unknown field and names the nearest
// valid one ([Decode]). On the links between a backend and its workers unknown
// fields are ignored ([DecodeTolerant]), because the two are updated one after
// the other. Both limit the size of what they read, and so do the clients.
//
// # What always holds
//
// An artifact that a client hands on has the hash it was asked for. A call that
// is not idempotent is never repeated by the client.
//
// Start reading at [Client] and [Error].
package wire
