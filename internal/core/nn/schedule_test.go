package nn_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/nn"
	"github.com/ktrdr/ktrdr/internal/core/rate"
)

// TestSchedule_plateau: with a patience of 1 the rate falls after the second
// epoch in a row whose loss has not fallen by a ten-thousandth.
func TestSchedule_plateau(t *testing.T) {
	got := nn.PlateauFactors(rate.Schedule{Kind: rate.Plateau, Every: 1, Factor: 0.5}, 1, 0.9, 0.9, 0.89999, 0.8, 0.85, 0.81, 0.8, 0.8)
	want := []float64{1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.125}
	if !slices.Equal(got, want) {
		t.Errorf("factors %v, want %v", got, want)
	}
}

// TestFit_schedule: what a schedule says reaches the steps, and the rate that is
// reported.
func TestFit_schedule(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 9))
	config := nn.Config{Inputs: 4, Hidden: []int{5}, Outputs: 2}
	d := problem(rng, config, nn.CrossEntropy, 60, false)
	weights := map[string][]float32{}
	for name, s := range map[string]rate.Schedule{
		"constant": {}, "step": {Kind: rate.Step, Every: 1, Factor: 0.5}, "exponential": {Kind: rate.Exponential, Factor: 0.4},
		"cosine": {Kind: rate.Cosine}, "one_cycle": {Kind: rate.OneCycle, WarmUp: 0.3}, "plateau": {Kind: rate.Plateau, Factor: 0.1},
	} {
		n := network(config, 1)
		var rates []float64
		o := nn.Options{Epochs: 4, BatchSize: 20, LearningRate: 0.5, Loss: crossEntropy(), Schedule: s, Seed: 3}
		if _, err := n.Fit(t.Context(), d, d, o, func(p nn.Progress) { rates = append(rates, p.LearningRate) }); err != nil {
			t.Fatal(err)
		}
		if want := s.At(3, 4, 11, 12, 0); s.Kind != rate.Plateau && rates[3] != 0.5*want {
			t.Errorf("%s: last rate %v, want %v", name, rates[3], 0.5*want)
		}
		if s.Kind == rate.Plateau && rates[3] >= 0.5 {
			t.Errorf("rates %v on a plateau, want them to fall", rates)
		}
		weights[name] = nn.Get(n)
	}
	if slices.Equal(weights["constant"], weights["cosine"]) {
		t.Error("the schedule does not show in the weights")
	}
}
