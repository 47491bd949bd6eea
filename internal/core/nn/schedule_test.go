package nn_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/nn"
)

// TestSchedule compares whole courses with numbers worked out from the formulas
// of torch.optim.lr_scheduler.
func TestSchedule(t *testing.T) {
	half := func(x float64) float64 { return (1 + math.Cos(math.Pi*x)) / 2 }
	for name, c := range map[string]struct {
		schedule        nn.Schedule
		epochs, batches int
		want            []float64
	}{
		"constant":    {nn.Schedule{}, 3, 1, []float64{1, 1, 1}},
		"step":        {nn.Schedule{Kind: nn.Step, Every: 2, Factor: 0.1}, 5, 1, []float64{1, 1, 0.1, 0.1, 0.01}},
		"per_epoch":   {nn.Schedule{Kind: nn.Step, Every: 1, Factor: 0.5}, 2, 2, []float64{1, 1, 0.5, 0.5}},
		"exponential": {nn.Schedule{Kind: nn.Exponential, Factor: 0.9}, 3, 1, []float64{1, 0.9, 0.81}},
		"cosine":      {nn.Schedule{Kind: nn.Cosine}, 4, 1, []float64{1, half(0.25), half(0.5), half(0.75)}},
		"cosine_floor": {nn.Schedule{Kind: nn.Cosine, Floor: 0.1}, 2, 2,
			[]float64{1, 1, 0.1 + 0.9*half(0.5), 0.1 + 0.9*half(0.5)}},
		// 10 steps, the peak at 0.3·10-1 = 2, the end at 9.
		"one_cycle": {nn.Schedule{Kind: nn.OneCycle, WarmUp: 0.3}, 5, 2, []float64{
			0.04, 0.52, 1, 4e-6 + (1-4e-6)*half(1.0/7), 4e-6 + (1-4e-6)*half(2.0/7), 4e-6 + (1-4e-6)*half(3.0/7),
			4e-6 + (1-4e-6)*half(4.0/7), 4e-6 + (1-4e-6)*half(5.0/7), 4e-6 + (1-4e-6)*half(6.0/7), 4e-6}},
		"one_cycle_of_one_step": {nn.Schedule{Kind: nn.OneCycle, WarmUp: 0.5}, 1, 1, []float64{1}},
	} {
		t.Run(name, func(t *testing.T) {
			got := nn.Factors(c.schedule, c.epochs, c.batches)
			if len(got) != len(c.want) {
				t.Fatalf("%d factors, want %d", len(got), len(c.want))
			}
			for i, want := range c.want {
				if math.Abs(got[i]-want) > 1e-15 {
					t.Errorf("step %d: factor %v, want %v", i, got[i], want)
				}
			}
		})
	}
}

// TestSchedule_plateau: with a patience of 1 the rate falls after the second
// epoch in a row whose loss has not fallen by a ten-thousandth.
func TestSchedule_plateau(t *testing.T) {
	got := nn.PlateauFactors(nn.Schedule{Kind: nn.Plateau, Every: 1, Factor: 0.5}, 1, 0.9, 0.9, 0.89999, 0.8, 0.85, 0.81, 0.8, 0.8)
	want := []float64{1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.125}
	if !slices.Equal(got, want) {
		t.Errorf("factors %v, want %v", got, want)
	}
}

func TestCosPi(t *testing.T) {
	for i := range 10_001 {
		x := float64(i) / 10_000
		if got, want := nn.CosPi(x), math.Cos(math.Pi*x); math.Abs(got-want) > 5e-16 {
			t.Fatalf("cos(π %v) = %v, want %v", x, got, want)
		}
	}
}

// TestFit_schedule: what a schedule says reaches the steps, and the rate that is
// reported.
func TestFit_schedule(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 9))
	config := nn.Config{Inputs: 4, Hidden: []int{5}, Outputs: 2}
	d := problem(rng, config, nn.CrossEntropy, 60, false)
	weights := map[string][]float32{}
	for name, s := range map[string]nn.Schedule{
		"constant": {}, "step": {Kind: nn.Step, Every: 1, Factor: 0.5}, "exponential": {Kind: nn.Exponential, Factor: 0.4},
		"cosine": {Kind: nn.Cosine}, "one_cycle": {Kind: nn.OneCycle, WarmUp: 0.3}, "plateau": {Kind: nn.Plateau, Factor: 0.1},
	} {
		n := network(config, 1)
		var rates []float64
		o := nn.Options{Epochs: 4, BatchSize: 20, LearningRate: 0.5, Loss: crossEntropy(), Schedule: s, Seed: 3}
		if _, err := n.Fit(t.Context(), d, d, o, func(p nn.Progress) { rates = append(rates, p.LearningRate) }); err != nil {
			t.Fatal(err)
		}
		if want := nn.Factors(s, 4, 3); s.Kind != nn.Plateau && rates[3] != 0.5*want[11] {
			t.Errorf("%s: last rate %v, want %v", name, rates[3], 0.5*want[11])
		}
		if s.Kind == nn.Plateau && rates[3] >= 0.5 {
			t.Errorf("rates %v on a plateau, want them to fall", rates)
		}
		weights[name] = nn.Get(n)
	}
	if slices.Equal(weights["constant"], weights["cosine"]) {
		t.Error("the schedule does not show in the weights")
	}
}
