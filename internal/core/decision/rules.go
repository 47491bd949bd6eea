package decision

import (
	"fmt"
	"math"
)

// NeverEntered is the number of bars since the last entry where there was none.
const NeverEntered = math.MaxInt

// Rules say when a signal may be acted on. The zero value acts on every signal
// except a sell while flat. RulesOf makes those of a strategy.
type Rules struct {
	// Regression says that the model predicts a return instead of classes: its
	// cost threshold takes the place of the confidence threshold.
	Regression bool

	// ConfidenceThreshold is the least confidence to act on, in [0, 1]. A
	// confidence is a float32, and the threshold is rounded to one before they
	// are compared, so that 0.7 is not below 0.7.
	ConfidenceThreshold float64

	// MinSignalSeparation is the least number of bars from one entry to the
	// next. It never holds back an exit.
	MinSignalSeparation int

	// AllowShort lets a sell open a short while flat.
	AllowShort bool
}

// Validate returns what is wrong with the rules, or nil.
func (r Rules) Validate() error {
	if !(r.ConfidenceThreshold >= 0 && r.ConfidenceThreshold <= 1) {
		return fmt.Errorf("confidence threshold %v: want a number from 0 to 1", r.ConfidenceThreshold)
	}
	if r.MinSignalSeparation < 0 {
		return fmt.Errorf("minimum signal separation %d: want a number of bars, at least 0", r.MinSignalSeparation)
	}
	return nil
}

// Decide says at the close of a bar what to do, given what the model says, the
// position held, and the bars since the last executed entry, counted from the
// open at which it was filled to now (1 at the close of the bar of the entry;
// NeverEntered where there was none). Only Acted comes with a Signal other than
// Hold. The first of these that applies gives the answer:
//
//  1. The model could not be asked: Hold, NoFeatures.
//  2. Raw.Leave while something is held: the signal that closes it.
//  3. Raw.Withheld: Hold, with that reason, except that Skipped holds back no exit.
//  4. The model says hold: Hold, ModelHold, or BelowCost for regression.
//  5. Classification and less confident than the threshold: Hold, BelowConfidence.
//  6. The position is on that side: Hold, Holding. There is one position at a
//     time and it is not added to.
//  7. The position is on the other side: the signal, which closes it. Nothing
//     below holds back an exit, and a reversal takes another signal.
//  8. A sell while flat without AllowShort: Hold, ShortNotAllowed.
//  9. Fewer bars since the last entry than MinSignalSeparation: Hold, Separation.
//  10. The signal, which opens a position.
func (r Rules) Decide(raw Raw, p Position, barsSinceEntry int) (Signal, Reason) {
	switch {
	case !raw.Known:
		return Hold, NoFeatures
	case raw.Leave && p != Flat:
		return Signal(-p), Acted
	case raw.Withheld != Acted && (raw.Withheld != Skipped || p == Flat):
		return Hold, raw.Withheld
	case raw.Signal == Hold && r.Regression:
		return Hold, BelowCost
	case raw.Signal == Hold:
		return Hold, ModelHold
	case !r.Regression && !(raw.Confidence >= float32(r.ConfidenceThreshold)):
		return Hold, BelowConfidence
	case Position(raw.Signal) == p:
		return Hold, Holding
	case p != Flat:
		return raw.Signal, Acted
	case raw.Signal == Sell && !r.AllowShort:
		return Hold, ShortNotAllowed
	case barsSinceEntry < r.MinSignalSeparation:
		return Hold, Separation
	}
	return raw.Signal, Acted
}
