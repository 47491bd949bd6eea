//go:build race

package main_test

// raced builds the program with the race detector when the tests are: then it
// looks at the processes of the system, not only at those who ask them. It makes
// them several times slower.
const (
	raced    = true
	slowness = 5
)
