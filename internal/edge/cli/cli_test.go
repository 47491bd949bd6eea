package cli_test

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ktrdr/ktrdr/internal/edge/cli"
	"github.com/ktrdr/ktrdr/internal/golden"
)

// TestMain lets the test binary be the ktrdr program, which the scripts run.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"ktrdr": func() { os.Exit(cli.Main()) }})
}

// TestScripts runs the scripts of testdata/script. Besides the usual commands
// they have:
//
//	exits CODE ktrdr ARGS…   run and want this exit code
//	running NAME ktrdr ARGS… start a role and wait until it listens; $NAME is its
//	                         URL, $NAME_ADDRESS that without http://; it is
//	                         stopped when the script ends
//	interrupted CODE ktrdr ARGS…  run, press Ctrl+C once it has named an operation,
//	                         and want this exit code; interrupted.txt is its stderr
//	remember NAME REGEXP     set $NAME to what the group of REGEXP matches in stdout
func TestScripts(t *testing.T) {
	s := scripts{}
	repository, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       golden.Update(),
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("REPOSITORY", repository)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": s.exits, "running": s.running, "interrupted": s.interrupted, "remember": s.remember,
		},
	})
}

type scripts struct{}

func (scripts) exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND ARGS…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// patience ends a wait that would otherwise hang; it measures nothing.
const patience = 30 * time.Second

// A runningRole is a role that a script has started.
type runningRole struct {
	cmd    *exec.Cmd
	stderr *strings.Builder
	lines  []string // of stdout
	ended  chan struct{}
}

func (s scripts) running(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: running NAME COMMAND ARGS…")
	}
	path, err := exec.LookPath(args[1])
	ts.Check(err)
	r := &runningRole{cmd: exec.Command(path, args[2:]...), stderr: &strings.Builder{}, ended: make(chan struct{})}
	r.cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "KTRDR_API_URL"} {
		r.cmd.Env = append(r.cmd.Env, name+"="+ts.Getenv(name))
	}
	r.cmd.Stderr = r.stderr
	stdout, err := r.cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(r.cmd.Start())
	ready := make(chan string, 1)
	go func() {
		defer close(r.ended)
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			r.lines = append(r.lines, lines.Text())
			if url, ok := strings.CutPrefix(lines.Text(), "listening on "); ok && len(r.lines) == 1 {
				ready <- url
			}
		}
		_ = r.cmd.Wait() // the exit code is read from ProcessState
	}()
	ts.Defer(func() { r.end(ts) })
	select {
	case url := <-ready:
		ts.Setenv(args[0], url)
		ts.Setenv(args[0]+"_ADDRESS", strings.TrimPrefix(url, "http://"))
	case <-r.ended:
		ts.Fatalf("%s ended before it listened:\n%s", args[0], r.stderr)
	case <-time.After(patience):
		ts.Fatalf("%s did not listen within %s:\n%s", args[0], patience, r.stderr)
	}
}

func (scripts) interrupted(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: interrupted CODE COMMAND ARGS…")
	}
	path, err := exec.LookPath(args[1])
	ts.Check(err)
	cmd := exec.Command(path, args[2:]...)
	cmd.Dir = ts.MkAbs(".")
	cmd.Env = []string{"PATH=" + ts.Getenv("PATH"), "KTRDR_API_URL=" + ts.Getenv("KTRDR_API_URL")}
	stderr, err := cmd.StderrPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	timer := time.AfterFunc(2*patience, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	var said strings.Builder
	pressed := false
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		said.WriteString(lines.Text() + "\n")
		if !pressed && strings.Contains(lines.Text(), "op_") {
			pressed = true
			ts.Check(cmd.Process.Signal(os.Interrupt))
		}
	}
	_ = cmd.Wait() // the exit code is read from ProcessState
	ts.Check(os.WriteFile(ts.MkAbs("interrupted.txt"), []byte(said.String()), 0o644))
	if code := strconv.Itoa(cmd.ProcessState.ExitCode()); code != args[0] {
		ts.Fatalf("exit code %s, want %s; it said:\n%s", code, args[0], said.String())
	}
}

func (scripts) remember(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: remember NAME REGEXP")
	}
	m := regexp.MustCompile(args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if len(m) != 2 {
		ts.Fatalf("%s does not match stdout with one group", args[1])
	}
	ts.Setenv(args[0], m[1])
}

// end stops the role if it still runs and wants it to have ended in order, with
// one line on stdout.
func (r *runningRole) end(ts *testscript.TestScript) {
	_ = r.cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
	select {
	case <-r.ended:
	case <-time.After(2 * patience):
		_ = r.cmd.Process.Kill()
		ts.Fatalf("%s did not stop:\n%s", r.cmd, r.stderr)
	}
	if code := r.cmd.ProcessState.ExitCode(); code != 0 || len(r.lines) != 1 {
		ts.Logf("%s: exit code %d, stdout %q, stderr:\n%s", r.cmd, code, r.lines, r.stderr)
		ts.Fatalf("a role that is stopped ends with code 0 and has written one line")
	}
}
