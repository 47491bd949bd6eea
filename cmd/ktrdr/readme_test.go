package main_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

// TestReadme runs the client commands of README.md, in its order and word for
// word, in a folder that looks like a clone after `make demo`. The roles that
// the text starts before them are started here, on free ports.
func TestReadme(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(projectRoot(t), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var commands []string
	for _, block := range shellBlock.FindAllStringSubmatch(string(text), -1) {
		for line := range strings.Lines(block[1]) {
			line = strings.TrimSpace(line)
			if strings.HasPrefix(line, "bin/ktrdr ") && !isRole(line) {
				commands = append(commands, line)
			}
		}
	}
	if len(commands) < 8 {
		t.Fatalf("README.md has %d client commands, want the whole tour: %q", len(commands), commands)
	}

	clone := t.TempDir()
	for link, target := range map[string]string{"bin/ktrdr": binary, "strategies": filepath.Join(projectRoot(t), "strategies")} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(clone, link)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, filepath.Join(clone, link)); err != nil {
			t.Fatal(err)
		}
	}
	s := newSystem(t)
	s.worker("training", "trainer")
	s.worker("backtest", "tester")
	for _, command := range commands {
		cmd := exec.CommandContext(t.Context(), "sh", "-c", command)
		cmd.Dir = clone
		cmd.Env = append(cleanEnv(), "KTRDR_API_URL="+s.backend.url)
		var output bytes.Buffer
		cmd.Stdout, cmd.Stderr = &output, &output
		if err := cmd.Run(); err != nil {
			t.Fatalf("%s: %v\n%s", command, err, &output)
		}
		if output.Len() == 0 {
			t.Errorf("%s printed nothing", command)
		}
	}
	if _, err := os.Stat(filepath.Join(clone, "report", "trades.parquet")); err != nil {
		t.Errorf("the backtest of the tour left no trades: %v", err)
	}
}

// isRole tells whether a command of the README runs until it is stopped.
func isRole(command string) bool {
	for _, role := range []string{"up", "serve", "worker"} {
		if strings.HasPrefix(command, "bin/ktrdr "+role+" ") || command == "bin/ktrdr "+role {
			return true
		}
	}
	return false
}
