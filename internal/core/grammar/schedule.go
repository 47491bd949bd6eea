package grammar

import (
	"github.com/ktrdr/ktrdr/internal/core/document"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// The parameters that each schedule takes besides its type.
var scheduleShapes = map[string]document.Keys{
	strategy.ScheduleStep:        {Names: []string{"type", "step_size", "gamma"}, Hints: map[string]string{"enabled": whichTurnsOn}},
	strategy.ScheduleExponential: {Names: []string{"type", "gamma"}, Hints: map[string]string{"enabled": whichTurnsOn}},
	strategy.ScheduleCosine:      {Names: []string{"type", "min_factor"}, Hints: map[string]string{"enabled": whichTurnsOn, "eta_min": "write min_factor, the last rate as a share of learning_rate", "T_max": "remove it: it is epochs"}},
	strategy.SchedulePlateau:     {Names: []string{"type", "factor", "patience"}, Hints: map[string]string{"enabled": whichTurnsOn, "gamma": "the key is called factor"}},
	strategy.ScheduleOneCycle:    {Names: []string{"type", "warmup"}, Hints: map[string]string{"enabled": whichTurnsOn, "pct_start": "the key is called warmup", "max_lr": "remove it: the peak is learning_rate"}},
}

// whichTurnsOn is what becomes of a flag that older files have in a block.
const whichTurnsOn = "remove it: the block itself turns the schedule on, lr_scheduler: false turns it off"

// schedule reads how the learning rate changes.
func (d *decoder) schedule(s *strategy.Strategy, f document.Mapping) {
	n, ok := f.Get("lr_scheduler")
	if !ok || n.IsWord("false") {
		return
	}
	if n.IsWord("true") {
		n.Problem("say how the learning rate changes: write {type: cosine}, or step, exponential, reduce_on_plateau or one_cycle")
		return
	}
	all, ok := n.Entries()
	if !ok {
		return
	}
	kind, ok := all.Need("type", "step, exponential, cosine, reduce_on_plateau or one_cycle")
	if !ok {
		return
	}
	to := &s.Training.Schedule
	if to.Type, ok = kind.Choice([]string{strategy.ScheduleStep, strategy.ScheduleExponential, strategy.ScheduleCosine, strategy.SchedulePlateau, strategy.ScheduleOneCycle}); !ok {
		return
	}
	if f, ok = n.Mapping(scheduleShapes[to.Type]); !ok {
		return
	}
	factor := document.Interval{Low: 0, LowOpen: true, High: 1}
	switch to.Type {
	case strategy.ScheduleStep:
		to.Every, to.Factor = f.Whole("step_size", 30, 1, 100_000), f.Number("gamma", 0.1, factor)
	case strategy.ScheduleExponential:
		to.Factor = f.Number("gamma", 0.95, factor)
	case strategy.ScheduleCosine:
		to.Floor = f.Number("min_factor", 0, document.Interval{Low: 0, High: 1})
	case strategy.SchedulePlateau:
		to.Every, to.Factor = f.Whole("patience", 5, 0, 100_000), f.Number("factor", 0.5, factor)
	case strategy.ScheduleOneCycle:
		to.WarmUp = f.Number("warmup", 0.3, document.Interval{Low: 0, LowOpen: true, High: 1, HighOpen: true})
	}
}
