package train_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/model"
	"github.com/ktrdr/ktrdr/internal/core/train"
)

// lstm returns src with a recurrent network that reads 5 bars.
func lstm(src string) string {
	return strings.Replace(src, "type: mlp\n  architecture: {hidden_layers: [16, 8], activation: tanh, dropout: 0.1}",
		"type: lstm\n  architecture: {hidden_size: 5, num_layers: 2, sequence_length: 5, dropout: 0.1}", 1)
}

// TestRun_windows: a window is five bars of one symbol that follow one another,
// complete and without a hole of days; none reaches over the border of a part, and
// its last row is the one of the label.
func TestRun_windows(t *testing.T) {
	in := twoSymbols(t, lstm(source), 700)
	// A week is missing in the middle.
	for i, f := range in.Frames {
		s := f.Series[market.Hour1]
		later := market.NewSeries(s.Symbol, s.Timeframe, s.Len())
		for k := range s.Len() {
			b := s.Bar(k)
			if k > 400 {
				b.Time += 7 * 24 * 3600
			}
			later.Append(b)
		}
		in.Frames[i] = frame(later)
	}
	parts, err := train.Windows(in)
	if err != nil {
		t.Fatal(err)
	}
	matrix := map[market.Symbol]feature.Matrix{}
	for _, f := range in.Frames {
		if matrix[f.Symbol], err = feature.Build(t.Context(), in.Strategy, f, in.Span); err != nil {
			t.Fatal(err)
		}
	}
	for p, part := range parts {
		if len(part) == 0 {
			t.Fatalf("part %d has no rows", p)
		}
		for _, w := range part {
			m := matrix[w.Symbol]
			last := slices.Index(m.Time, w.Time)
			first := last - 4
			if first < 0 || !slices.Equal(w.X, m.Data[first*m.Width:(last+1)*m.Width]) {
				t.Fatalf("part %d: the window of %s at %d is not its last five bars", p, w.Symbol, w.Time)
			}
			if slices.ContainsFunc(w.X, func(v float32) bool { return v != v }) {
				t.Fatalf("part %d: the window of %s at %d holds what is not known", p, w.Symbol, w.Time)
			}
			if p > 0 && m.Time[first] <= parts[p-1][len(parts[p-1])-1].Time {
				t.Fatalf("part %d: the window of %s at %d begins in the part before", p, w.Symbol, w.Time)
			}
			if m.Time[last]-m.Time[first] > model.MaxPause {
				t.Fatalf("part %d: the window of %s at %d reaches over a hole of a week", p, w.Symbol, w.Time)
			}
		}
	}
}

// TestRun_recurrent_features: a model that is asked from some bar on decides there
// as it does when it is asked from earlier on, with the bars before it.
func TestRun_recurrent_features(t *testing.T) {
	in := twoSymbols(t, lstm(source), 500)
	m, e := mustRun(t, in)
	if e.DataSummary.Cut == 0 || m.Network.Config().Window != 5 {
		t.Errorf("%d rows cut, window %d", e.DataSummary.Cut, m.Network.Config().Window)
	}
	f := in.Frames[0]
	times := f.Series[market.Hour1].Time
	whole, before, err := m.Features(t.Context(), in.Strategy, f, market.Span{})
	if err != nil || before != 0 {
		t.Fatalf("%d rows before all bars, error %v", before, err)
	}
	part, before, err := m.Features(t.Context(), in.Strategy, f, market.Span{From: times[300]})
	if err != nil || before != 4 || part.Time[before] != times[300] {
		t.Fatalf("%d rows before bar 300, error %v", before, err)
	}
	want := m.Outputs(whole, model.Readable(whole, 5), 300, 310)
	if got := m.Outputs(part, model.Readable(part, 5), 4, 14); !slices.Equal(got, want) || want[0] == 0 {
		t.Errorf("outputs from bar 300 on %v, want %v", got, want)
	}
}

// TestRun_windows_judged: the validation loss of a recurrent network, over more rows
// than are inferred at once, is that of the epoch that was kept.
func TestRun_windows_judged(t *testing.T) {
	_, e := mustRun(t, twoSymbols(t, strings.Replace(lstm(source), "epochs: 12", "epochs: 3", 1), 1500))
	history := e.TrainingMetrics.History.ValLoss
	if got, want := e.Quality.Validation.Loss, history[e.TrainingMetrics.BestEpoch-1]; got != want || e.Quality.Validation.Rows < 300 {
		t.Errorf("loss %v over %d validation rows, in the best epoch it was %v", got, e.Quality.Validation.Rows, want)
	}
}
