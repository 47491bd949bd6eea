// Package replica keeps the bars of backends that share a database the same.
//
// # Nouns
//
// Every backend has its own store of bars, which only it opens. What all of them
// agree on is in the database: for each series a version, and its chunks by hash.
// A chunk is the bars of one stretch of time as a snapshot, in the artifact store
// that all backends share.
//
// # Flow
//
//	import ──► own store ──► chunks that changed ──► artifact store ──► version in the database
//	read   ──► version known? else chunks that differ ──► own store
//
// Only the backend that schedules does either. While it schedules nobody else
// changes a series, so one look at the database for each series and each reign is
// enough.
//
// # What always holds
//
// An import is acknowledged after its version is in the database, and from then on
// every backend that schedules has its bars. A backend that was replaced changes
// no version: the statement names it and the version that it knows.
//
// Bars are never lost. What a backend holds beside the agreed series, because it
// was alone before or an import broke off, is merged into it when the backend
// schedules next; where both have a bar, the agreed one stays.
//
// # What it refuses
//
// Chunks that are damaged or are not of their series, and a change by a backend
// that does not schedule any more.
//
// Start reading at [Bars.Ready] and [Bars.Publish].
package replica
