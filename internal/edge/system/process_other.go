//go:build !unix

package system

import (
	"os/exec"
)

// detachFromTerminal does nothing where there are no process groups.
func detachFromTerminal(*exec.Cmd) {}

// terminate ends a child; there is no way to ask it.
func terminate(cmd *exec.Cmd) error { return cmd.Process.Kill() }
