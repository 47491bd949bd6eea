package listen

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/ktrdr/ktrdr/internal/edge/exit"
)

// Local says whether address, HOST or HOST:PORT, can be reached from this
// machine only.
func Local(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// On binds address, which must be of this machine only: without
// authentication anybody who reaches a role could run work on it.
func On(ctx context.Context, address string) (net.Listener, error) {
	if !Local(address) {
		_, port, _ := net.SplitHostPort(address)
		return nil, exit.Usagef("--listen %s could be reached from other machines, and KTRDR has no authentication yet, so it refuses. "+
			"Listen on 127.0.0.1:%s and reach it through a tunnel, for example: ssh -L %s:127.0.0.1:%s HOST", address, port, port, port)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is in use by another process: stop that one, or take a free port with --listen 127.0.0.1:0", address)
	}
	return l, err
}

const (
	headerTimeout   = 10 * time.Second // for a request's header
	idleTimeout     = 2 * time.Minute  // of a connection; clients of package wire leave earlier
	headerBytes     = 64 << 10
	shutdownTimeout = 10 * time.Second // for requests under way when the role stops
)

// Serve answers on l until ctx ends and requests under way are done. Its limits
// keep one slow or malicious connection from hurting the others; there is none on
// the duration of a body, because artifacts and imports are large.
func Serve(ctx context.Context, l net.Listener, handler http.Handler, log *slog.Logger) error {
	unused := &unusedConnections{open: map[net.Conn]bool{}}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: headerBytes,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn), ConnState: unused.track}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	unused.close()
	aside, stop := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer stop()
	err := server.Shutdown(aside)
	if err != nil {
		err = errors.Join(err, server.Close())
	}
	if serveErr := <-ended; !errors.Is(serveErr, http.ErrServerClosed) {
		err = errors.Join(err, serveErr)
	}
	return err
}

// unusedConnections are those on which nothing was asked yet: clients open them
// ahead of need. Server.Shutdown would wait five seconds for each.
type unusedConnections struct {
	mu      sync.Mutex // guards open and closing
	open    map[net.Conn]bool
	closing bool
}

// track is the ConnState of a server.
func (u *unusedConnections) track(c net.Conn, state http.ConnState) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.open, c)
	if state == http.StateNew {
		u.open[c] = true
		if u.closing {
			_ = c.Close() // the server notices and forgets it
		}
	}
}

// close closes them, and those that are still opened.
func (u *unusedConnections) close() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.closing = true
	for c := range u.open {
		_ = c.Close() // the server notices and forgets it
	}
}
