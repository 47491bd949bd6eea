package rate

import (
	"fmt"

	"github.com/ktrdr/ktrdr/internal/core/elementary"
)

// A Kind says how the learning rate changes in the course of a training.
// The zero value leaves it alone.
type Kind uint8

// The schedules, with e the epoch from 0, E the epochs planned, s the step from 0,
// S the steps planned, and the first three constant within an epoch:
//
//	Step         rate Factor^⌊e/Every⌋
//	Exponential  rate Factor^e
//	Cosine       rate (Floor + (1-Floor) (1 + cos(π e/E))/2)
//	Plateau      rate Factor^n, with n the times that the validation loss did not fall
//	             by a ten-thousandth of itself for more than Every epochs
//	OneCycle     from rate/25 up to rate at step WarmUp·S - 1, then down to
//	             rate/250000 at step S-1, each along half a cosine
//
// They are those of torch.optim.lr_scheduler: StepLR, ExponentialLR,
// CosineAnnealingLR(T_max=E), ReduceLROnPlateau and OneCycleLR(cycle_momentum=False).
const (
	Constant Kind = iota
	Step
	Exponential
	Cosine
	Plateau
	OneCycle
)

var names = [...]string{Constant: "constant", Step: "step", Exponential: "exponential", Cosine: "cosine", Plateau: "reduce_on_plateau", OneCycle: "one_cycle"}

// ParseKind returns the schedule of that name: constant, step, exponential,
// cosine, reduce_on_plateau or one_cycle.
func ParseKind(s string) (Kind, error) {
	for k, name := range names {
		if name == s {
			return Kind(k), nil
		}
	}
	return 0, fmt.Errorf("unknown schedule %q: want constant, step, exponential, cosine, reduce_on_plateau or one_cycle", s)
}

// A Schedule is a kind and the parameters that it names. The zero value is a
// constant rate.
type Schedule struct {
	Kind   Kind
	Every  int     // Step: epochs, at least 1; Plateau: epochs of patience, at least 0
	Factor float64 // Step, Exponential, Plateau: above 0 and at most 1
	Floor  float64 // Cosine: last rate over first, 0 to 1
	WarmUp float64 // OneCycle: share of the steps, above 0 and below 1
}

// The ends of OneCycle over its peak.
const (
	cycleStart = 1.0 / 25
	cycleEnd   = cycleStart / 1e4
)

// PlateauThreshold is the share of itself that a loss must fall by on Plateau.
const PlateauThreshold = 1e-4

// Validate returns what is wrong with the schedule, or nil.
func (s Schedule) Validate() error {
	ok := true
	switch s.Kind {
	case Constant:
		ok = s == Schedule{}
	case Step:
		ok = s.Every >= 1 && s.Factor > 0 && s.Factor <= 1
	case Exponential:
		ok = s.Factor > 0 && s.Factor <= 1
	case Plateau:
		ok = s.Every >= 0 && s.Factor > 0 && s.Factor <= 1
	case Cosine:
		ok = s.Floor >= 0 && s.Floor <= 1
	case OneCycle:
		ok = s.WarmUp > 0 && s.WarmUp < 1
	default:
		return fmt.Errorf("schedule %d is not one", s.Kind)
	}
	if !ok {
		return fmt.Errorf("schedule %s: a parameter is out of range in %+v", names[s.Kind], s)
	}
	return nil
}

// At returns what the learning rate is multiplied by in a step of an epoch,
// both from 0, after so many plateaus.
func (s Schedule) At(epoch, epochs, step, steps, plateaus int) float64 {
	switch s.Kind {
	case Step:
		return power(s.Factor, epoch/s.Every)
	case Exponential:
		return power(s.Factor, epoch)
	case Plateau:
		return power(s.Factor, plateaus)
	case Cosine:
		return descend(1, s.Floor, float64(epoch)/float64(epochs))
	case OneCycle:
		last := float64(steps - 1)
		top := min(max(float64(s.WarmUp*float64(steps))-1, 0), last)
		at := float64(step)
		switch {
		case at < top:
			return descend(cycleStart, 1, at/top)
		case last == top:
			return 1
		}
		return descend(1, cycleEnd, (at-top)/(last-top))
	}
	return 1
}

// descend goes from from to to along half a cosine while x goes from 0 to 1.
func descend(from, to, x float64) float64 {
	return to + float64(float64((from-to)*0.5)*(1+elementary.CosPi(x)))
}

// power returns x to the n by repeated squaring, for n of at least 0.
func power(x float64, n int) float64 {
	p := 1.0
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			p = float64(p * x)
		}
		x = float64(x * x)
	}
	return p
}
