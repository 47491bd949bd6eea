// Package barstore keeps bars on disk, as columns that can be mapped into
// memory, and encodes series of bars as bytes.
//
// # Nouns
//
// A [Store] is a directory with one folder per symbol and timeframe. A folder
// holds one file per column and a head, which says how many values of the
// columns count and carries checksums of them in blocks of 8,192. A snapshot
// ([Encode], [Decode]) is such a head, with blocks of 65,536, followed by the same
// columns as one piece of bytes; it is what travels to workers. docs/formats/bars.md
// draws both byte by byte.
//
// # Flow
//
// [Store.Merge] compares the bars it is given with what is held. Bars that all
// come after it are appended to the column files; anything else writes the blocks
// from the first that changes on as a new generation of column files, the tail, and
// keeps the ones before, the base. Then a new head is synced and renamed over the
// old one. That rename is the commit: whatever happens before it leaves what was
// held, whatever happens after it cannot undo it. [Store.Compact] gives a series with
// a long tail one file a column again.
//
// [Store.Read] maps the columns and gives out parts of them. Each block is
// verified once, before the first value of it is given out; blocks that a span has
// no part in are not read.
//
// # What always holds
//
// A merge never removes a bar. Where a bar is given for a time that is held, the
// given one replaces the held one and is counted as changed. Merging bars that
// are all held touches no file.
//
// What Merge acknowledged is on disk. A reader sees a series before or after a
// merge, never between. A series that was read stays as it was, whatever is
// merged later, until the store is closed.
//
// Equal bars give equal snapshots, byte for byte, on every machine.
//
// # What it refuses
//
// Bars that [market.Series.Validate] refuses; a directory that another process
// has open; files that are damaged, shortened or of another version, with an
// error that names the file and says how to mend it.
//
// Start reading at [Store.Merge] and at the type head.
package barstore
