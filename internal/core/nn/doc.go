// Package nn trains and runs multilayer perceptrons and recurrent networks (LSTM,
// GRU) in float32, and gives the same bits for the same input on every CPU and
// for any number of threads.
//
// # Nouns
//
// A [Network] is a shape ([Config]) and its weights. [Data] is rows of features
// with classes or targets. A [Loss] says what is to become small. [Network.Fit]
// finds the weights and tells the course of it as a [Fitting]; [Network.Infer]
// uses them.
//
// # Flow
//
//	Config, seed ─ New ─ Network ─ Fit(train, validation) ─ Network ─ Infer ─ outputs
//	                        └── AppendSafetensors ─ bytes ─ ParseSafetensors ─┘
//
// A step of Fit: draw a batch; cut it into shards of 64 rows, and those into
// groups; take each shard through the network and back; add up the gradients;
// clip; let the [Optimizer] change the weights at the rate of the [rate.Schedule]. After each epoch
// the weights are judged on the validation rows, and the best are kept.
//
// # What always holds
//
//   - The same network, data and options give the same weights to the last bit:
//     on every CPU, for any number of threads, in every run.
//   - The outputs of a row do not depend on the other rows of a call.
//   - What Fit leaves in the network are the weights of the epoch with the lowest
//     validation loss; of equals the earliest.
//   - A Fit that goes on from a [State] ends with the weights of one that never
//     stopped.
//   - A step of training allocates nothing.
//   - Only parallel.go starts goroutines, and they have ended when a call returns.
//
// # What it refuses
//
// Shapes, options and data out of range or not finite, each by name and place. A
// loss or gradient that is no longer a finite number ends a training with a
// [DivergedError]. A file with another network, a hole, or a weight that is not
// finite is not read, and such a weight is not written.
//
// # The arithmetic contract
//
// The bits are defined by package kernel, for what happens to a number, and by
// what follows, for the order in which numbers meet. A faster implementation (a
// GPU) must give the same ones, or the change is a new version of the engine.
//
//  1. A unit's sum is one chain over its inputs that begins with its bias.
//  2. A shard is 64 consecutive rows of a batch, the last one what is left. The
//     gradient of a weight by a shard is one chain over its rows, from +0 on.
//  3. A group is as many shards, in a power of two, as make about four million
//     multiplications; it depends on the shape of the network alone. The
//     gradients of the shards are added to that of the group, from +0 on, in
//     their order, and the groups likewise to that of the batch.
//  4. Derivatives of the loss by outputs that are below 2^-80 in size are +0. The
//     gradient by a value that went into a layer is one chain over the units of
//     the layer, from +0 on, times the slope of the activation and of dropout.
//  5. The sum of a recurrent gate is a chain over the input plus one over the state,
//     each from its bias on. The gradients of the steps are added from the last
//     step to the first, each step's own chain by itself, like those of shards.
//     The gradient by a state or input is one chain over the units of all gates.
//  6. Losses of rows and their weights are summed in float64, in the orders that
//     [Network.Evaluate] states; so are the means of a layer normalization. Learning
//     rates are computed in float64 as package rate states.
//  7. Randomness has no state that is carried on: the order of the rows is a
//     function of seed and epoch, dropout of seed, epoch, the row's place in the
//     epoch, layer and unit.
//
// # Threads
//
// A group is the work of one goroutine, so a batch of one group is trained by one,
// whatever Options.Threads says: handing on less work than that takes longer than
// doing it. Many trainings side by side make better use of many cores than many
// threads in one.
//
// Start reading at [Network.Fit].
package nn
