// Package fleet knows the workers: who is registered, who is alive, who is free.
// It is pure: events and the time go in, effects come out.
//
// # Nouns
//
// A [Worker] is one process that runs operations. Its id survives restarts; its
// incarnation does not, and sorts by start time. A [Registration] is what it
// says about itself, at start and every few seconds (its heartbeat). A [Health]
// is its answer when the backend asks. A reservation ties a worker to the
// attempt that the scheduler gave it.
//
// # Flow
//
//	Registered, Heard ──┐                ┌──► Check     ask this worker for its health
//	Answered, Missed  ──┤                ├──► Saved     remember this worker
//	Reserved, Released ─┼──► Fleet.Step ─┼──► Forgotten
//	Left, Ticked      ──┘                ├──► Gone      its attempt cannot go on
//	                                     └──► Refused   a registration, and why
//
// # What always holds
//
// A worker is available only after the backend itself has reached it; three
// misses take that away, and so does a new incarnation. A reserved worker is
// busy, whatever it says, and a worker that says it is busy is busy, whatever
// was reserved: nothing is ever booked twice. Silence for a whole lease, on both
// roads, ends the attempt; silence for five minutes ends the entry.
//
// # Selection
//
// The least recently selected available worker of the type; for trainings the
// workers with a GPU first, and a processor at once when every GPU is busy.
//
// Start reading at [Fleet.Step].
package fleet
