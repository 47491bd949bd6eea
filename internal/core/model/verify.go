package model

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/nn"
	"github.com/ktrdr/ktrdr/internal/core/strategy"
)

// verify holds the parts of a model against one another: the strategy must mean
// what the manifest says was trained, make the features that the network reads,
// and ask for the network that is there.
func (m Model) verify() error {
	f := m.Manifest
	if f.Format != Format {
		return fmt.Errorf("format %q is not known here: this version reads %s", f.Format, Format)
	}
	if m.Network == nil {
		return errors.New("there is no network")
	}
	if !json.Valid(m.Metrics) {
		return errors.New("the metrics are not JSON")
	}
	if err := f.check(); err != nil {
		return fmt.Errorf("manifest: %w", err)
	}
	s, err := m.Strategy()
	if err != nil {
		return err
	}
	if s.Name != f.StrategyName || s.Hash() != f.StrategyHash {
		return fmt.Errorf("the strategy is %s with hash %.12s, the manifest says %s with %.12s", s.Name, s.Hash(), f.StrategyName, f.StrategyHash)
	}
	if s.Base != f.Base || s.Decisions.OutputFormat != f.OutputFormat {
		return fmt.Errorf("the strategy decides on %s by %s, the manifest says %s by %s", s.Base, s.Decisions.OutputFormat, f.Base, f.OutputFormat)
	}
	if (f.Primary != "") != (s.Training.Primary != "") {
		return fmt.Errorf("the strategy learns from the decisions of %q, the manifest says of %q", s.Training.Primary, f.Primary)
	}
	schema := feature.SchemaOf(s)
	if schema.Hash != f.Features.Hash || !slices.Equal(schema.Names, f.Features.Names) {
		return fmt.Errorf("the strategy makes the features %.12s, the network was trained on %.12s: this version computes features differently, train again", schema.Hash, f.Features.Hash)
	}
	if err := f.Scaling.Check(s); err != nil {
		return fmt.Errorf("manifest: %w", err)
	}
	if err := m.verifyTemperatures(s); err != nil {
		return fmt.Errorf("manifest: %w: train the strategy again", err)
	}
	want, err := Config(s, f.Classes)
	if err != nil {
		return err
	}
	if !equal(want, f.Network) || !equal(want, m.Network.Config()) {
		return fmt.Errorf("the strategy asks for the network %+v, the manifest says %+v, the weights are of %+v", want, f.Network, m.Network.Config())
	}
	for i, n := range m.Others {
		if !equal(want, n.Config()) {
			return fmt.Errorf("the strategy asks for the network %+v, the weights of member %d are of %+v", want, i+2, n.Config())
		}
	}
	return nil
}

// verifyTemperatures holds the networks there are, and what softens their outputs,
// against what the strategy asks for.
func (m Model) verifyTemperatures(s *strategy.Strategy) error {
	isCalibrated := s.Training.Calibration == strategy.CalibrationTemperature
	fits := func(t float64, wanted bool) bool { return t >= 0 && t <= math.MaxFloat32 && (t > 0) == wanted }
	want := s.Training.Ensemble.Networks()
	if have := len(m.Others) + 1; have != want || want > 1 && len(m.Manifest.Members) != want || want == 1 && m.Manifest.Members != nil {
		return fmt.Errorf("the strategy asks for %d networks, there are %d and %d members", want, have, len(m.Manifest.Members))
	}
	if t := m.Manifest.Temperature; !fits(t, isCalibrated && want == 1) {
		return fmt.Errorf("temperature %v with calibration %q", t, s.Training.Calibration)
	}
	for i, member := range m.Manifest.Members {
		if !fits(member.Temperature, isCalibrated) {
			return fmt.Errorf("temperature %v of member %d with calibration %q", member.Temperature, i+1, s.Training.Calibration)
		}
	}
	return nil
}

// Config returns the shape of the network that s asks for: one input per
// feature, and one output per class or, where classes is empty, one value.
func Config(s *strategy.Strategy, classes []string) (nn.Config, error) {
	cell, err := nn.ParseCell(s.Model.Type)
	if err != nil {
		return nn.Config{}, err
	}
	c := nn.Config{
		Cell: cell, Window: s.Model.Sequence, Inputs: len(s.Features()), Hidden: slices.Clone(s.Model.Hidden), Outputs: max(1, len(classes)),
		LayerNorm: s.Model.LayerNorm, Dropout: s.Model.Dropout,
	}
	if cell == nn.Perceptron {
		if c.Activation, err = nn.ParseActivation(s.Model.Activation); err != nil {
			return nn.Config{}, err
		}
	}
	return c, c.Validate()
}

func equal(a, b nn.Config) bool {
	return a.Cell == b.Cell && a.Window == b.Window && a.Inputs == b.Inputs && a.Outputs == b.Outputs && slices.Equal(a.Hidden, b.Hidden) &&
		a.Activation == b.Activation && a.LayerNorm == b.LayerNorm && a.Dropout == b.Dropout
}

// check looks at what a manifest says by itself.
func (f Manifest) check() error {
	if f.Name == "" || f.EngineVersion == "" {
		return errors.New("name or engine_version is empty")
	}
	if len(f.Symbols) == 0 || len(f.Timeframes) == 0 {
		return errors.New("symbols or timeframes are empty")
	}
	isRegression := f.OutputFormat == strategy.Regression
	if isRegression != (len(f.Classes) == 0) || len(f.Classes) == 1 {
		return fmt.Errorf("%s with the classes %v", f.OutputFormat, f.Classes)
	}
	for i, class := range f.Classes {
		if class == "" || slices.Contains(f.Classes[:i], class) {
			return fmt.Errorf("class %d is %q, which is empty or there twice", i, class)
		}
	}
	if f.Training.From >= f.Training.To || f.KnownUntil < f.Training.To {
		return fmt.Errorf("trained from %d to %d and known until %d: want increasing times", f.Training.From, f.Training.To, f.KnownUntil)
	}
	for _, d := range f.Data {
		if err := checkHash(d.SHA256); err != nil {
			return fmt.Errorf("data %s %s: %w", d.Symbol, d.Timeframe, err)
		}
	}
	if f.Primary != "" {
		if err := checkHash(f.Primary); err != nil {
			return fmt.Errorf("primary model: %w", err)
		}
	}
	return checkHash(f.StrategyHash)
}

func checkHash(s string) error {
	if b, err := hex.DecodeString(s); err != nil || len(b) != 32 {
		return fmt.Errorf("%q is not a SHA-256: want 64 hexadecimal digits", s)
	}
	return nil
}
