package main_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

var clockJumps = flag.Bool("clock.jumps", false, "build the program with a wall clock that is set anew every two seconds, up to an hour either way")

// jumpingClock writes what go build -overlay needs to give the program a wall
// clock that somebody keeps setting, each process in its own way. Time that has
// passed is measured as ever: the jumps are of time.Now, not of its monotonic part.
func jumpingClock(dir string) (overlay string, err error) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("find the standard library: %w", err)
	}
	original := filepath.Join(strings.TrimSpace(string(root)), "src", "time", "time.go")
	text, err := os.ReadFile(original)
	if err != nil {
		return "", err
	}
	const reading = "sec, nsec, mono := runtimeNow()\n"
	if !bytes.Contains(text, []byte(reading)) {
		return "", fmt.Errorf("%s does not read the clock by %q: this version of Go needs another way to make it jump", original, reading)
	}
	text = bytes.ReplaceAll(text, []byte(reading), []byte(reading+"\tsec += jump(mono)\n"))
	text = append(text, `
// jump returns by how many seconds the wall clock is wrong, -3600 to 3600, from
// its monotonic reading and the start of the process.
func jump(mono int64) int64 {
	h := (uint64(mono/2_000_000_000) ^ uint64(startNano)) * 0x9e3779b97f4a7c15
	return int64((h^h>>29)%7201) - 3600
}
`...)
	changed := filepath.Join(dir, "time.go")
	overlay = filepath.Join(dir, "overlay.json")
	list, err := json.Marshal(map[string]map[string]string{"Replace": {original: changed}})
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(changed, text, 0o600); err != nil {
		return "", err
	}
	return overlay, os.WriteFile(overlay, list, 0o600)
}
