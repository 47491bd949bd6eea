// Package nn trains and runs multilayer perceptrons in float32, and gives the
// same bits for the same input on every CPU and for any number of threads.
package nn
