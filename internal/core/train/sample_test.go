package train_test

import (
	"os"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/train"
)

// TestRun_sample_sequence trains the recurrent example briefly.
func TestRun_sample_sequence(t *testing.T) {
	text, err := os.ReadFile("../../../strategies/sample_sequence.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s := parse(t, string(text))
	s.Training.Epochs, s.Training.EarlyStopping.Patience = 2, 0
	m, e := mustRun(t, train.Input{Strategy: s, EngineVersion: "test", Frames: []feature.Frame{frame(trending("SAMPLE", 1, 900, nil))}})
	if c := m.Network.Config(); c.Window != 12 || e.Calibration == nil || m.Manifest.Temperature == 0 {
		t.Errorf("network %+v, calibration %+v", c, e.Calibration)
	}
}
