//go:build unix

package system

import (
	"os/exec"
	"syscall"
)

// detachFromTerminal puts a child into a process group of its own, so that
// Ctrl+C reaches only the parent, which stops its children in order.
func detachFromTerminal(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// terminate asks a child to stop in order.
func terminate(cmd *exec.Cmd) error { return cmd.Process.Signal(syscall.SIGTERM) }
