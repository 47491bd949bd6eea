package train_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/model"
	"github.com/ktrdr/ktrdr/internal/core/nn"
	"github.com/ktrdr/ktrdr/internal/core/train"
)

// TestRun_test_part_is_unseen turns the market into another one where the manifest
// says that the model's knowledge ends. Whatever a model is made of, networks,
// temperatures and scaling, stays the same; a market that is another one a bar
// earlier makes another model.
func TestRun_test_part_is_unseen(t *testing.T) {
	for name, source := range map[string]string{
		"classes": source, "regression": regressionSource, "scaled and placed": rawSource, "several networks, calibrated": several(source),
	} {
		t.Run(name, func(t *testing.T) {
			in := twoSymbols(t, source, 900)
			before, judged := mustRun(t, in)
			known := before.Manifest.KnownUntil
			if p := before.Manifest.Splits; known < p.Validation.To || known > p.Test.From {
				t.Fatalf("known until %d, want a time between the parts: %+v", known, p)
			}
			after, again := mustRun(t, withOther(in, known))
			if diff := cmp.Diff(madeOf(t, before), madeOf(t, after)); diff != "" {
				t.Errorf("bars of the test part changed the model (-before +after):\n%s", diff)
			}
			if judged.Quality.Test.Loss == again.Quality.Test.Loss {
				t.Error("another test part is judged alike: the test compares nothing")
			}
			earlier, _ := mustRun(t, withOther(in, before.Manifest.Splits.Train.To-20*3600))
			if cmp.Equal(madeOf(t, before), madeOf(t, earlier)) {
				t.Error("bars of the training part did not change the model: the test compares nothing")
			}
		})
	}
}

// withOther returns in with prices that leap at every fifth bar from a time on. The
// last bars stay, so that as many rows as before have a label.
func withOther(in train.Input, from int64) train.Input {
	frames := make([]feature.Frame, len(in.Frames))
	for i, f := range in.Frames {
		s := f.Series[market.Hour1]
		other := market.NewSeries(s.Symbol, s.Timeframe, s.Len())
		for j := range s.Len() {
			b := s.Bar(j)
			if b.Time >= from && j%5 == 0 && j < s.Len()-60 {
				b.Open, b.High, b.Low, b.Close = 3*b.Open, 3*b.High, 3*b.Low, 3*b.Close
			}
			other.Append(b)
		}
		frames[i] = frame(other)
	}
	in.Frames = frames
	return in
}

// A made is what the answers of a model follow from.
type made struct {
	Weights     [][]byte
	Scaling     feature.Scaling
	Temperature float64
	Members     []model.NetworkRef
	Training    model.Span
	Known       int64
}

func madeOf(t *testing.T, m model.Model) made {
	t.Helper()
	x := made{Scaling: m.Manifest.Scaling, Temperature: m.Manifest.Temperature, Members: m.Manifest.Members, Training: m.Manifest.Training, Known: m.Manifest.KnownUntil}
	for _, n := range append([]*nn.Network{m.Network}, m.Others...) {
		weights, err := n.AppendSafetensors(nil)
		if err != nil {
			t.Fatal(err)
		}
		x.Weights = append(x.Weights, weights)
	}
	return x
}
