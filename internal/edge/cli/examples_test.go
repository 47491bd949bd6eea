package cli_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// asProgram returns the program: the test binary, called by its name.
func asProgram(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "ktrdr")
	if err := os.Symlink(self, program); err != nil {
		t.Fatal(err)
	}
	return program
}

// TestExamples_explain: every example strategy says what it comes to.
func TestExamples_explain(t *testing.T) {
	program := asProgram(t)
	names, err := filepath.Glob(filepath.Join(root, "strategies", "*.yaml"))
	if err != nil || len(names) < 10 {
		t.Fatalf("there are %d example strategies, want at least 10 (%v)", len(names), err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".yaml"), func(t *testing.T) {
			out, err := exec.Command(program, "strategies", "explain", "--json", name).CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			var said struct {
				Strategy string
				Features []json.RawMessage
				Cost     struct{ Parameters int }
			}
			if err := json.Unmarshal(out, &said); err != nil {
				t.Fatal(err)
			}
			if said.Strategy+".yaml" != filepath.Base(name) || len(said.Features) == 0 || said.Cost.Parameters == 0 {
				t.Errorf("explain says %.300s", out)
			}
		})
	}
}
