// Package rate says how a learning rate changes in the course of a training.
//
// A [Schedule] is a kind and its parameters; [Schedule.At] gives what the
// rate of a step is multiplied by, as a function of where the training stands and
// of nothing else, so that a training can stop and go on. Plateaus of the
// validation loss are counted by the caller.
//
// The schedules are those of torch.optim.lr_scheduler, with the same bits on
// every CPU. Parameters out of range are refused by [Schedule.Validate].
package rate
