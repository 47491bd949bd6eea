// Package train turns bars and a strategy into a model and says how good the
// model is on rows that it has not seen.
//
// # Nouns
//
// An [Input] is everything that a training depends on. The rows of all symbols
// are divided into three parts in the order of time: training (to fit the
// weights), validation (to choose the epoch), test (to judge). An [Evaluation]
// is what was measured, on the very weights that the model holds.
//
// # Flow
//
//	bars ─┬─ feature.Build ─┐
//	      └─ label.Make ────┴─ join by (symbol, time) ─ divide ─ nn.Fit ─ evaluate ─ model.Model
//
// # What always holds
//
//   - Features and labels meet by key, never by position. Rows with a feature
//     that is not known, or without a label, are dropped and counted.
//   - No part knows of the next: a row whose label is known only after the next
//     part has begun is dropped (purge), whatever made the label, and the bars
//     after a border can be left out too (embargo). Rows of one time are never
//     divided. No bar from the end of the span on is read.
//   - What is fitted (weights, class weights, baselines) sees training rows only;
//     the temperature of the probabilities, which [Calibration] tells, is fitted to
//     the validation rows and judged on the test rows.
//   - A window of a recurrent network holds consecutive bars of one symbol and one
//     part; [model.Readable] says which.
//   - The model is the same whatever the bars from the border of the test part on
//     are. The manifest tells that border; a backtest that begins earlier is in-sample.
//   - The same input gives the same model to the last bit, for any number of
//     threads, and however often the training stops and goes on from a
//     [Checkpoint] in between.
//
// # Classes
//
// The classes are those of the labels, whether they occur or not. Balanced class
// weights are N/(K n), at most [MaxClassWeight], so that a tiny class does not
// take the model over. A class that does not occur in the training rows is
// allowed and warned of; a single class is refused.
//
// # Several networks
//
// With training.ensemble a model is several networks whose calibrated
// probabilities, or predicted numbers, are averaged in a fixed order: so many seeds
// on each of so many folds. They are trained side by side, as many as there are
// threads, which are divided among them. A fold validates the networks that the other folds
// train; rows that know of it by their labels or windows are left out of both. The
// test part is seen by none. Scaling constants are fitted to the rows of all folds,
// never to the test part. [Evaluation] judges the mean, on the validation rows that
// of the networks that were not trained on them; [MemberQuality] judges each. The
// importance of the features is that for the mean on the rows of all folds, most of
// whose networks were trained on them.
//
// # What it refuses
//
// Parts with too few rows, before any training and with all the numbers; bars
// that are not those of the strategy's symbols; a loss that diverges; a
// checkpoint of other work.
//
// Start reading at [Run].
package train
