package strategy

// The parameters that each schedule takes besides its type.
var scheduleShapes = map[string]shape{
	ScheduleStep:        {keys: []string{"type", "step_size", "gamma"}},
	ScheduleExponential: {keys: []string{"type", "gamma"}},
	ScheduleCosine:      {keys: []string{"type", "min_factor"}, hints: map[string]string{"eta_min": "write min_factor, the last rate as a share of learning_rate", "T_max": "remove it: it is epochs"}},
	SchedulePlateau:     {keys: []string{"type", "factor", "patience"}, hints: map[string]string{"gamma": "the key is called factor"}},
	ScheduleOneCycle:    {keys: []string{"type", "warmup"}, hints: map[string]string{"pct_start": "the key is called warmup", "max_lr": "remove it: the peak is learning_rate"}},
}

// schedule reads how the learning rate changes.
func (d *decoder) schedule(s *Strategy, f fields) {
	n, ok := f.get("lr_scheduler")
	if !ok || n.isPlain() && n.yaml.Value == "false" {
		return
	}
	if n.isPlain() && n.yaml.Value == "true" {
		n.problem("say how the learning rate changes: write {type: cosine}, or step, exponential, reduce_on_plateau or one_cycle")
		return
	}
	all, ok := n.entries()
	if !ok {
		return
	}
	kind, ok := all.need("type", "step, exponential, cosine, reduce_on_plateau or one_cycle")
	if !ok {
		return
	}
	to := &s.Training.Schedule
	if to.Type, ok = kind.choice([]string{ScheduleStep, ScheduleExponential, ScheduleCosine, SchedulePlateau, ScheduleOneCycle}); !ok {
		return
	}
	if f, ok = n.fields(scheduleShapes[to.Type]); !ok {
		return
	}
	factor := interval{low: 0, lowOpen: true, high: 1}
	switch to.Type {
	case ScheduleStep:
		to.Every, to.Factor = f.whole("step_size", 30, 1, 100_000), f.number("gamma", 0.1, factor)
	case ScheduleExponential:
		to.Factor = f.number("gamma", 0.95, factor)
	case ScheduleCosine:
		to.Floor = f.number("min_factor", 0, interval{low: 0, high: 1})
	case SchedulePlateau:
		to.Every, to.Factor = f.whole("patience", 5, 0, 100_000), f.number("factor", 0.5, factor)
	case ScheduleOneCycle:
		to.WarmUp = f.number("warmup", 0.3, interval{low: 0, lowOpen: true, high: 1, highOpen: true})
	}
}

// scheduleObject is the canonical form of a schedule.
func scheduleObject(x Schedule) object {
	return map[string]object{
		ScheduleStep:        {{"type", x.Type}, {"step_size", x.Every}, {"gamma", x.Factor}},
		ScheduleExponential: {{"type", x.Type}, {"gamma", x.Factor}},
		ScheduleCosine:      {{"type", x.Type}, {"min_factor", x.Floor}},
		SchedulePlateau:     {{"type", x.Type}, {"factor", x.Factor}, {"patience", x.Every}},
		ScheduleOneCycle:    {{"type", x.Type}, {"warmup", x.WarmUp}},
	}[x.Type]
}
