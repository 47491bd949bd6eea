// Limits measures what bounds every other number of this folder on a machine:
// how many float32 operations its cores can do in a second when nothing but
// fused multiply-adds keeps them busy, and how fast they read and copy memory.
//
//	go run ./bench/limits
//
// Each figure is the best of many short runs: what else happens on a machine only
// ever takes away from a limit.
package main

import (
	"fmt"
	"os"
	"runtime"
	"text/tabwriter"
	"time"
	"unsafe"

	"golang.org/x/sys/cpu"
)

const (
	rounds = 40
	// An arithmetic run takes some milliseconds; the arrays of a memory run are
	// larger than the caches that a core has for itself.
	iterations = 400_000
	arrayBytes = 256 << 20
)

// A limit is one thing to measure: run does amount units of it on each core.
type limit struct {
	name   string
	unit   string
	amount float64
	has    bool
	run    func()
}

func main() {
	if runtime.GOARCH != "amd64" {
		fmt.Fprintln(os.Stderr, "limits: only amd64 is measured")
		os.Exit(1)
	}
	cores := runtime.GOMAXPROCS(0)
	source, target := touched(arrayBytes), touched(arrayBytes)
	words := unsafe.Slice((*uint64)(unsafe.Pointer(&source[0])), len(source)/8)
	x := cpu.X86
	limits := []limit{
		{"float32 multiply-adds, AVX-512", "GFLOP/s", iterations * flopsOfFMA512 / 1e9, x.HasAVX512F, func() { fma512(iterations) }},
		{"float32 multiply-adds, AVX2", "GFLOP/s", iterations * flopsOfFMA256 / 1e9, x.HasAVX2 && x.HasFMA, func() { fma256(iterations) }},
		{"memory, read", "GB/s", arrayBytes / 1e9, x.HasAVX2, func() { _ = read(&words[0], uint64(len(source))) }},
		{"memory, copied (read and written)", "GB/s", 2 * arrayBytes / 1e9, true, func() { copy(target, source) }},
	}
	fmt.Printf("%d cores; AVX2+FMA %v, AVX-512 %v\n\n", cores, x.HasAVX2 && x.HasFMA, x.HasAVX512F && x.HasAVX512BW && x.HasAVX512DQ && x.HasAVX512VL)
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "limit\tone core\tall %d cores\t\n", cores)
	for _, l := range limits {
		if l.has {
			fmt.Fprintf(w, "%s\t%.1f %s\t%.1f %s\t\n", l.name, l.rate(1), l.unit, l.rate(cores), l.unit)
		}
	}
	if err := w.Flush(); err != nil {
		fmt.Fprintln(os.Stderr, "limits:", err)
		os.Exit(1)
	}
}

// rate is the best rate of n cores that all do the same at the same time.
func (l limit) rate(n int) float64 {
	best := 0.0
	for range rounds {
		start, done := make(chan struct{}), make(chan struct{}, n)
		for range n {
			go func() {
				runtime.LockOSThread()
				<-start
				l.run()
				done <- struct{}{}
			}()
		}
		began := time.Now()
		close(start)
		for range n {
			<-done
		}
		best = max(best, float64(n)*l.amount/time.Since(began).Seconds())
	}
	return best
}

// touched returns memory whose pages exist.
func touched(n int) []byte {
	b := make([]byte, n)
	for i := 0; i < n; i += 4096 {
		b[i] = 1
	}
	return b
}
