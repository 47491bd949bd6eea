package trial

// HasVectors tells that this processor takes trials on in rounds.
func HasVectors() bool { return hasVectors }

// WithoutRounds returns sh for trials one by one, which is the reference.
func (sh *Shared) WithoutRounds() *Shared {
	other := *sh
	other.rounds = false
	return &other
}

// A Stretch is a span of a lane: its bars, the levels that are looked for, and, of the
// bars before one is met, the extremes.
type Stretch struct {
	From, To     int
	Below, Above float64
	Least, Most  float64
}

// Stretches ends some stretches of columns where a level is met and finds the extremes
// until then, by vectors or in plain Go.
func Stretches(low, high []float64, all []Stretch, plain bool) {
	var s spans
	for i, x := range all {
		s.entry[i], s.end[i], s.below[i], s.above[i] = int64(x.From), int64(x.To), keyOf(x.Below), keyOf(x.Above)
	}
	x := extremesOf(low, high)
	if plain {
		x.leavesPlain(&s, len(all))
		x.betweenPlain(&s, len(all))
	} else {
		x.allLeave(&s, len(all))
		x.allBetween(&s, len(all))
	}
	for i := range all {
		all[i].To, all[i].Least, all[i].Most = int(s.end[i]), priceOf(s.least[i]), priceOf(s.most[i])
	}
}
