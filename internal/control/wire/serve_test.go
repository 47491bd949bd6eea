package wire_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/wire"
)

// A logBuffer is written by the server and read by the test.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func protected(t *testing.T, log *logBuffer) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ok", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "fine") })
	mux.HandleFunc("GET /panic", func(http.ResponseWriter, *http.Request) { panic("oh") })
	mux.HandleFunc("GET /late", func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, strings.Repeat("x", 100_000))
		panic("late")
	})
	level := &slog.HandlerOptions{Level: slog.LevelDebug}
	server := httptest.NewServer(wire.Protect(mux, time.Now, slog.New(slog.NewTextHandler(log, level))))
	t.Cleanup(server.Close)
	return server
}

func get(t *testing.T, method, url string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return resp, "cut"
	}
	return resp, string(body)
}

func TestProtect(t *testing.T) {
	var log logBuffer
	url := protected(t, &log).URL
	t.Run("request_id_and_time", func(t *testing.T) {
		resp, body := get(t, "GET", url+"/ok", "X-Request-ID", "abc")
		if body != "fine" || resp.Header.Get("X-Request-ID") != "abc" || !strings.HasSuffix(resp.Header.Get("X-Process-Time"), "ms") {
			t.Errorf("%q with headers %v", body, resp.Header)
		}
		resp, _ = get(t, "GET", url+"/ok", "X-Request-ID", strings.Repeat("a", 500))
		if id := resp.Header.Get("X-Request-ID"); len(id) > 100 || id == "" {
			t.Errorf("an impossible request id became %q", id)
		}
	})
	t.Run("no_such_path", func(t *testing.T) {
		resp, body := get(t, "GET", url+"/nowhere")
		want := `{"success":false,"error":{"code":"NOT_FOUND","message":"Not found: there is no GET /nowhere here"},"detail":"Not found: there is no GET /nowhere here"}` + "\n"
		if resp.StatusCode != 404 || body != want || resp.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%d %s %s", resp.StatusCode, resp.Header.Get("Content-Type"), body)
		}
	})
	t.Run("no_such_method", func(t *testing.T) {
		resp, body := get(t, "DELETE", url+"/ok")
		if resp.StatusCode != 405 || !strings.Contains(body, "METHOD_NOT_ALLOWED") || !strings.Contains(body, "GET, HEAD") {
			t.Errorf("%d %s", resp.StatusCode, body)
		}
	})
	t.Run("panic", func(t *testing.T) {
		resp, body := get(t, "GET", url+"/panic")
		if resp.StatusCode != 500 || !strings.Contains(body, "INTERNAL_SERVER_ERROR") || strings.Contains(body, "oh") {
			t.Errorf("%d %s", resp.StatusCode, body)
		}
		if !strings.Contains(log.String(), "serve_test.go") {
			t.Error("the log has no stack")
		}
	})
	t.Run("panic_after_the_answer_began", func(t *testing.T) {
		if _, body := get(t, "GET", url+"/late"); body != "cut" {
			t.Errorf("a broken answer of %d bytes looks whole", len(body))
		}
	})
	t.Run("cross_origin", func(t *testing.T) {
		ask := func(headers ...string) *http.Response {
			resp, _ := get(t, "OPTIONS", url+"/ok", append(headers, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "x-a")...)
			return resp
		}
		for _, origin := range []string{"http://localhost:5173", "http://127.0.0.1:9", "http://[::1]:9"} {
			h := ask("Origin", origin).Header
			if h.Get("Access-Control-Allow-Origin") != origin || h.Get("Access-Control-Allow-Headers") != "x-a" || h.Get("Access-Control-Max-Age") != "600" {
				t.Errorf("%s: %v", origin, h)
			}
		}
		for _, origin := range []string{"http://ui", "https://localhost.example", "http://127.0.0.1.example", "null"} {
			if resp := ask("Origin", origin); resp.StatusCode != 403 || resp.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s: %d %v, want 403 and no leave to read", origin, resp.StatusCode, resp.Header)
			}
		}
		if resp, _ := get(t, "GET", url+"/ok", "Origin", "http://ui"); resp.StatusCode != 403 {
			t.Errorf("a page from elsewhere got %d, want 403", resp.StatusCode)
		}
	})
	t.Run("page_under_a_name_with_our_address", func(t *testing.T) {
		req, err := http.NewRequestWithContext(t.Context(), "POST", url+"/ok", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = "rebound.example:8000"
		req.Header.Set("Origin", "http://rebound.example:8000")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != 403 {
			t.Errorf("status %d, want 403", resp.StatusCode)
		}
	})
}
