package main_test

import (
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A gate is the address that workers and people know: it passes connections on
// to a backend that can be reached, as a load balancer does, until it cuts them.
type gate struct {
	listener net.Listener
	targets  atomic.Pointer[[]string]
	running  sync.WaitGroup
	mu       sync.Mutex // guards open
	open     map[net.Conn]bool
}

// openGate opens a gate that leads nowhere yet and is closed when the test ends.
func openGate(t *testing.T) *gate {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{listener: l, open: map[net.Conn]bool{}}
	g.running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			g.running.Go(func() { g.pass(conn) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close() // nothing is to be lost
		g.cut()
		g.running.Wait()
	})
	return g
}

func (g *gate) url() string { return "http://" + g.listener.Addr().String() }

// lead sets which backends the gate tries, in this order.
func (g *gate) lead(backends ...*process) {
	var targets []string
	for _, b := range backends {
		targets = append(targets, strings.TrimPrefix(b.url, "http://"))
	}
	g.targets.Store(&targets)
}

// pass joins a connection to the first target that answers, until either end
// closes.
func (g *gate) pass(near net.Conn) {
	defer g.close(near)
	g.keep(near)
	targets := g.targets.Load()
	if targets == nil {
		return
	}
	for _, target := range *targets {
		far, err := net.DialTimeout("tcp", target, time.Second)
		if err != nil {
			continue
		}
		defer g.close(far)
		g.keep(far)
		var both sync.WaitGroup
		for _, way := range [][2]net.Conn{{far, near}, {near, far}} {
			both.Go(func() {
				_, _ = io.Copy(way[0], way[1]) // a cut is what this is for
				_ = far.Close()
				_ = near.Close()
			})
		}
		both.Wait()
		return
	}
}

func (g *gate) keep(c net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open[c] = true
}

func (g *gate) close(c net.Conn) {
	_ = c.Close() // it may be closed
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.open, c)
}

// cut breaks every connection there is.
func (g *gate) cut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for c := range g.open {
		_ = c.Close() // it may be closed
	}
}
