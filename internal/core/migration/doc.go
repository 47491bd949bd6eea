// Package migration rewrites strategy files of older formats as files of version
// 3, which package strategy reads.
//
// # Nouns
//
// A [Change] is one thing that was done to the file, with its place in it and the
// reason. A [Refusal] is one thing that the file asks for and that version 3
// cannot say here. A [Result] holds the new file, the changes and the refusals.
//
// # Flow
//
//	bytes ─ one YAML document ─ sections, one after the other ─ YAML, comments kept
//	      ─ grammar.Parse of what came out: its problems are refusals
//
// # What is migrated
//
// Files of version 1 and 2, whose indicators are a list, and files of version 3
// as they were written for the original, which read many keys and acted on few of
// them. A key that the original acted on keeps its meaning: where its formula
// differs from the textbook, definition: ktrdr is written; training settings move
// from model.training to training; the hours that versions 1 and 2 counted
// between signals become bars. A key that it read and ignored is removed, with
// that as the reason, but for the ranges of dates and the deployment: those act here,
// and a note says so.
//
// # What always holds
//
//   - Nothing is lost in silence: what is in the old file and not in the new one
//     has a Change or a Refusal.
//   - A Result without refusals holds a file that grammar.Parse accepts.
//   - Migrating what was migrated changes nothing.
//   - No value is made up: a symbol that is not written is a refusal.
//
// # What it refuses
//
// Files that are no YAML mapping within the limits of package strategy, and files
// with aliases, whose targets would be changed in more than one place.
//
// Start reading at [Migrate].
package migration
