package train

import (
	"math"
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/elementary"
	"github.com/ktrdr/ktrdr/internal/core/model"
	"github.com/ktrdr/ktrdr/internal/core/nn"
)

// A Quality says how well outputs fit the labels of one part. Either
// Classification or Regression is there; JSON has their fields side by side.
type Quality struct {
	Rows           int      `json:"rows"`
	Loss           float64  `json:"loss"`            // the loss trained on, class weights included
	UnweightedLoss float64  `json:"unweighted_loss"` // each row counts the same
	Accuracy       *float64 `json:"accuracy"`        // share of right classes; null for a regression
	*Classification
	*Regression
}

// A Classification is what counting right and wrong classes gives.
type Classification struct {
	LogLoss          float64        `json:"log_loss"`          // mean of -log p(true class), in nats; like the next two of the calibrated probabilities
	Brier            float64        `json:"brier_score"`       // mean squared distance of the probabilities from the truth, 0 to 2
	CalibrationError float64        `json:"calibration_error"` // mean distance of confidence from accuracy over the reliability curve
	BaselineLogLoss  float64        `json:"baseline_log_loss"` // of always giving the class shares of the training part
	BaselineAccuracy float64        `json:"baseline_accuracy"` // of always naming the most frequent class of the training part
	BalancedAccuracy float64        `json:"balanced_accuracy"` // mean recall over the classes that occur
	Precision        float64        `json:"precision"`         // mean over the classes that occur; a class never named counts as 0
	Recall           float64        `json:"recall"`            // equals balanced_accuracy
	F1               float64        `json:"f1_score"`          // mean over the classes that occur
	Classes          []ClassQuality `json:"classes"`
	Confusion        [][]int        `json:"confusion"` // [true class][named class], rows

	Reliability []ReliabilityBin `json:"reliability_curve"`
}

// A ClassQuality is about one class. A rate whose divisor is 0 is null.
type ClassQuality struct {
	Class     string   `json:"class"`
	Rows      int      `json:"rows"`  // that are of the class
	Named     int      `json:"named"` // that the model names so
	Precision *float64 `json:"precision"`
	Recall    *float64 `json:"recall"`
	F1        *float64 `json:"f1_score"`
}

// A Regression is what the distance to the targets gives.
type Regression struct {
	MAE          float64 `json:"mae"`           // mean absolute error
	RMSE         float64 `json:"rmse"`          // root of the mean squared error
	SignAccuracy float64 `json:"sign_accuracy"` // share of rows with the right sign; zero is a sign of its own
	BaselineMAE  float64 `json:"baseline_mae"`  // of always giving the mean of the training part
	BaselineRMSE float64 `json:"baseline_rmse"`
}

// A baseline is what somebody says who knows the labels of the training part and
// nothing else.
type baseline struct {
	logShare []float64 // logarithm of each class's share, (n+1)/(N+K) so that no class is impossible
	frequent int32     // the most frequent class
	mean     float64   // of the targets
}

func baselineOf(classes []string, d nn.Data) baseline {
	var b baseline
	if classes == nil {
		for _, y := range d.Target {
			b.mean += float64(y)
		}
		b.mean /= float64(d.Len())
		return b
	}
	count := make([]int, len(classes))
	for _, c := range d.Class {
		count[c]++
	}
	for c, n := range count {
		b.logShare = append(b.logShare, float64(elementary.Log(float32(n+1)/float32(d.Len()+len(classes)))))
		if n > count[b.frequent] {
			b.frequent = int32(c)
		}
	}
	return b
}

// measure compares outputs, row-major, with the labels of d. Probabilities are
// those at the temperature.
func measure(classes []string, outputs []float32, d nn.Data, loss nn.Loss, base baseline, temperature float64) Quality {
	width := max(1, len(classes))
	q := Quality{Rows: d.Len(), Loss: loss.MeanLoss(outputs, width, d)}
	even, equal := loss, d
	even.ClassWeights, equal.Weight = nil, nil
	q.UnweightedLoss = even.MeanLoss(outputs, width, equal)
	if classes == nil {
		q.Regression = regression(outputs, d.Target, base.mean)
		return q
	}
	q.Classification = classification(classes, outputs, d.Class, base)
	soft := slices.Clone(outputs)
	model.Soften(soft, temperature)
	q.LogLoss = nn.Loss{Kind: nn.CrossEntropy}.MeanLoss(soft, width, equal)
	q.reliable(nn.Softmax(soft, soft, width), d.Class)
	right := 0
	for c := range classes {
		right += q.Confusion[c][c]
	}
	accuracy := float64(right) / float64(q.Rows)
	q.Accuracy = &accuracy
	return q
}

func classification(classes []string, outputs []float32, class []int32, base baseline) *Classification {
	q := &Classification{Confusion: make([][]int, len(classes))}
	for c := range classes {
		q.Confusion[c] = make([]int, len(classes))
	}
	width, rows, frequent := len(classes), float64(len(class)), 0
	for i, c := range class {
		z, best := outputs[i*width:(i+1)*width], 0
		for k := range z {
			if z[k] > z[best] {
				best = k
			}
		}
		q.Confusion[c][best]++
		q.BaselineLogLoss -= base.logShare[c] / rows
		if c == base.frequent {
			frequent++
		}
	}
	q.BaselineAccuracy = float64(frequent) / rows
	q.rates(classes)
	return q
}

// rates fills in what follows from the confusion.
func (q *Classification) rates(classes []string) {
	occur := 0.0
	for c, name := range classes {
		one := ClassQuality{Class: name}
		for k := range classes {
			one.Rows += q.Confusion[c][k]
			one.Named += q.Confusion[k][c]
		}
		right := q.Confusion[c][c]
		one.Precision, one.Recall, one.F1 = ratio(right, one.Named), ratio(right, one.Rows), ratio(2*right, one.Rows+one.Named)
		q.Classes = append(q.Classes, one)
		if one.Rows == 0 {
			continue
		}
		occur++
		q.Recall += *one.Recall
		q.F1 += *one.F1
		if one.Precision != nil {
			q.Precision += *one.Precision
		}
	}
	q.Precision /= occur
	q.Recall /= occur
	q.F1 /= occur
	q.BalancedAccuracy = q.Recall
}

// ratio returns a/b, nil where b is 0.
func ratio(a, b int) *float64 {
	if b == 0 {
		return nil
	}
	r := float64(a) / float64(b)
	return &r
}

func regression(outputs, target []float32, mean float64) *Regression {
	var absolute, square, baseAbsolute, baseSquare float64
	right, n := 0, float64(len(target))
	for i, y := range target {
		e, b := float64(outputs[i])-float64(y), mean-float64(y)
		absolute += math.Abs(e)
		square += float64(e * e)
		baseAbsolute += math.Abs(b)
		baseSquare += float64(b * b)
		if sign(outputs[i]) == sign(y) {
			right++
		}
	}
	return &Regression{
		MAE: absolute / n, RMSE: math.Sqrt(square / n), SignAccuracy: float64(right) / n,
		BaselineMAE: baseAbsolute / n, BaselineRMSE: math.Sqrt(baseSquare / n),
	}
}

func sign(v float32) int {
	switch {
	case v > 0:
		return 1
	case v < 0:
		return -1
	}
	return 0
}
