package fuzzy

import (
	"fmt"
	"math"
	"strings"

	"github.com/ktrdr/ktrdr/internal/core/spell"
)

// A Hedge sharpens or softens a set as the words "very" and "somewhat" do. The
// zero value leaves it as it is.
type Hedge uint8

// The hedges.
const (
	Plain    Hedge = iota // the degree itself
	Very                  // the degree squared: what half belongs, belongs by a quarter
	Somewhat              // the square root of the degree: what belongs by a quarter, half belongs
)

var hedgeNames = [...]string{Plain: "plain", Very: "very", Somewhat: "somewhat"}

// Hedges returns the hedges that change something.
func Hedges() []Hedge { return []Hedge{Very, Somewhat} }

// ParseHedge returns the hedge called s: very or somewhat. Case is ignored.
func ParseHedge(s string) (Hedge, error) {
	names := make([]string, 0, len(Hedges()))
	for _, h := range Hedges() {
		if strings.EqualFold(s, h.String()) {
			return h, nil
		}
		names = append(names, h.String())
	}
	return Plain, fmt.Errorf("unknown hedge %q: want very or somewhat%s", s, spell.Hint(s, names))
}

// String returns the name, or Hedge(n) for a value that is not a hedge.
func (h Hedge) String() string {
	if h > Somewhat {
		return fmt.Sprintf("Hedge(%d)", uint8(h))
	}
	return hedgeNames[h]
}

// apply changes degrees in place. Both are exact but for one rounding, which
// every processor does alike.
func (h Hedge) apply(degrees []float64) {
	switch h {
	case Very:
		for i, d := range degrees {
			degrees[i] = d * d
		}
	case Somewhat:
		for i, d := range degrees {
			degrees[i] = math.Sqrt(d)
		}
	}
}
