// Package leak finds out whether rows, labels and parts of a training know what
// they cannot know: it takes the future away, or changes it, and looks whether
// the past stays as it is, to the last bit.
//
// # Nouns
//
// A [Pipeline] is what is examined: the functions that make features, labels,
// samples and parts. [Of] is that of a strategy, and the functions in it are those
// that trainings and backtests call. [OfMeta] is that of a strategy whose labels are
// about the decisions of a [Primary] model, which is asked again on whatever bars a
// check has. A [Finding] is one leak, with the place where
// it shows. A [Report] also says how often each check looked.
//
// # Flow
//
//	bars of one symbol ─ features ─ decisions of a primary model ─ labels ─ samples ─ parts ─ fitted constants
//	                     each made again from bars that were cut off or changed
//
// # What always holds
//
//   - A finding is a fact: two results that had to be equal, and were not.
//   - The same bars and the same seed give the same report.
//   - The functions are only called, never read: how they are written does not
//     matter, and what they do on other bars is not known.
//
// # What it refuses
//
// Bars that are too few to say anything.
//
// Start reading at [Examine].
package leak
