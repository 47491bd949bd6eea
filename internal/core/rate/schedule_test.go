package rate_test

import (
	"math"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/rate"
)

// factors returns what a schedule multiplies the learning rate by in every step.
func factors(s rate.Schedule, epochs, batches int) []float64 {
	var list []float64
	for step := range epochs * batches {
		list = append(list, s.At(step/batches, epochs, step, epochs*batches, 0))
	}
	return list
}

// TestSchedule compares whole courses with numbers worked out from the formulas
// of torch.optim.lr_scheduler.
func TestSchedule(t *testing.T) {
	half := func(x float64) float64 { return (1 + math.Cos(math.Pi*x)) / 2 }
	for name, c := range map[string]struct {
		schedule        rate.Schedule
		epochs, batches int
		want            []float64
	}{
		"constant":    {rate.Schedule{}, 3, 1, []float64{1, 1, 1}},
		"step":        {rate.Schedule{Kind: rate.Step, Every: 2, Factor: 0.1}, 5, 1, []float64{1, 1, 0.1, 0.1, 0.01}},
		"per_epoch":   {rate.Schedule{Kind: rate.Step, Every: 1, Factor: 0.5}, 2, 2, []float64{1, 1, 0.5, 0.5}},
		"exponential": {rate.Schedule{Kind: rate.Exponential, Factor: 0.9}, 3, 1, []float64{1, 0.9, 0.81}},
		"cosine":      {rate.Schedule{Kind: rate.Cosine}, 4, 1, []float64{1, half(0.25), half(0.5), half(0.75)}},
		"cosine_floor": {rate.Schedule{Kind: rate.Cosine, Floor: 0.1}, 2, 2,
			[]float64{1, 1, 0.1 + 0.9*half(0.5), 0.1 + 0.9*half(0.5)}},
		// 10 steps, the peak at 0.3·10-1 = 2, the end at 9.
		"one_cycle": {rate.Schedule{Kind: rate.OneCycle, WarmUp: 0.3}, 5, 2, []float64{
			0.04, 0.52, 1, 4e-6 + (1-4e-6)*half(1.0/7), 4e-6 + (1-4e-6)*half(2.0/7), 4e-6 + (1-4e-6)*half(3.0/7),
			4e-6 + (1-4e-6)*half(4.0/7), 4e-6 + (1-4e-6)*half(5.0/7), 4e-6 + (1-4e-6)*half(6.0/7), 4e-6}},
		"one_cycle_of_one_step": {rate.Schedule{Kind: rate.OneCycle, WarmUp: 0.5}, 1, 1, []float64{1}},
	} {
		t.Run(name, func(t *testing.T) {
			got := factors(c.schedule, c.epochs, c.batches)
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

func TestSchedule_Validate(t *testing.T) {
	for name, s := range map[string]rate.Schedule{
		"unknown": {Kind: 9}, "step_of_no_epochs": {Kind: rate.Step, Factor: 0.5}, "factor_nan": {Kind: rate.Exponential, Factor: math.NaN()},
		"floor_above_one": {Kind: rate.Cosine, Floor: 1.1}, "warm_up_of_all": {Kind: rate.OneCycle, WarmUp: 1},
		"factor_of_constant": {Factor: 0.5}, "patience_negative": {Kind: rate.Plateau, Every: -1, Factor: 0.5},
		"step_factor_0": {Kind: rate.Step, Every: 1}, "step_factor_2": {Kind: rate.Step, Every: 1, Factor: 2}, "plateau_factor_0": {Kind: rate.Plateau},
		"plateau_factor_2": {Kind: rate.Plateau, Factor: 2}, "exponential_factor_0": {Kind: rate.Exponential}, "exponential_factor_2": {Kind: rate.Exponential, Factor: 2},
		"floor_below_zero": {Kind: rate.Cosine, Floor: -0.1}, "floor_nan": {Kind: rate.Cosine, Floor: math.NaN()}, "warm_up_of_nothing": {Kind: rate.OneCycle},
	} {
		if s.Validate() == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for name, s := range map[string]rate.Schedule{
		"constant": {}, "step": {Kind: rate.Step, Every: 1, Factor: 1}, "exponential": {Kind: rate.Exponential, Factor: 1}, "plateau": {Kind: rate.Plateau, Factor: 1},
		"cosine": {Kind: rate.Cosine, Floor: 1}, "cosine_to_0": {Kind: rate.Cosine}, "one_cycle": {Kind: rate.OneCycle, WarmUp: 0.999},
	} {
		if err := s.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseKind(t *testing.T) {
	if k, err := rate.ParseKind("one_cycle"); k != rate.OneCycle || err != nil {
		t.Errorf("one_cycle is %v, %v", k, err)
	}
	if _, err := rate.ParseKind("linear"); err == nil {
		t.Error("linear is accepted")
	}
}
