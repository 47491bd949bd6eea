package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/ktrdr/ktrdr/internal/edge/exit"
	"github.com/ktrdr/ktrdr/internal/edge/settings"
	"github.com/ktrdr/ktrdr/internal/observe"
)

// isLoopback says whether address, HOST or HOST:PORT, can be reached from this
// machine only.
func isLoopback(address string) bool {
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

// listen binds address, which must be of this machine only: without
// authentication anybody who reaches a role could run work on it.
func listen(ctx context.Context, address string) (net.Listener, error) {
	if !isLoopback(address) {
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

// announce says, in the one line on stdout that a role writes, that it is ready.
func (c *console) announce(url string) {
	if c.json {
		_ = c.writeJSON(map[string]string{"listening": url})
		return
	}
	fmt.Fprintf(c.out, "listening on %s\n", url)
}

// logger returns the logger of a role.
func (c *console) logger(s settings.Values) (*slog.Logger, error) {
	return observe.NewLogger(c.err, s.Get(settings.LogFormat), s.Get(settings.LogLevel))
}

const (
	headerTimeout   = 10 * time.Second // for a request's header
	shutdownTimeout = 10 * time.Second // for requests under way when the role stops
)

// serveHTTP answers on l until ctx ends and requests under way are done.
func serveHTTP(ctx context.Context, l net.Listener, handler http.Handler, log *slog.Logger) error {
	unused := &unusedConnections{open: map[net.Conn]bool{}}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: headerTimeout, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn), ConnState: unused.track}
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

// closeAll closes what was opened, last first.
func closeAll(opened []io.Closer) error {
	var err error
	for i := len(opened) - 1; i >= 0; i-- {
		err = errors.Join(err, opened[i].Close())
	}
	return err
}
