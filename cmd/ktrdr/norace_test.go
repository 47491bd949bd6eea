//go:build !race

package main_test

const (
	raced    = false
	slowness = 1
)
