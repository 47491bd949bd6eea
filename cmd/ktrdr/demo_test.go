package main_test

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

var runsAt = regexp.MustCompile(`^The system runs at (http://[0-9.:]+);`)

// TestDemo/kept_system_runs_until_interrupted is what `ktrdr demo --keep`
// promises: the system goes on, and Ctrl+C ends all of it.
func TestDemo(t *testing.T) {
	t.Run("kept_system_runs_until_interrupted", func(t *testing.T) {
		t.Parallel()
		cmd := exec.CommandContext(t.Context(), binary, "demo", "--keep", "--data-dir", filepath.Join(t.TempDir(), "demo"))
		cmd.Env = cleanEnv()
		cmd.WaitDelay = patience
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var url string
		var said strings.Builder
		for lines := bufio.NewScanner(stdout); url == "" && lines.Scan(); {
			said.WriteString(lines.Text() + "\n")
			if found := runsAt.FindStringSubmatch(lines.Text()); found != nil {
				url = found[1]
			}
		}
		if url == "" {
			t.Fatalf("the demo did not say where the system runs:\n%s%s", &said, &stderr)
		}
		for _, want := range []string{"Training of sample_momentum", "Backtest of sample_momentum", "trades.parquet"} {
			if !strings.Contains(said.String(), want) {
				t.Errorf("the demo does not show %q:\n%s", want, &said)
			}
		}
		if out := run(t, nil, "models", "list", "--url", url); out.code != 0 || !strings.Contains(out.stdout, "sample_momentum") {
			t.Errorf("the kept system does not list its model: exit %d\n%s%s", out.code, out.stdout, out.stderr)
		}
		if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, stdout); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // an interrupted command need not exit with 0
		client := http.Client{Timeout: time.Second}
		if resp, err := client.Get(url + "/api/v1/health"); err == nil {
			resp.Body.Close()
			t.Error("the backend still answers after Ctrl+C")
		}
	})
}
