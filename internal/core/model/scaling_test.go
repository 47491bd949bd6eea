package model_test

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/grammar"
	"github.com/ktrdr/ktrdr/internal/core/model"
	"github.com/ktrdr/ktrdr/internal/core/nn"
)

// withRaw is tiny with a scaled input; its constants have no short decimals.
func withRaw(t *testing.T) model.Model {
	m := tiny(t)
	m.StrategySource = []byte(strings.Replace(source, "nn_inputs:\n", "nn_inputs:\n  - {raw_indicator: rsi_14, timeframes: all, normalization: zscore}\n", 1))
	s, err := grammar.Parse("tiny.yaml", m.StrategySource)
	if err != nil {
		t.Fatal(err)
	}
	config, err := model.Config(s, m.Manifest.Classes)
	if err != nil {
		t.Fatal(err)
	}
	if m.Network, err = nn.New(config, nn.InitStream(1)); err != nil {
		t.Fatal(err)
	}
	m.Manifest.Network, m.Manifest.StrategyHash, m.Manifest.Features = config, s.Hash(), feature.SchemaOf(s)
	m.Manifest.Scaling = feature.Scaling{{Feature: "1h_rsi_14_raw", Method: "zscore", Offset: 100.0 / 3, Scale: math.Pi}}
	return m
}

// TestScaling_round_trip: the artifact keeps the constants to the last bit.
func TestScaling_round_trip(t *testing.T) {
	m := withRaw(t)
	b := encode(t, m)
	again, err := model.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m.Manifest.Scaling, again.Manifest.Scaling); diff != "" {
		t.Errorf("scaling (-want +have):\n%s", diff)
	}
	if bytes.Contains(encode(t, tiny(t)), []byte("scaling")) {
		t.Error("a model without scaled inputs speaks of scaling, which changes its bytes")
	}
}

func TestScaling_refused(t *testing.T) {
	for name, change := range map[string]func(*model.Model){
		"none":      func(m *model.Model) { m.Manifest.Scaling = nil },
		"renamed":   func(m *model.Model) { m.Manifest.Scaling[0].Feature = "1h_rsi_raw" },
		"method":    func(m *model.Model) { m.Manifest.Scaling[0].Method = "minmax" },
		"no_range":  func(m *model.Model) { m.Manifest.Scaling[0].Scale = 0 },
		"not_known": func(m *model.Model) { m.Manifest.Scaling[0].Offset = math.NaN() },
	} {
		t.Run(name, func(t *testing.T) {
			m := withRaw(t)
			change(&m)
			if _, err := model.Encode(m); err == nil || !strings.Contains(err.Error(), "scal") {
				t.Errorf("Encode = %v, want a refusal of the scaling", err)
			}
		})
	}
}
