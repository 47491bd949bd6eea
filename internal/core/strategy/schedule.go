package strategy

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
