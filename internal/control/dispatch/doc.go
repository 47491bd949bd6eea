// Package dispatch decides which worker runs which operation, and sees every
// operation through to its end.
//
// # Nouns
//
// A [State] is everything the scheduler knows. An [Event] is something that
// happened, an [Effect] something that must be done about it. A [Controller]
// runs a State: it is what the rest of the backend talks to. A [Store] keeps
// what must not be forgotten, a [Transport] carries calls to workers.
//
// # Flow
//
//	users    ──► Controller.Submit, Cancel          ┐
//	workers  ──► Controller.Register, Report        ├─► event ─► State.Step ─► effects
//	clock, health checks, finished calls and writes ┘                             │
//	                          ▲                                                   │
//	                          └──── store and workers, concurrently ◄─────────────┘
//
// state.go, operations.go and workers.go are pure: they read no clock and do
// nothing. loop.go is the one goroutine that steps the state; it never waits
// for a disk or a network. Writes go through one writer in the order in which
// they were decided; replies, and calls that a write must precede, follow when
// it is durable.
//
// # What always holds
//
// An acknowledged submission is durable and ends in exactly one terminal state.
// A worker is called only after its attempt is durable, so a restarted scheduler
// knows whom to ask. A report counts only with the token of the newest attempt;
// the late result of an older one is kept and used only if every newer attempt
// is lost. A worker holds at most one attempt. When there is no room to record a
// decision, whoever asked for it is told, and it waits with all that follows from it
// and all that is decided later; when it cannot be recorded otherwise, the scheduler
// stops rather than act on what nobody will remember.
//
// # Several backends
//
// Where backends share a store, one of them holds the scheduler's term under a
// lease, see term.go. The others stand by: their methods fail with [ErrStandby]
// until the lease runs out and one of them takes the term. A scheduler that has
// lost its term, or cannot reach the store for a whole lease, stands by too.
//
// # Who is next
//
// Operations wait in queues, one for each type of worker. Their order, and what one
// submitter may have at once, is the matter of control/queue.
//
// # Lost workers
//
// An attempt is lost when its process was replaced or left, when nothing was
// heard of it for a whole lease, or when it says, to a question asked after the
// start and for a grace period, that it does not run the attempt and has no
// result. The operation then waits at its old place for another attempt, until
// its limit is reached.
//
// # Parts of an operation
//
// An operation that gathers is recorded together with its children and waits for
// them: they are dispatched as any other, it has their progress by weight, and
// runs over their results when all have completed. When one of them does not, or
// the operation is to stop, the others are stopped and it ends after the last. See
// family.go.
//
// # Proofs
//
// testdata/*.txt says step by step what happens. The simulation drives a State
// through random faults (make simulate N=…), and the model check explores every
// order of events within small bounds (go test -run TestModel -depth 8).
//
// Start reading at [State.Step]; testdata/*.txt is the specification by example.
package dispatch
