package train_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// BenchmarkRun is a whole training of one epoch: features, labels, join, split,
// fit and evaluation. What it takes beyond nn's epoch is paid once per training.
func BenchmarkRun(b *testing.B) {
	const bars = 50_000
	b.Run(fmt.Sprintf("bars=%d/symbols=2/epochs=1", bars), func(b *testing.B) {
		in := twoSymbols(b, strings.Replace(source, "epochs: 12", "epochs: 1", 1), bars)
		var file []byte
		b.ReportAllocs()
		for b.Loop() {
			file = artifact(b, in)
		}
		b.ReportMetric(float64(2*bars*b.N)/b.Elapsed().Seconds(), "bars/s")
		if in.Threads = 3; !bytes.Equal(file, artifact(b, in)) {
			b.Fatal("three threads made another model")
		}
	})
}

// BenchmarkSeveral trains six small networks, on one thread and on two: a
// regression with two makes networks wait for one another.
func BenchmarkSeveral(b *testing.B) {
	const bars = 5_000
	in := twoSymbols(b, strings.Replace(several(source), "epochs: 3", "epochs: 20", 1), bars)
	want := artifact(b, in)
	for _, in.Threads = range []int{1, 2} {
		b.Run(fmt.Sprintf("bars=%d/networks=6/threads=%d", bars, in.Threads), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !bytes.Equal(artifact(b, in), want) {
					b.Fatal("another model")
				}
			}
			b.ReportMetric(6*float64(b.N)/b.Elapsed().Seconds(), "networks/s")
		})
	}
}
