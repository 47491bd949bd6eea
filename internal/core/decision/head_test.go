package decision_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ktrdr/ktrdr/internal/core/decision"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

func classifier(t testing.TB, classes ...string) decision.Head {
	t.Helper()
	h, err := decision.Classifier(classes)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// The confidences are softmax in Python 3.11's decimal with 60 digits, rounded
// to the nearest float32.
func TestClassification(t *testing.T) {
	for _, c := range []struct {
		name       string
		classes    string
		outputs    []float32
		signal     decision.Signal
		confidence float32
	}{
		{"sell", "BUY HOLD SELL", []float32{1, 2, 3}, decision.Sell, 0.6652409434318542},
		{"another_order", "SELL BUY HOLD", []float32{3, 1, 2}, decision.Sell, 0.6652409434318542},
		{"buy", "BUY HOLD SELL", []float32{0.3, -1.2, 0.25}, decision.Buy, 0.4599055349826813},
		{"hold", "BUY HOLD SELL", []float32{-5, 5, 0}, decision.Hold, 0.9932623505592346},
		{"all_equal_is_hold", "BUY HOLD SELL", []float32{0, 0, 0}, decision.Hold, 0.3333333432674408},
		{"buy_and_sell_equal_is_hold", "BUY HOLD SELL", []float32{2, 0, 2}, decision.Hold, 0.4683105308},
		{"equal_below_the_largest_is_no_tie", "BUY HOLD SELL", []float32{1, 1, 2}, decision.Sell, 0.5761168847},
		{"saturated", "BUY HOLD SELL", []float32{100, 0, -100}, decision.Buy, 1},
		{"extreme", "BUY HOLD SELL", []float32{3e38, -3e38, 0}, decision.Buy, 1},
		{"sum_of_one_is_not_a_probability", "BUY HOLD SELL", []float32{-5, 5, 1}, decision.Hold, 0.9819700105},
		{"two_classes", "SELL BUY", []float32{0, 0.001}, decision.Buy, 0.500249981880188},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := classifier(t, strings.Fields(c.classes)...).Decode(nil, c.outputs, 1)
			if err != nil {
				t.Fatal(err)
			}
			want := decision.Raw{Signal: c.signal, Confidence: c.confidence, Known: true}
			if len(got) != 1 || got[0].Signal != want.Signal || !got[0].Known || math.Abs(float64(got[0].Confidence-want.Confidence)) > 1e-7 {
				t.Errorf("Decode(%v) = %+v, want %+v", c.outputs, got, want)
			}
		})
	}
}

func TestRegression(t *testing.T) {
	h, err := decision.Regressor(0.003, 1.5) // threshold 0.0045
	if err != nil {
		t.Fatal(err)
	}
	free, err := decision.Regressor(0, 1.5)
	if err != nil {
		t.Fatal(err)
	}
	edge := float32(0.0045) // a little below 0.0045 as a float64
	for _, c := range []struct {
		name       string
		head       decision.Head
		output     float32
		signal     decision.Signal
		confidence float32
	}{
		{"buy", h, 0.009, decision.Buy, 2.0 / 3},
		{"sell", h, -0.009, decision.Sell, 2.0 / 3},
		{"certain", h, 0.5, decision.Buy, 1},
		{"not_worth_its_cost", h, edge, decision.Hold, 1.0 / 3},
		{"just_worth_it", h, math.Nextafter32(edge, 1), decision.Buy, 1.0 / 3},
		{"just_worth_a_sell", h, -math.Nextafter32(edge, 1), decision.Sell, 1.0 / 3},
		{"zero", h, 0, decision.Hold, 0},
		{"free_trading", free, 1e-9, decision.Buy, 1},
		{"free_trading_of_nothing", free, 0, decision.Hold, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.head.Decode(nil, []float32{c.output}, 1)
			if err != nil {
				t.Fatal(err)
			}
			if got[0].Signal != c.signal || !got[0].Known || math.Abs(float64(got[0].Confidence-c.confidence)) > 1e-6 {
				t.Errorf("Decode(%v) = %+v, want %v with %v", c.output, got[0], c.signal, c.confidence)
			}
		})
	}
}

func TestRegressionNeedsMoreThanTheThreshold(t *testing.T) {
	h, err := decision.Regressor(0.25, 2) // threshold 0.5, which is the same as a float32
	if err != nil {
		t.Fatal(err)
	}
	got, err := h.Decode(nil, []float32{0.5, -0.5, math.Nextafter32(0.5, 1)}, 3)
	if err != nil {
		t.Fatal(err)
	}
	if got[0].Signal != decision.Hold || got[1].Signal != decision.Hold || got[2].Signal != decision.Buy {
		t.Errorf("signals %v %v %v, want HOLD HOLD BUY", got[0].Signal, got[1].Signal, got[2].Signal)
	}
}

func TestBrokenOutputs(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	h := classifier(t, "BUY", "HOLD", "SELL")
	for _, bad := range []float32{nan, inf, -inf} {
		t.Run(fmt.Sprint(bad), func(t *testing.T) {
			outputs := []float32{1, 2, 3, nan, nan, nan, 1, bad, 3}
			times := []int64{1_546_300_800, 1_546_304_400, 1_546_308_000}
			_, err := h.DecodeKnown(nil, outputs, times, []bool{true, false, true})
			o, ok := errors.AsType[*decision.OutputError](err)
			if !ok || o.Row != 2 || o.Output != 1 || o.Time != times[2] {
				t.Fatalf("DecodeKnown error %v, want output 1 of row 2", err)
			}
			if !strings.Contains(err.Error(), "the bar at 2019-01-01T02:00:00Z") {
				t.Errorf("error %q does not name the bar", err)
			}
			if _, err := h.Decode(nil, outputs[6:], 1); err == nil || !strings.Contains(err.Error(), "row 0") {
				t.Errorf("Decode error %v, want one of row 0", err)
			}
			got, err := h.DecodeKnown(nil, outputs, times, []bool{true, false, false})
			if err != nil || !got[0].Known || got[1] != (decision.Raw{}) || got[2] != (decision.Raw{}) {
				t.Errorf("incomplete rows give %+v, %v, want zero values", got, err)
			}
		})
	}
}

