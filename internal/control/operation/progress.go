package operation

import (
	"fmt"
	"math"
	"unicode/utf8"
)

// Progress says how far an attempt has come.
type Progress struct {
	Percentage     float64        `json:"percentage"` // 0 to 100
	CurrentStep    string         `json:"current_step"`
	StepsCompleted int            `json:"steps_completed"`
	StepsTotal     int            `json:"steps_total"`
	ItemsProcessed int64          `json:"items_processed"`
	ItemsTotal     *int64         `json:"items_total"`
	CurrentItem    *string        `json:"current_item"`
	Phase          string         `json:"phase,omitempty"`
	Context        map[string]any `json:"context" nullable:"true"`
}

// A ProgressError says why a progress report cannot be true.
type ProgressError struct{ Reason string }

func (e *ProgressError) Error() string { return "progress refused: " + e.Reason }

const (
	// percentSlack is what rounding may add to or take from a percentage; it
	// is clamped away, anything more is refused.
	percentSlack = 1e-6
	// maxText and maxContext bound what is kept of one report.
	maxText    = 500
	maxContext = 64
)

// Advance returns next as the progress that follows p within one attempt, or a
// *ProgressError if it cannot be true: a percentage outside 0 to 100 or below
// the one before, a negative count, a text or context beyond bounds.
func (p Progress) Advance(next Progress) (Progress, error) {
	pct := next.Percentage
	switch {
	case math.IsNaN(pct) || pct < -percentSlack || pct > 100+percentSlack:
		return p, refuse("percentage is %v: want 0 to 100", pct)
	case pct < p.Percentage-percentSlack:
		return p, refuse("percentage goes back from %v to %v", p.Percentage, pct)
	case next.StepsCompleted < 0 || next.StepsTotal < 0 || next.ItemsProcessed < 0:
		return p, refuse("a count is negative: %d of %d steps, %d items", next.StepsCompleted, next.StepsTotal, next.ItemsProcessed)
	case next.ItemsTotal != nil && *next.ItemsTotal < 0:
		return p, refuse("items_total is %d: want at least 0", *next.ItemsTotal)
	case len(next.Context) > maxContext:
		return p, refuse("context has %d entries: want at most %d", len(next.Context), maxContext)
	}
	texts := []string{next.CurrentStep, next.Phase}
	if next.CurrentItem != nil {
		texts = append(texts, *next.CurrentItem)
	}
	for _, s := range texts {
		if len(s) > maxText || !utf8.ValidString(s) {
			return p, refuse("a text has %d bytes or is not UTF-8: want at most %d bytes", len(s), maxText)
		}
	}
	next.Percentage = min(100, max(pct, p.Percentage, 0))
	if next.Context == nil {
		next.Context = map[string]any{}
	}
	return next, nil
}

func refuse(format string, args ...any) error {
	return &ProgressError{Reason: fmt.Sprintf(format, args...)}
}
