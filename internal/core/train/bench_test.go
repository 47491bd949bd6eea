package train_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/train"
)

// BenchmarkRun is a whole training of one epoch: features, labels, join, split,
// fit and evaluation. What it takes beyond nn's epoch is paid once per training.
func BenchmarkRun(b *testing.B) {
	const bars = 50_000
	b.Run(fmt.Sprintf("bars=%d/symbols=2/epochs=1", bars), func(b *testing.B) {
		in := twoSymbols(b, strings.Replace(source, "epochs: 12", "epochs: 1", 1), bars)
		for b.Loop() {
			if _, _, err := train.Run(b.Context(), in, nil); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(2*bars*b.N)/b.Elapsed().Seconds(), "bars/s")
	})
}
