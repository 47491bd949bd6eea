// Package artifact keeps content (models, results, snapshots of bars) under the
// SHA-256 of its bytes.
//
// # Nouns
//
// A [Hash] is a name and a promise: whoever holds it can tell whether bytes are
// the ones that were meant. A [Store] is a directory that keeps bytes under
// their hashes:
//
//	DIR/sha256/ab/abcdef…   content, named by its 64 hexadecimal digits
//	DIR/retired/abcdef…     content that was put aside and is deleted later
//	DIR/incoming/*          content that is still being written
//	DIR/lock                held shared by every open Store
//
// # What always holds
//
// Content appears under its hash whole and on disk, or not at all: it is
// written to a file in incoming, synced, renamed, and the directory is synced
// before Put answers. Putting the same content twice, or at the same time, is
// harmless, and mends a copy that was damaged.
//
// Content that somebody asks for is not deleted: it is first put aside, for as
// long as the caller likes, and whoever asks for it brings it back.
//
// What is read is verified while it is read: the last bytes are given out only
// if everything before and with them has the hash that was asked for. A reader
// that gets io.EOF has read exactly what was stored.
//
// Names never become paths except through [ParseHash] and an os.Root.
//
// # What it refuses
//
// Names that are not hashes, content that differs from the hash it was
// announced with ([Store.PutExpected]), and giving out damaged content.
//
// Start reading at [Store.Put] and [Store.Open]. The suite in artifacttest says
// in code what every implementation must do.
package artifact
