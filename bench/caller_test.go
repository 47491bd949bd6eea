package bench_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// A caller makes one request again and again over a connection of its own. It does
// as little as it may: who asks shares the cores with who answers.
type caller struct {
	conn    net.Conn
	answers *bufio.Reader
	request []byte
	ids     []string // of the operations that the answers name
	err     error    // that ended it
}

func newCaller(b *testing.B, address, path string, body []byte) *caller {
	b.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		b.Fatal(err)
	}
	return &caller{conn: conn, answers: bufio.NewReader(conn), request: fmt.Appendf(nil,
		"POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", path, address, len(body), body)}
}

// call makes the request and waits for its answer, which must be a success and
// name an operation.
func (c *caller) call() error {
	if _, err := c.conn.Write(c.request); err != nil {
		return err
	}
	status, err := c.answers.ReadSlice('\n')
	if err != nil {
		return err
	}
	succeeded := bytes.HasPrefix(status, []byte("HTTP/1.1 200 "))
	length := -1
	for line := status; len(bytes.TrimSpace(line)) > 0; {
		if line, err = c.answers.ReadSlice('\n'); err != nil {
			return err
		}
		if digits, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(digits))); err != nil {
				return err
			}
		}
	}
	body := make([]byte, max(0, length))
	if _, err := io.ReadFull(c.answers, body); err != nil {
		return err
	}
	const name = `"operation_id":"`
	_, rest, named := bytes.Cut(body, []byte(name))
	id, _, ended := bytes.Cut(rest, []byte(`"`))
	if !succeeded || length < 0 || !named || !ended {
		return fmt.Errorf("answered with %s", body)
	}
	c.ids = append(c.ids, string(id))
	return nil
}

// used is the time of processors that this process has used.
func used(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// used is the time of processors that the process has used.
func (r *role) used(b *testing.B) time.Duration {
	b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", r.cmd.Process.Pid))
	if err != nil {
		b.Skipf("no process accounting here: %v", err)
	}
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	var ticks time.Duration
	for _, field := range fields[11:13] { // utime and stime, in hundredths of a second
		n, err := strconv.Atoi(string(field))
		if err != nil {
			b.Fatal(err)
		}
		ticks += time.Duration(n)
	}
	return ticks * 10 * time.Millisecond
}
