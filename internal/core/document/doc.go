// Package document reads files that people write in YAML: strictly, with the place of
// everything that is wrong. It knows no grammar; those of strategies and ensembles
// are read with it.
//
// # Nouns
//
// A [File] is one YAML document within limits, and what was found wrong in it. A
// [Node] is a value of it with its path, which reads itself as a text, a number, a
// flag, a list or a [Mapping]. [Keys] says which keys a mapping can have, and is
// where its JSON Schema comes from too. A [Problem] is one thing wrong, at its place.
//
// # Flow
//
//	bytes ─ Open: one YAML document within limits ─ Node ─ what the grammar reads
//	                                                     └ Problems and Warnings
//
// Scalars are read as YAML 1.2, and more strictly: numbers are decimal, true and
// false are the only flags, and a number where a text belongs must be quoted.
// Aliases are followed.
//
// # What always holds
//
// Reading goes on after a problem, so that all problems of a file are reported at
// once, in its order, each with line, column and path and, where there is one, the
// name that was probably meant. One place is never reported twice for one reason.
//
// # What it refuses
//
// Files above 256 KiB or with more than 20,000 values, files that are not UTF-8 or
// not one YAML document, merge keys, tags, and keys that are there twice.
//
// Start reading at [Open] and [Node.Mapping].
package document
