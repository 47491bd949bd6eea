package decision

import (
	"fmt"
	"math"
	"strings"

	"github.com/ktrdr/ktrdr/internal/core/market"
)

// A Head reads the outputs of a network. The zero value panics where it is
// asked to; Classifier, Regressor or HeadOf makes one.
type Head struct {
	width     int      // outputs per row
	class     []Signal // the meaning of each output; nil for regression
	threshold float64  // least |predicted return| that is worth its cost
}

// Classifier returns the head of a network with one output per class, in the
// order of classes, which are two or three of BUY, HOLD and SELL.
func Classifier(classes []string) (Head, error) {
	var h Head
	for i, name := range classes {
		s, err := ParseSignal(name)
		if err != nil {
			return Head{}, fmt.Errorf("class %d: %w", i, err)
		}
		for j, earlier := range h.class {
			if s == earlier {
				return Head{}, fmt.Errorf("classes %d and %d are both %s", j, i, s)
			}
		}
		h.class = append(h.class, s)
	}
	if len(h.class) < 2 {
		return Head{}, fmt.Errorf("classes [%s]: want at least two of BUY, HOLD and SELL", strings.Join(classes, " "))
	}
	h.width = len(h.class)
	return h, nil
}

// Regressor returns the head of a network with one output, the predicted return
// as a fraction. Its signal is BUY above roundTripCost*minEdgeMultiplier, SELL
// below minus that, and HOLD in between and at either border.
func Regressor(roundTripCost, minEdgeMultiplier float64) (Head, error) {
	for _, v := range [...]struct {
		name  string
		value float64
	}{{"round trip cost", roundTripCost}, {"minimum edge multiplier", minEdgeMultiplier}} {
		if !(v.value >= 0) || math.IsInf(v.value, 0) {
			return Head{}, fmt.Errorf("%s %v: want a finite number of at least 0", v.name, v.value)
		}
	}
	return Head{width: 1, threshold: roundTripCost * minEdgeMultiplier}, nil
}

// Width returns the number of outputs per row that the head reads.
func (h Head) Width() int { return h.width }

// Decode reads rows of outputs, all of bars with complete features, into dst,
// which is grown where it is too short, and returns it with length rows. An
// error is an *OutputError with the row.
//
// Classification, with z the outputs of a row:
//
//	confidence = 1 / sum over k of exp(z[k] - max z)      the largest softmax probability
//	signal     = the class with the largest z; HOLD where two are equally large
//
// Regression, with p the output and c the cost threshold:
//
//	confidence = min(|p| / (3 c), 1), and 1 where c is 0 and p is not
//	signal     = BUY if p > c, SELL if p < -c, else HOLD
//
// Shape:   outputs is row-major, rows by Width.
// Range:   confidence lies in [0, 1]; for K classes in [1/K, 1].
// NaN:     NaN or infinite outputs are an error, never a HOLD.
// Panics:  if len(outputs) is not rows*Width, or for the zero Head.
// Error:   confidence is the float32 nearest to a float64 with an error below
// 1e-15, the same bits on every CPU.
// Differs: KTRDR in Python took outputs that happened to sum to 1 as
// probabilities, gave ties to the class that stood first, and turned failures
// into HOLD.
func (h Head) Decode(dst []Raw, outputs []float32, rows int) ([]Raw, error) {
	return h.decode(dst, outputs, rows, nil, nil)
}

// DecodeKnown is Decode for rows of which some have incomplete features: row i
// is of the bar that opens at times[i], and where known[i] is false its outputs
// are not looked at and its Raw is the zero value. An error is an *OutputError
// with the row and the time of the bar.
func (h Head) DecodeKnown(dst []Raw, outputs []float32, times []int64, known []bool) ([]Raw, error) {
	if len(times) != len(known) {
		panic("decision: DecodeKnown slice lengths differ")
	}
	return h.decode(dst, outputs, len(known), times, known)
}

func (h Head) decode(dst []Raw, outputs []float32, rows int, times []int64, known []bool) ([]Raw, error) {
	width := h.width
	if width == 0 {
		panic("decision: Decode with the zero Head")
	}
	if len(outputs) != rows*width {
		panic("decision: Decode wants rows*Width outputs")
	}
	if cap(dst) < rows {
		dst = make([]Raw, rows)
	}
	dst = dst[:rows]
	for row := range dst {
		if known != nil && !known[row] {
			dst[row] = Raw{}
			continue
		}
		z := outputs[row*width : (row+1)*width]
		if bad, found := firstNotFinite(z); found {
			err := &OutputError{Row: row, Value: z[bad], Output: bad}
			if times != nil {
				err.Time, err.HasTime = times[row], true
			}
			return nil, err
		}
		if h.class == nil {
			dst[row] = h.regress(float64(z[0]))
		} else {
			dst[row] = h.classify(z)
		}
	}
	return dst, nil
}

func (h Head) classify(z []float32) Raw {
	best, tie := 0, false
	for k := 1; k < len(z); k++ {
		if z[k] > z[best] {
			best, tie = k, false
		} else if z[k] == z[best] {
			tie = true
		}
	}
	sum := 0.0
	for _, v := range z {
		sum += exp(float64(v) - float64(z[best]))
	}
	raw := Raw{Confidence: float32(1 / sum), Signal: h.class[best], Known: true}
	if tie {
		raw.Signal = Hold
	}
	return raw
}

func (h Head) regress(p float64) Raw {
	raw := Raw{Known: true}
	if p != 0 {
		raw.Confidence = float32(min(math.Abs(p)/(3*h.threshold), 1))
	}
	switch {
	case p > h.threshold:
		raw.Signal = Buy
	case p < -h.threshold:
		raw.Signal = Sell
	}
	return raw
}

func firstNotFinite(z []float32) (index int, found bool) {
	for i, v := range z {
		if !(v >= -math.MaxFloat32 && v <= math.MaxFloat32) { // NaN is neither
			return i, true
		}
	}
	return 0, false
}

// An OutputError says that a model put out something that is not a number for a
// bar whose features are complete.
type OutputError struct {
	Row     int     // row of the outputs
	Output  int     // column of the outputs
	Value   float32 // NaN or infinite
	Time    int64   // Unix second at which the bar opens, where HasTime
	HasTime bool
}

func (e *OutputError) Error() string {
	where := fmt.Sprintf("row %d", e.Row)
	if e.HasTime {
		where = "the bar at " + market.Stamp(e.Time)
	}
	return fmt.Sprintf("model output %d is %v at %s although its features are complete: the model is broken, train it again", e.Output, e.Value, where)
}
