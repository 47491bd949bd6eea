package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// silenceLimit is how long PostgreSQL may leave a question unanswered. It is
	// longer than the scheduler's lease: whoever renews that over a way which is as
	// slow has lost it by then.
	silenceLimit = 5 * time.Second
	// pingInterval is how often a listener that hears nothing asks whether it
	// still would.
	pingInterval = 2 * time.Second
)

var errSilent = errors.New("PostgreSQL has not answered")

// A line is a connection to PostgreSQL on which nobody waits for an answer for
// longer than silenceLimit: on the way, bytes may vanish without a sign.
type line struct {
	net.Conn
	mu       sync.Mutex // guards deadline, and that the one of Conn follows it
	deadline time.Time  // set from outside; zero is none
}

// limitSilence makes every connection of a configuration a line.
func limitSilence(config *pgx.ConnConfig) {
	dial := config.DialFunc
	config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &line{Conn: conn}, nil
	}
}

// SetDeadline implements net.Conn.
func (l *line) SetDeadline(t time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.deadline = t
	return l.Conn.SetDeadline(t)
}

// Read implements net.Conn.
func (l *line) Read(b []byte) (n int, err error) {
	return l.within(l.Conn.SetReadDeadline, func() (int, error) { return l.Conn.Read(b) })
}

// Write implements net.Conn.
func (l *line) Write(b []byte) (n int, err error) {
	return l.within(l.Conn.SetWriteDeadline, func() (int, error) { return l.Conn.Write(b) })
}

// within does something for which there is a limit, unless one was set from
// outside. That one is passed on as it is: with it, the driver interrupts itself.
func (l *line) within(limit func(time.Time) error, do func() (int, error)) (int, error) {
	l.mu.Lock()
	mine := l.deadline.IsZero()
	if mine {
		if err := limit(time.Now().Add(silenceLimit)); err != nil {
			l.mu.Unlock()
			return 0, err
		}
	}
	l.mu.Unlock()
	n, err := do()
	if os.IsTimeout(err) && l.silent() {
		err = fmt.Errorf("%s: %w for %s, or the network loses what is sent", l.RemoteAddr(), errSilent, silenceLimit)
	}
	return n, err
}

// silent reports whether a time that ran out was that of the line itself.
func (l *line) silent() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.deadline.IsZero()
}

// hear returns when another process has committed, or when the connection is of
// no use any more.
func hear(ctx context.Context, conn *pgx.Conn) error {
	for {
		limited, cancel := context.WithTimeout(ctx, pingInterval)
		_, err := conn.WaitForNotification(limited)
		cancel()
		if err == nil || ctx.Err() != nil || conn.IsClosed() {
			return err
		}
		if err := conn.Ping(ctx); err != nil {
			return err
		}
	}
}
