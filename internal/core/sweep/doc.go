// Package sweep says which variants of one strategy are tried.
//
// # Nouns
//
// An [Axis] is one value of the strategy file, named by its path, and what is
// tried in its place. A [Space] is the grid of its axes, or a sample of it. A
// [Trial] is one point of a space: one [Setting] per axis. A [Row] is what came of
// a trial.
//
// # Flow
//
// file → ParseSpace → Space.Trial(i) → Apply → the strategy file of that trial,
// which is an ordinary one: whoever backtests it alone gets the row of the trial.
// Package trial makes the rows without doing so.
//
// # The file
//
//	axes                      paths in the strategy, in the order of the file; each has
//	  PATH: [a, b, …]           the values tried: numbers, texts, true, false, mappings;
//	                            null is the file without the key
//	  PATH: {from, to, step}    from, from+step, … up to to, computed in decimals
//	sample                    0        how many points of the grid are tried; 0 is all
//	seed                      1        which they are
//
// # What always holds
//
// Trials are numbered from 0, and trial i of a space is always the same; the last
// axis changes fastest. The points of a sample are distinct.
//
// # What it refuses
//
// Paths that lead to anything but decisions.*: the model and what it reads are
// shared by all trials. The output_format, by which the model was trained. Axes
// without values, the same value or path twice, paths inside of other paths, more
// than a million trials. All problems of a file are reported at once.
//
// Start reading at [ParseSpace] and [Space.Trial].
package sweep
