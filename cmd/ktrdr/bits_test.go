package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestSameBits trains, backtests and sweeps on workers that differ in their vectors and
// their threads, and on one of another kind of processor where that can be emulated:
// the model file, the orders and the rows of all trials are the same bytes.
func TestSameBits(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.importSample("EURUSD")
	strategy := s.strategy("quick", 3)
	space := filepath.Join(s.dir, "space.yaml")
	if err := os.WriteFile(space, []byte("axes: {decisions.confidence_threshold: {from: 0.34, to: 0.44, step: 0.005}, decisions.exits.stop_loss: [null, 0.004]}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	type kind struct {
		name    string
		binary  string
		env     []string
		threads string
	}
	kinds := []kind{
		{"best", binary, nil, "1"}, {"threads", binary, nil, "3"}, {"avx2", binary, []string{"GODEBUG=cpu.avx512f=off"}, "2"},
		{"plain", binary, []string{"GODEBUG=cpu.avx512f=off,cpu.avx2=off,cpu.fma=off"}, "1"},
	}
	if emulator, err := exec.LookPath("qemu-aarch64-static"); err != nil {
		t.Log("arm64 is left out: it cannot be emulated here (on Debian: apt-get install qemu-user-static)")
	} else if !testing.Short() && !raced {
		kinds = append(kinds, kind{"arm64", onARM64(t, emulator), nil, "2"})
	}
	type found struct{ model, orders, trials string }
	var want found
	for _, k := range kinds {
		got := found{}
		run := func(job string) func() {
			id := job + "-" + k.name
			p := startBinary(t, k.binary, id, append([]string{"KTRDR_API_URL=" + s.backend.url, "WORKER_ID=" + id}, k.env...),
				"worker", job, "--listen", "127.0.0.1:0", "--data-dir", filepath.Join(s.dir, id), "--threads", k.threads)
			s.await("worker "+id+" is available", func() bool { return s.workerStatus(id) == "available" })
			return p.stop
		}
		stop := run("training")
		got.model = decode[struct {
			Result struct {
				Model struct{ SHA256 string } `json:"model"`
			} `json:"result"`
		}](t, s.must(trainArgs(strategy)...)).Result.Model.SHA256
		stop()
		stop = run("backtest")
		got.orders = decode[struct {
			Result struct {
				Hash string `json:"order_hash"`
			} `json:"result"`
		}](t, s.must(backtestArgs(strategy)...)).Result.Hash
		got.trials = decode[struct{ Result sweepInfo }](t, s.must(sweepArgs(space, strategy)...)).Result.Trials.SHA256
		stop()
		if want.model == "" {
			want = got
		}
		if got != want || len(got.model) != 64 || len(got.orders) != 64 || len(got.trials) != 64 {
			t.Errorf("%s: %+v, want %+v", k.name, got, want)
		}
	}
}

// onARM64 builds the program for arm64 and returns a script that emulates it.
func onARM64(t *testing.T, emulator string) string {
	t.Helper()
	dir := t.TempDir()
	program, script := filepath.Join(dir, "ktrdr-arm64"), filepath.Join(dir, "ktrdr")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOARCH=arm64")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build for arm64: %v\n%s", err, out)
	}
	text := strings.Join([]string{"#!/bin/sh", "exec " + emulator + " " + program + ` "$@"`, ""}, "\n")
	if err := os.WriteFile(script, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return script
}
