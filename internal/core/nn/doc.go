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
// A step of Fit: draw a batch; cut it into shards of 64 rows; take each shard
// through the network and back; add up the shards' gradients; clip; let the
// [Optimizer] change the weights at the rate of the [rate.Schedule]. After each epoch
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
// What follows defines the bits. A faster implementation (assembly, a GPU) must
// give the same ones, or the change is a new version of the engine.
//
//  1. Every output of a matrix product is one chain over the summation index k in
//     increasing order, beginning with +0: ((0 + a0·b0) + a1·b1) + …. Each product
//     and each sum is rounded to float32; nothing is fused. The bias is the last
//     term of a forward chain.
//  2. The gradient of a weight is such a chain over the rows of a shard, in the
//     order of the batch; the shards of a batch are added in their order. A shard
//     is 64 consecutive rows, the last one what is left.
//  3. The gradient by a value that went into a layer is a chain over the units of
//     the layer, times the slope of the activation (dropout included).
//     The sum of a recurrent gate is a forward chain over the input plus one over
//     the state; its gradients are such chains for each step, added from the last
//     step to the first. [Cell] gives the formulas.
//  4. exp, log and tanh are the polynomials of package elementary and sigmoid is made
//     of exp; division and square root are those of IEEE 754. Learning rates are
//     computed in float64 as package rate states.
//  5. Softmax takes the maximum off, sums the exponentials in the order of the
//     classes, and divides. Losses of rows, their weights, and the squares of the
//     gradient's norm are summed in float64, in orders that [Network.Evaluate] and
//     the function norm state; so are the means of a layer normalization.
//  6. Subnormal numbers are kept as IEEE 754 has them, except that exp gives 0
//     where its result would be one, and that Adam sets its moments to 0 where
//     they become one. The moments of a unit that has died decay through the
//     subnormal numbers otherwise and slow the processor down several times.
//  7. Randomness has no state that is carried on: the order of the rows is a
//     function of seed and epoch, dropout of seed, epoch, the row's place in the
//     epoch, layer and unit.
//
// # Why products are not fused
//
// A fused multiply-add rounds once where this contract rounds twice. It is what
// the fastest kernels use, so the choice was weighed (measured on an AVX-512
// server core, GFLOP/s of one core for 64×52 by 52×64):
//
//	separate product and sum, eight chains in registers, this package   8.2
//	the same without unrolling                                          6.2
//	float32(math.FMA(a, b, c)): rounds twice, not a float32 FMA         1.8
//	exact float32 FMA by rounding to odd in float64                0.5..0.7
//	plain triple loops                                             2.3..4.0
//
// Go has no float32 FMA that means the same on every CPU; emulating it exactly
// costs a factor of 12, on every machine without assembly and in every test that
// compares with it. Separate rounding is exact in plain Go at the full speed of
// the scalar unit, and vectorises to the same bits, because the lanes of a vector
// are outputs and never parts of one sum.
//
// What it costs: a kernel that keeps this contract issues a multiplication and an
// addition where one instruction would do, so it reaches at most half of the peak
// of a CPU's FMA units. Whoever needs more than that changes rule 1 to fused
// chains, in all implementations at once, and the version of the engine with it;
// models remember the version that trained them. The error of a sum is about the
// same either way: rounding errors of products add to those of sums, at most K+1
// units of 6e-8 relative to Σ|a·b| instead of K.
//
// Start reading at [Network.Fit]; the kernel is dot in kernel.go.
package nn
