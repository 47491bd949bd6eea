//go:build unix

package storetest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Pause stops every process of the server where it stands, as a host that does
// not get on does; Resume lets them go on.
func (s *Server) Pause() { s.signal(syscall.SIGSTOP) }

// Resume ends a Pause.
func (s *Server) Resume() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) {
	_ = s.process.Signal(sig) // it may have ended
	for _, pid := range s.children() {
		_ = syscall.Kill(pid, sig) // it may have ended
	}
}

// children returns the processes that serve the server's sessions and look after
// its files: each is in a session of its own.
func (s *Server) children() []int {
	s.t.Helper()
	stats, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is well formed
	if len(stats) == 0 {
		s.t.Skip("the processes of PostgreSQL cannot be found here: there is no /proc")
	}
	var pids []int
	for _, stat := range stats {
		text, err := os.ReadFile(stat)
		if err != nil {
			continue // it has ended
		}
		var state string
		var parent int
		// The name, in parentheses, may contain anything.
		if _, err := fmt.Sscan(string(text[strings.LastIndexByte(string(text), ')')+1:]), &state, &parent); err != nil || parent != s.process.Pid {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(stat))); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
