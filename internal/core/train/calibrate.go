package train

import (
	"math"
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/model"
	"github.com/ktrdr/ktrdr/internal/core/nn"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// The temperatures that calibrate may choose, from 1/20 to 20, and the steps with
// which it narrows them down.
const (
	maxTemperature = 20.0
	goldenSection  = 0.6180339887498949
	goldenSteps    = 48 // of which each leaves 0.62 of the range: 2e-9 of it in the end
)

// A Calibration tells how confidences were made to fit the validation rows.
type Calibration struct {
	Temperature   float64 `json:"temperature"` // what outputs are divided by
	LogLossBefore float64 `json:"log_loss_before"`
	LogLossAfter  float64 `json:"log_loss_after"` // both on the validation rows, on which it was fitted
}

// calibrate returns the temperature that makes the log loss of outputs smallest,
// each row counting the same; nil where the strategy does not ask for it.
//
//	min over b in [1/20, 20] of mean(-log softmax(b z)[y])    T = 1/b
//
// which is convex in b, so that a golden section finds it.
//
// Source: C. Guo et al., On calibration of modern neural networks, 2017.
func calibrate(s *strategy.Strategy, outputs []float32, width int, class []int32) *Calibration {
	if s.Training.Calibration != strategy.CalibrationTemperature {
		return nil
	}
	loss := func(b float64) float64 {
		scaled := slices.Clone(outputs)
		model.Soften(scaled, 1/b)
		return nn.Loss{Kind: nn.CrossEntropy}.MeanLoss(scaled, width, nn.Data{Class: class})
	}
	low, high := 1/maxTemperature, maxTemperature
	left := high - float64(goldenSection*(high-low))
	right := low + float64(goldenSection*(high-low))
	atLeft, atRight := loss(left), loss(right)
	for range goldenSteps {
		if atLeft <= atRight {
			high, right, atRight = right, left, atLeft
			left = high - float64(goldenSection*(high-low))
			atLeft = loss(left)
		} else {
			low, left, atLeft = left, right, atRight
			right = low + float64(goldenSection*(high-low))
			atRight = loss(right)
		}
	}
	b := (low + high) / 2
	return &Calibration{Temperature: 1 / b, LogLossBefore: loss(1), LogLossAfter: loss(b)}
}

// temperature returns that of c, 0 where there is none.
func (c *Calibration) temperature() float64 {
	if c == nil {
		return 0
	}
	return c.Temperature
}

// reliabilityBins is how many bins of equal width a reliability curve has.
const reliabilityBins = 10

// A ReliabilityBin compares how sure the model was with how often it was right,
// over the rows whose confidence (the largest probability) lies above From and at
// most at To.
type ReliabilityBin struct {
	From       float64  `json:"from"`
	To         float64  `json:"to"`
	Rows       int      `json:"rows"`
	Confidence *float64 `json:"confidence"` // mean; null without rows
	Accuracy   *float64 `json:"accuracy"`   // share of right classes; null without rows
}

// reliable fills in the quality of probabilities: Brier score, reliability curve
// and the curve's mean distance from the diagonal.
//
//	brier = mean Σ_c (p[c] - [c = y])²    error = Σ_bins rows/N |confidence - accuracy|
func (q *Classification) reliable(probability []float32, class []int32) {
	width := len(q.Confusion)
	sums, right := [reliabilityBins]float64{}, [reliabilityBins]int{}
	q.Reliability = make([]ReliabilityBin, reliabilityBins)
	for i, y := range class {
		p, best, square := probability[i*width:(i+1)*width], 0, 0.0
		for c := range p {
			if p[c] > p[best] {
				best = c
			}
			d := float64(p[c])
			if c == int(y) {
				d--
			}
			square += float64(d * d)
		}
		q.Brier += square / float64(len(class))
		confidence := float64(p[best])
		bin := min(max(int(math.Ceil(confidence*reliabilityBins))-1, 0), reliabilityBins-1)
		sums[bin] += confidence
		q.Reliability[bin].Rows++
		if best == int(y) {
			right[bin]++
		}
	}
	for k := range q.Reliability {
		b := &q.Reliability[k]
		b.From, b.To = float64(k)/reliabilityBins, float64(k+1)/reliabilityBins
		if b.Rows == 0 {
			continue
		}
		confidence, accuracy := sums[k]/float64(b.Rows), float64(right[k])/float64(b.Rows)
		b.Confidence, b.Accuracy = &confidence, &accuracy
		q.CalibrationError += float64(math.Abs(confidence-accuracy) * (float64(b.Rows) / float64(len(class))))
	}
}
