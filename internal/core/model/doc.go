// Package model turns a trained network into one file that is data only, and
// back.
//
// # Nouns
//
// A [Model] is the network with what belongs to it: a [Manifest], the strategy
// file, and the metrics of its training. Its artifact is a zip archive of a few
// files, which every tool can look into:
//
//	manifest.json        what was trained, from what, on what; hashes of the rest
//	strategy.yaml        the strategy file as it was read
//	weights.safetensors  the weights, under the names of PyTorch's state dictionary
//	metrics.json         what the training measured
//	weights-2.safetensors and so on, of an ensemble: its further networks
//
// # Flow
//
//	core/train ─ Model ─ Encode ─ bytes ─ Decode ─ Model ─ features, Infer, decisions
//
// # What always holds
//
//   - The same model is the same bytes: stored files, no times, a fixed order.
//   - Nothing in an artifact can execute, and reading one needs memory in
//     proportion to its size.
//   - What Decode returns belongs together: every hash is right, every weight is
//     a finite number, and the strategy, as this program understands it today,
//     makes exactly the features that the network was trained on and asks for a
//     network of exactly this shape.
//   - [Manifest.KnownUntil] is where the test part begins: bars from then on had no say
//     in anything but the judgement, by their labels either.
//
// # What it refuses
//
// Another format version, unknown manifest fields, compressed or additional or
// renamed files, hidden bytes between them, and any mismatch of the above.
//
// Start reading at [Decode].
package model
