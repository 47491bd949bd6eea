// Limits measures what bounds every other number of this folder on a machine:
// how many float32 operations its cores can do in a second when nothing but
// fused multiply-adds keeps them busy, and how fast they read and copy memory.
//
//	go run ./bench/limits
//	go run ./bench/limits -machine
//
// The second only says what the machine is, in lines that can stand above those of
// benchmarks: how many cores Go uses, and which features of their processors decide
// about what code runs.
//
// Each figure is the best of many short runs: what else happens on a machine only
// ever takes away from a limit.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
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
	machineOnly := flag.Bool("machine", false, "only say what the machine is")
	flag.Parse()
	fmt.Printf("cores: %d\nfeatures: %s\n", runtime.GOMAXPROCS(0), strings.Join(features(), " "))
	if *machineOnly {
		return
	}
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
	fmt.Println()
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

// features are those of the processor for which there is code of its own.
func features() (names []string) {
	x := cpu.X86
	for _, f := range []struct {
		name string
		has  bool
	}{
		{"AVX2", x.HasAVX2}, {"FMA", x.HasFMA}, {"AVX512F", x.HasAVX512F}, {"AVX512BW", x.HasAVX512BW}, {"AVX512DQ", x.HasAVX512DQ}, {"AVX512VL", x.HasAVX512VL},
		{"NEON", cpu.ARM64.HasASIMD},
	} {
		if f.has {
			names = append(names, f.name)
		}
	}
	if names == nil {
		names = []string{"none"}
	}
	return names
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
