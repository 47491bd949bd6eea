// Package store keeps what must not be forgotten: operations, their attempts,
// results and artifact references, models, workers and the scheduler's term.
//
// # Flow
//
// Writers hand in transactions. The first writer that finds the database free
// commits everything that has gathered meanwhile as one database transaction,
// so that many writers share the cost of one flush to disk. Readers have
// connections of their own and never wait for writers.
//
// # What always holds
//
// A write that was answered is on the disk. Every statement that changes state
// names, in its condition, the state that it starts from and the scheduler's
// term; a statement that finds another state changes nothing and its transaction
// fails with operation.ErrConflict or operation.ErrDeposed. A model appears in
// the same transaction that completes its training. What is legal is said by
// operation.Operation.Apply; the suite in storetest holds every store to it.
//
// # What it refuses
//
// A second process on the same SQLite file, a database written by a newer
// version, a damaged one, and a PostgreSQL server that would forget what it has
// acknowledged: each with the reason and what to do.
//
// # SQLite and PostgreSQL
//
// Statements keep to what both speak: $1 placeholders, INSERT … SELECT … ON
// CONFLICT, no types beside TEXT, INTEGER and BIGINT. dialect.go holds the rest.
// A SQLite file has one process. On PostgreSQL several may read and one at a
// time may write as the scheduler: [Store.AcquireTerm] says which, and a group of
// writes holds the row of the term until it commits. A write that PostgreSQL
// says it has undone has failed; after any other failure of its connection the
// write is in doubt, operation.ErrUncertain. Nobody waits longer than a limit for
// an answer of PostgreSQL, but for who asks about all records; see silence.go.
//
// Start reading at [Open], then [Store.Commit].
package store
