package nn_test

import (
	"math"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/nn"
)

// The expected steps are worked out by hand from the formulas that Optimizer
// states.
func TestOptimizer(t *testing.T) {
	const rate = 0.01
	for name, c := range map[string]struct {
		options   nn.Options
		weight    float32
		gradients []float32
		want      []float64
	}{
		// m/(1-β1) = g and v/(1-β2) = g², so the first step is -rate·g/(|g|+ε).
		"first_step_has_the_size_of_the_rate": {nn.Options{}, 1, []float32{3}, []float64{1 - rate}},
		"whatever_the_gradient":               {nn.Options{}, 1, []float32{-1e-3}, []float64{1 + rate}},
		// A constant gradient keeps m̂ = g and v̂ = g².
		"constant_gradient": {nn.Options{}, 0, []float32{2, 2, 2}, []float64{-rate, -2 * rate, -3 * rate}},
		// Opposite gradients: m2 = 0.9·0.1 - 0.1 = -0.01, m̂2 = -0.01/0.19, v̂2 = 1.
		"reversed_gradient": {nn.Options{}, 0, []float32{1, -1}, []float64{-rate, -rate + rate*0.01/0.19}},
		// g1 = 1, g2 = 3: m2 = 0.09+0.3, v2 = 0.000999+0.009.
		"growing_gradient": {nn.Options{}, 0, []float32{1, 3},
			[]float64{-rate, -rate - rate*(0.39/0.19)/math.Sqrt(0.009999/0.001999)}},
		"zero_gradient": {nn.Options{}, 5, []float32{0, 0}, []float64{5, 5}},
		// L2: the gradient becomes 0.5·w, so the weight shrinks although its own gradient is 0.
		"decay_alone":          {nn.Options{WeightDecay: 0.5}, 2, []float32{0}, []float64{2 - rate}},
		"decay_outweighs":      {nn.Options{WeightDecay: 0.5}, 2, []float32{-0.25}, []float64{2 - rate}},
		"gradient_outweighs":   {nn.Options{WeightDecay: 0.5}, 2, []float32{-4}, []float64{2 + rate}},
		"decay_after_clipping": {nn.Options{WeightDecay: 0.5, GradientClip: 0.1}, 2, []float32{-4}, []float64{2 - rate}},
		// Clipping 1 → 1 and 3 → 1 makes the gradient constant.
		"clip": {nn.Options{GradientClip: 1}, 0, []float32{1, 3}, []float64{-rate, -2 * rate}},
		// AdamW shrinks the weight beside the gradient, whose moments do not see it.
		"adamw_decay_alone": {nn.Options{Optimizer: nn.AdamW, WeightDecay: 0.5}, 2, []float32{0, 0}, []float64{2 * (1 - rate*0.5), 2 * (1 - rate*0.5) * (1 - rate*0.5)}},
		"adamw_both":        {nn.Options{Optimizer: nn.AdamW, WeightDecay: 0.5}, 2, []float32{-4}, []float64{2*(1-rate*0.5) + rate}},
		"sgd":               {nn.Options{Optimizer: nn.SGD}, 1, []float32{3, -1}, []float64{1 - 3*rate, 1 - 2*rate}},
		// m = 3, 0.5·3-1 = 0.5, 0.5·0.5 = 0.25.
		"sgd_momentum": {nn.Options{Optimizer: nn.SGD, Momentum: 0.5}, 1, []float32{3, -1, 0}, []float64{1 - 3*rate, 1 - 3.5*rate, 1 - 3.75*rate}},
		"sgd_decay":    {nn.Options{Optimizer: nn.SGD, WeightDecay: 0.5}, 2, []float32{0}, []float64{2 - rate}},
		// v = 0.01·9, and the root of it is 0.3.
		"rmsprop":        {nn.Options{Optimizer: nn.RMSProp}, 1, []float32{3}, []float64{1 - rate*3/0.3}},
		"rmsprop_grows":  {nn.Options{Optimizer: nn.RMSProp}, 0, []float32{1, 3}, []float64{-rate / 0.1, -rate/0.1 - rate*3/math.Sqrt(0.0099+0.09)}},
		"rmsprop_decays": {nn.Options{Optimizer: nn.RMSProp, WeightDecay: 0.5}, 2, []float32{0}, []float64{2 - rate/0.1}},
		"sgd_clip":       {nn.Options{Optimizer: nn.SGD, GradientClip: 1}, 0, []float32{5}, []float64{-rate}},
	} {
		t.Run(name, func(t *testing.T) {
			c.options.LearningRate = rate
			got := nn.OptimizerSteps(c.options, c.weight, c.gradients...)
			for i, want := range c.want {
				if math.Abs(float64(got[i])-want) > 2e-7*max(1, math.Abs(want)) {
					t.Errorf("weight after step %d = %v, want %v", i+1, got[i], want)
				}
			}
		})
	}
}

// TestAdam_subnormal lets the moments of a weight that gets no gradient any more
// decay: they end at zero and never linger in the subnormal numbers.
func TestAdam_subnormal(t *testing.T) {
	gradients := make([]float32, 2000)
	gradients[0] = 1e-12
	path := nn.OptimizerSteps(nn.Options{LearningRate: 0.01}, 1, gradients...)
	if last := path[len(path)-1]; last != path[len(path)-2] || last != last {
		t.Errorf("the weight still moves after 2000 steps without a gradient: %v", last)
	}
}