func TestDecodeReusesItsMemory(t *testing.T) {
	h := classifier(t, "BUY", "HOLD", "SELL")
	outputs := make([]float32, 3*100)
	dst := make([]decision.Raw, 200)
	if n := testing.AllocsPerRun(10, func() {
		if got, err := h.Decode(dst, outputs, 100); err != nil || len(got) != 100 {
			t.Errorf("Decode gives %d rows, %v", len(got), err)
		}
	}); n != 0 {
		t.Errorf("Decode into a slice with room allocates %v times", n)
	}
}

// TestClassOrderIsNotAssumed permutes classes and outputs together.
func TestClassOrderIsNotAssumed(t *testing.T) {
	names := []string{"BUY", "HOLD", "SELL"}
	rapid.Check(t, func(t *rapid.T) {
		z := rapid.SliceOfN(rapid.Float32Range(-4, 4), 3, 3).Draw(t, "outputs")
		order := rapid.Permutation([]int{0, 1, 2}).Draw(t, "order")
		var classes []string
		var permuted []float32
		for _, i := range order {
			classes, permuted = append(classes, names[i]), append(permuted, z[i])
		}
		plain, _ := decision.Classifier(names)
		other, _ := decision.Classifier(classes)
		want, _ := plain.Decode(nil, z, 1)
		got, _ := other.Decode(nil, permuted, 1)
		// A sum of three in another order may differ by a rounding.
		if got[0].Signal != want[0].Signal || math.Abs(float64(got[0].Confidence-want[0].Confidence)) > 1e-7 {
			t.Fatalf("classes %v give %+v, want %+v", classes, got[0], want[0])
		}
		if got[0].Confidence < 1.0/3-1e-7 || got[0].Confidence > 1 {
			t.Fatalf("confidence %v is out of [1/3, 1]", got[0].Confidence)
		}
	})
}

func TestHeadsAreChecked(t *testing.T) {
	for _, classes := range []string{"", "BUY", "BUY HOLD BUY", "BUY HOLD sell", "LONG SHORT"} {
		if _, err := decision.Classifier(strings.Fields(classes)); err == nil {
			t.Errorf("Classifier accepts [%s]", classes)
		}
	}
	for _, bad := range []float64{-0.001, math.NaN(), math.Inf(1)} {
		if _, err := decision.Regressor(bad, 1.5); err == nil {
			t.Errorf("Regressor accepts a cost of %v", bad)
		}
		if _, err := decision.Regressor(0.003, bad); err == nil {
			t.Errorf("Regressor accepts a multiplier of %v", bad)
		}
	}
}

func TestDecodePanics(t *testing.T) {
	h := classifier(t, "BUY", "HOLD", "SELL")
	for name, call := range map[string]func(){
		"zero_head":      func() { _, _ = decision.Head{}.Decode(nil, nil, 0) },
		"shape":          func() { _, _ = h.Decode(nil, make([]float32, 4), 1) },
		"times_of_known": func() { _, _ = h.DecodeKnown(nil, make([]float32, 3), nil, []bool{true}) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("it does not panic")
				}
			}()
			call()
		})
	}
}

func TestHeadOf(t *testing.T) {
	classes := []string{"BUY", "HOLD", "SELL"}
	for _, c := range []struct {
		name    string
		format  string
		classes []string
		width   int
		wantErr string
	}{
		{"classification", strategy.Classification, classes, 3, ""},
		{"regression", strategy.Regression, nil, 1, ""},
		{"regression_with_classes", strategy.Regression, classes, 0, "predicts a return"},
		{"classification_without_classes", strategy.Classification, nil, 0, "at least two"},
		{"regimes", strategy.RegimeClassification, []string{"TRENDING_UP", "TRENDING_DOWN"}, 0, "has the output_format regime_classification and makes no trades by itself"},
		{"context", strategy.ContextClassification, []string{"BULLISH", "BEARISH"}, 0, "makes no trades"},
		{"unknown", "regime", nil, 0, "unknown output format"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &strategy.Strategy{Name: "x", Decisions: strategy.Decisions{OutputFormat: c.format,
				CostModel: strategy.CostModel{RoundTripCost: 0.003, MinEdgeMultiplier: 1.5}}}
			h, err := decision.HeadOf(s, slices.Clone(c.classes))
			if c.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), c.wantErr) {
					t.Errorf("HeadOf error %v, want %q in it", err, c.wantErr)
				}
				return
			}
			if err != nil || h.Width() != c.width {
				t.Errorf("HeadOf reads %d outputs, %v, want %d", h.Width(), err, c.width)
			}
		})
	}
}

func ExampleHead_Decode() {
	head, err := decision.Classifier([]string{"BUY", "HOLD", "SELL"})
	if err != nil {
		fmt.Println(err)
		return
	}
	raws, err := head.Decode(nil, []float32{2, 0, -1, 0.1, 0.1, 0}, 2)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range raws {
		fmt.Printf("%v %.2f\n", r.Signal, r.Confidence)
	}
	// Output:
	// BUY 0.84
	// HOLD 0.34
}
