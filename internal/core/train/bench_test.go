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
