package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/feature"
	"github.com/ktrdr/ktrdr/internal/core/grammar"
	"github.com/ktrdr/ktrdr/internal/core/market"
	"github.com/ktrdr/ktrdr/internal/core/model"
	"github.com/ktrdr/ktrdr/internal/core/train"
	"github.com/ktrdr/ktrdr/internal/data/sample"
)

// momentumModel trains the strategy sample_momentum for a moment and returns the
// file of its model.
func momentumModel(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "strategies", "sample_momentum.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := grammar.Parse("sample_momentum.yaml", []byte(strings.NewReplacer("epochs: 40", "epochs: 3", "patience: 6", "patience: 2",
		"confidence_threshold: 0.45", "confidence_threshold: 0.34").Replace(string(text))))
	if err != nil {
		t.Fatal(err)
	}
	bars := sample.Generate(sample.Options{Symbol: "SAMPLE", Timeframe: market.Hour1, Seed: 3, Bars: 3_000})
	m, _, err := train.Run(t.Context(), train.Input{Strategy: s, EngineVersion: "test",
		Frames: []feature.Frame{{Symbol: "SAMPLE", Series: map[market.Timeframe]market.Series{market.Hour1: bars}}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	content, err := model.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "model.zip")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestDoctorLeaks_primary examines a strategy that learns from the decisions of a
// model, with that model.
func TestDoctorLeaks_primary(t *testing.T) {
	program, file := asProgram(t), momentumModel(t)
	example := func(name string) string { return filepath.Join(root, "strategies", name+".yaml") }
	for name, tc := range map[string]struct {
		args []string
		code int
		want string
	}{
		"clean":        {[]string{example("sample_meta"), "--primary", file, "--moments", "3"}, 0, "no leak found in"},
		"json":         {[]string{example("sample_meta"), "--primary", file, "--moments", "3", "--json"}, 0, `"primary": `},
		"not_here":     {[]string{example("sample_meta"), "--url", "http://127.0.0.1:1"}, 4, "Its file can be named with --primary"},
		"no_such_file": {[]string{example("sample_meta"), "--primary", "none.zip"}, 3, "none.zip: no such file"},
		"no_model":     {[]string{example("sample_meta"), "--primary", example("sample_meta")}, 1, "primary model"},
		"of_no_use":    {[]string{example("sample_momentum"), "--primary", file}, 2, "strategy sample_momentum does not learn from the decisions of a model"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(program, append([]string{"doctor", "leaks"}, tc.args...)...)
			out, err := cmd.CombinedOutput()
			if code := cmd.ProcessState.ExitCode(); code != tc.code || !strings.Contains(string(out), tc.want) {
				t.Errorf("%v: exit code %d and %.600s, want %d with %q", err, code, out, tc.code, tc.want)
			}
		})
	}
}
