package job_test

import (
	"testing"

	"github.com/ktrdr/ktrdr/internal/work/job"
)

// BenchmarkTraining is a training of a small model from its order to its file, as
// the many trainings of a search are. Two processes on two cores should each be as
// fast as one alone: what they lose, they lose to memory that they share.
func BenchmarkTraining(b *testing.B) {
	w := newWorld()
	order, _ := trainingOrder(b, w)
	for seed := uint64(0); b.Loop(); seed++ {
		order.Seed = &seed
		if _, err := w.run(b, job.Training(), order); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "trainings/s")
}
