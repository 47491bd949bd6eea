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

// A gate is an address that others know: it passes connections on to one of its
// targets, as a load balancer does, unless the way is broken.
type gate struct {
	listener net.Listener
	targets  atomic.Pointer[[]string]
	running  sync.WaitGroup

	mu     sync.Mutex // guards all below
	open   map[*passage]bool
	shut   bool          // connections are refused
	hole   chan struct{} // bytes vanish until it is closed; nil if they do not
	closed bool
}

// A passage is a connection through a gate.
type passage struct {
	near, far net.Conn      // far is nil before a target has answered
	lost      chan struct{} // the hole that its bytes vanish in, nil if none; guarded by the gate
}

// openGate opens a gate that leads nowhere yet and is closed when the test ends.
func openGate(t *testing.T) *gate {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{listener: l, open: map[*passage]bool{}}
	g.running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			g.running.Go(func() { g.pass(&passage{near: conn}) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close() // nothing is to be lost
		g.mend()
		g.mu.Lock()
		g.closed = true
		g.mu.Unlock()
		g.cut()
		g.running.Wait()
	})
	return g
}

func (g *gate) address() string { return g.listener.Addr().String() }
func (g *gate) url() string     { return "http://" + g.address() }

// lead sets which backends the gate tries, in this order.
func (g *gate) lead(backends ...*process) {
	var targets []string
	for _, b := range backends {
		targets = append(targets, strings.TrimPrefix(b.url, "http://"))
	}
	g.leadTo(targets...)
}

// leadTo sets which addresses the gate tries: HOST:PORT, or the path of a socket.
func (g *gate) leadTo(targets ...string) { g.targets.Store(&targets) }

// pass joins a connection to the first target that answers, until either end
// closes.
func (g *gate) pass(p *passage) {
	defer g.end(p)
	if !g.enter(p) {
		return
	}
	if g.lostIn(p) != nil { // nobody hears of it
		_, _ = io.Copy(io.Discard, p.near) // until it is given up
		return
	}
	targets := g.targets.Load()
	if targets == nil {
		return
	}
	for _, target := range *targets {
		network := "tcp"
		if strings.HasPrefix(target, "/") {
			network = "unix"
		}
		far, err := net.DialTimeout(network, target, time.Second)
		if err != nil {
			continue
		}
		if !g.join(p, far) {
			return
		}
		var both sync.WaitGroup
		both.Go(func() { g.copy(p, far, p.near) })
		both.Go(func() { g.copy(p, p.near, far) })
		both.Wait()
		return
	}
}

// enter takes a connection in, unless the gate is shut.
func (g *gate) enter(p *passage) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	p.lost = g.hole
	g.open[p] = true
	return !g.shut && !g.closed
}

// join notes the far end of a passage, unless it was cut meanwhile.
func (g *gate) join(p *passage, far net.Conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	p.far = far
	return g.open[p]
}

// copy passes on what comes from one end, until either end closes. What falls
// into a hole is gone, and the other end hears of a close when it is mended.
func (g *gate) copy(p *passage, to, from net.Conn) {
	buffer := make([]byte, 1<<15)
	for {
		n, err := from.Read(buffer)
		lost := g.lostIn(p)
		if err == nil && lost == nil {
			_, err = to.Write(buffer[:n])
		}
		if err != nil { // a close or a cut is what this is for
			if lost != nil {
				<-lost
			}
			_ = to.Close()
			_ = from.Close()
			return
		}
	}
}

// lostIn returns the hole that the bytes of a passage vanish in, nil if none.
func (g *gate) lostIn(p *passage) chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return p.lost
}

// end closes both ends. Whoever sees it finds the connection reset.
func (g *gate) end(p *passage) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.reset(p)
}

// reset breaks a connection. The caller holds the lock.
func (g *gate) reset(p *passage) {
	delete(g.open, p)
	for _, c := range []net.Conn{p.near, p.far} {
		if c, ok := c.(*net.TCPConn); ok {
			_ = c.SetLinger(0)
		}
		if c != nil {
			_ = c.Close() // it may be closed
		}
	}
}

// cut breaks every connection there is.
func (g *gate) cut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for p := range g.open {
		g.reset(p)
	}
}

// bar breaks every connection and refuses new ones until the gate is mended.
func (g *gate) bar() {
	g.mu.Lock()
	g.shut = true
	g.mu.Unlock()
	g.cut()
}

// swallow lets everything vanish that is sent either way, until the gate is
// mended. What was connected before stays of no use after that as well.
func (g *gate) swallow() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.hole = make(chan struct{})
	for p := range g.open {
		if p.lost == nil {
			p.lost = g.hole
		}
	}
}

// mend ends what bar and swallow have begun.
func (g *gate) mend() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = false
	if g.hole != nil {
		close(g.hole)
		g.hole = nil
	}
}
