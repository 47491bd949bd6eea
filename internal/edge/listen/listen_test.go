package listen_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/edge/exit"
	"github.com/ktrdr/ktrdr/internal/edge/listen"
)

// Addresses of this machine only are those that it takes.
func ExampleLocal() {
	for _, address := range []string{"localhost:8000", "127.0.0.1:8000", "[::1]:8000", "0.0.0.0:8000", "example.org"} {
		fmt.Println(address, listen.Local(address))
	}
	// Output:
	// localhost:8000 true
	// 127.0.0.1:8000 true
	// [::1]:8000 true
	// 0.0.0.0:8000 false
	// example.org false
}

func TestOn_refuses(t *testing.T) {
	taken, err := listen.On(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, tc := range map[string]struct {
		address, want string
		code          int
	}{
		"others_could_reach_it": {"0.0.0.0:8000", "ssh -L 8000:127.0.0.1:8000 HOST", exit.Usage},
		"in_use":                {taken.Addr().String(), "is in use by another process", exit.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := listen.On(t.Context(), tc.address)
			if err == nil {
				_ = l.Close()
				t.Fatalf("On(%q) listens", tc.address)
			}
			if !strings.Contains(err.Error(), tc.want) || exit.Code(err) != tc.code {
				t.Errorf("On(%q) = %v, code %d; want %q and %d", tc.address, err, exit.Code(err), tc.want, tc.code)
			}
		})
	}
}

// serving serves h until the function that it returns is called, which returns how
// Serve ended.
func serving(t *testing.T, h http.Handler) (address string, stop func() error) {
	t.Helper()
	l, err := listen.On(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- listen.Serve(ctx, l, h, slog.New(slog.DiscardHandler)) }()
	return l.Addr().String(), func() error {
		cancel()
		return <-ended
	}
}

// TestServe_ends: a request under way is answered, a connection without one closed.
func TestServe_ends(t *testing.T) {
	reached, release := make(chan struct{}), make(chan struct{})
	address, stop := serving(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(reached)
		<-release
		_, _ = io.WriteString(w, "done")
	}))
	unused, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer unused.Close()
	answered := make(chan string, 1)
	go func() {
		resp, err := http.Get("http://" + address)
		if err != nil {
			answered <- err.Error()
			return
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body) // short
		answered <- string(body)
	}()
	<-reached
	ended := make(chan error, 1)
	go func() { ended <- stop() }()
	if _, err := unused.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the unused connection ends with %v, want EOF", err)
	}
	close(release)
	if got := <-answered; got != "done" {
		t.Errorf("the request under way gets %q, want its answer", got)
	}
	if err := <-ended; err != nil {
		t.Errorf("Serve = %v", err)
	}
}

// TestServe_limits: headers are bounded.
func TestServe_limits(t *testing.T) {
	address, stop := serving(t, http.NotFoundHandler())
	defer func() {
		if err := stop(); err != nil {
			t.Errorf("Serve = %v", err)
		}
	}()
	for name, tc := range map[string]struct{ bytes, code int }{
		"usual": {10_000, http.StatusNotFound},
		"large": {100_000, http.StatusRequestHeaderFieldsTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("X-Much", strings.Repeat("x", tc.bytes))
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if resp.StatusCode != tc.code {
				t.Errorf("a header of %d bytes: %d, want %d", tc.bytes, resp.StatusCode, tc.code)
			}
		})
	}
}
