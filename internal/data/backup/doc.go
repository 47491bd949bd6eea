// Package backup writes and reads backups: one file that holds everything a
// backend keeps, and that says of itself whether it is whole.
//
// # Nouns
//
// A backup is a tar archive of entries in a fixed order: what it is (a [Head]),
// the records of the database, the bars of each series as a snapshot, the content
// of each artifact under its hash, and last the sums, one line for each entry
// before them. docs/formats/backup.md shows it.
//
// # Flow
//
// A [Writer] takes the entries in their order and adds the sums. [Read] gives
// them out in the same order and compares all of it with the sums. Both are
// streams: neither keeps content in memory.
//
// # What always holds
//
// Read returns without error only for a backup that is whole: every entry is
// there with the bytes that were written, and an artifact has the hash that names
// it. What Read gave out before an error must not be used.
//
// A backup is also what tar and sha256sum --check take.
//
// # What it refuses
//
// Entries out of order or twice, names that are not of a backup, and backups of
// another version. It knows nothing of what records and bars mean.
//
// Start reading at [Writer] and [Read].
package backup
