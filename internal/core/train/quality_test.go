package train_test

import (
	"encoding/json"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/nn"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
	"github.com/ktrdr/ktrdr/internal/core/train"
)

// A judged is a case of testdata/reference/quality.json.
type judged struct {
	Outputs       []float32
	Classes       int
	Class         []int32 `json:"class_"`
	Temperature   float64
	LogLossBefore float64 `json:"log_loss_before"`
	LogLoss       float64 `json:"log_loss"`
	Brier         float64 `json:"brier_score"`
	Accuracy      float64
	Balanced      float64 `json:"balanced_accuracy"`
	Precision     float64
	Recall        float64
	F1            float64 `json:"f1_score"`
	Confusion     [][]int
	Rows          []int     `json:"bin_rows"`
	Confidence    []float64 `json:"bin_confidence"` // of the bins with rows
	Right         []float64 `json:"bin_accuracy"`
	Error         float64   `json:"calibration_error"`

	Target       []float32
	MAE          float64
	RMSE         float64
	BaselineMAE  float64 `json:"baseline_mae"`
	BaselineRMSE float64 `json:"baseline_rmse"`
	Pinball      float64
	Signs        float64 `json:"sign_accuracy"`
}

// TestQuality_elsewhere compares with scikit-learn, SciPy and PyTorch in float64;
// the file names their versions. Outputs are divided and exponentiated in float32:
// 1e-6 for what follows, and the temperature to 1e-4, because its loss is flat.
func TestQuality_elsewhere(t *testing.T) {
	text, err := os.ReadFile("testdata/reference/quality.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		MadeBy         string `json:"made_by"`
		Classification map[string]judged
		Regression     judged
	}
	if err := json.Unmarshal(text, &file); err != nil || !strings.HasPrefix(file.MadeBy, "scikit-learn ") || len(file.Classification) < 4 {
		t.Fatalf("%d cases made by %q, error %v", len(file.Classification), file.MadeBy, err)
	}
	for name, c := range file.Classification {
		t.Run(name, func(t *testing.T) { c.classification(t) })
	}
	t.Run("regression", func(t *testing.T) { file.Regression.regression(t) })
}

// agree compares a number.
func agree(t *testing.T, name string, got, want, allowed float64) {
	t.Helper()
	if !(math.Abs(got-want) <= allowed) {
		t.Errorf("%s is %v, want %v", name, got, want)
	}
}

func (c judged) classification(t *testing.T) {
	s := &strategy.Strategy{Training: strategy.Training{Calibration: strategy.CalibrationTemperature}}
	fit := train.Calibrate(s, c.Outputs, c.Classes, c.Class)
	agree(t, "temperature", fit.Temperature, c.Temperature, 1e-4*c.Temperature)
	agree(t, "log loss before", fit.LogLossBefore, c.LogLossBefore, 1e-6)
	agree(t, "log loss after", fit.LogLossAfter, c.LogLoss, 1e-6)

	d := nn.Data{Class: c.Class}
	q := train.Measure(make([]string, c.Classes), c.Outputs, d, nn.Loss{Kind: nn.CrossEntropy}, c.Temperature)
	agree(t, "loss", q.Loss, c.LogLossBefore, 1e-6)
	agree(t, "log loss", q.LogLoss, c.LogLoss, 1e-6)
	agree(t, "brier score", q.Brier, c.Brier, 1e-6)
	agree(t, "accuracy", *q.Accuracy, c.Accuracy, 1e-15)
	agree(t, "balanced accuracy", q.BalancedAccuracy, c.Balanced, 1e-15)
	agree(t, "precision", q.Precision, c.Precision, 1e-15)
	agree(t, "recall", q.Recall, c.Recall, 1e-15)
	agree(t, "f1", q.F1, c.F1, 1e-15)
	agree(t, "calibration error", q.CalibrationError, c.Error, 1e-6)
	if !reflect.DeepEqual(q.Confusion, c.Confusion) {
		t.Errorf("confusion is %v, want %v", q.Confusion, c.Confusion)
	}
	at := 0
	for k, b := range q.Reliability {
		if b.Rows != c.Rows[k] {
			t.Fatalf("%d rows from %v to %v, want %d", b.Rows, b.From, b.To, c.Rows[k])
		}
		if b.Rows > 0 {
			agree(t, "confidence of a bin", *b.Confidence, c.Confidence[at], 1e-6)
			agree(t, "accuracy of a bin", *b.Accuracy, c.Right[at], 1e-15)
			at++
		}
	}
}

func (c judged) regression(t *testing.T) {
	d := nn.Data{Target: c.Target}
	q := train.Measure(nil, c.Outputs, d, nn.Loss{Kind: nn.Pinball, Quantile: 0.8}, 0)
	agree(t, "loss", q.Loss, c.Pinball, 1e-7)
	agree(t, "mae", q.MAE, c.MAE, 1e-14)
	agree(t, "rmse", q.RMSE, c.RMSE, 1e-14)
	agree(t, "mae of the mean", q.BaselineMAE, c.BaselineMAE, 1e-14)
	agree(t, "rmse of the mean", q.BaselineRMSE, c.BaselineRMSE, 1e-14)
	agree(t, "sign accuracy", q.SignAccuracy, c.Signs, 1e-15)
}
