// Package upkeep looks after all that a backend keeps, across its stores: it
// makes backups, restores them, and deletes what nobody needs any more.
//
// # Nouns
//
// A [Keeper] works on the open stores of a running backend. A [Place] is where a
// backup is restored to. A [Policy] says what is old, and a [Cleanup] what a
// clean-up has deleted or would delete.
//
// # Flow
//
// A backup takes the records as they are at one moment, and then the content that
// they refer to: content is stored before anything refers to it. A clean-up goes
// the other way: first records are deleted, and then content that no record
// refers to.
//
//	stored ──► unreferred for Grace ──► put aside ──► unreferred for Grace ──► deleted
//	                                        │
//	                                        └── asked for, or referred to ──► stored
//
// # What always holds
//
// What a record refers to is there. Whoever has been told that content is stored
// has Grace to refer to it, also while a clean-up runs; wherever a clean-up is
// cut short, the next one goes on.
//
// A backup that was made is whole, or its maker is told that it is not. A folder
// that holds a part of a restore is marked, and refused by [CheckRestored].
//
// # What it refuses
//
// A clean-up while a backup is made, a restore over something, and backups that
// are damaged or refer to what they do not hold.
//
// Start reading at [Keeper.Backup], [Restore] and [Keeper.Clean].
package upkeep
