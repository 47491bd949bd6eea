package main

// An iteration of fma512 is 16 independent multiply-adds of 16 lanes, one of
// fma256 12 of 8: enough to hide the latency of the units.
const (
	flopsOfFMA512 = 16 * 16 * 2
	flopsOfFMA256 = 12 * 8 * 2
)

// fma512 does n iterations with the 512-bit registers, n > 0.
//
//go:noescape
func fma512(n uint64)

// fma256 does n iterations with the 256-bit registers, n > 0.
//
//go:noescape
func fma256(n uint64)

// read reads n bytes from p, a multiple of 256, and returns the or of them.
//
//go:noescape
func read(p *uint64, n uint64) uint64
