package job_test

import (
	"bytes"
	"testing"

	"github.com/ktrdr/ktrdr/internal/work/job"
)

// BenchmarkTraining is a training of a small model from its order to its file, as
// the many trainings of a search are. Two processes on two cores should each be as
// fast as one alone: what they lose, they lose to memory that they share.
func BenchmarkTraining(b *testing.B) {
	w := newWorld()
	order, _ := trainingOrder(b, w)
	train := func(seed uint64) []byte {
		order.Seed = &seed
		text, err := w.run(b, job.Training(), order)
		if err != nil {
			b.Fatal(err)
		}
		return text
	}
	first := train(0)
	b.ReportAllocs()
	for seed := uint64(1); b.Loop(); seed++ {
		train(seed)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "trainings/s")
	if !bytes.Equal(first, train(0)) {
		b.Fatal("the same training twice made two models")
	}
}
