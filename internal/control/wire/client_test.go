package wire_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/market"
)

func TestNormaliseURL(t *testing.T) {
	for _, tc := range []struct{ in, want string }{
		{"localhost", "http://localhost:8000"},
		{"localhost:9000", "http://localhost:9000"},
		{"http://backend:8000/api/v1", "http://backend:8000"},
		{"http://backend:8000/api/v1/", "http://backend:8000"},
		{"http://backend/", "http://backend:8000"},
		{"https://ktrdr.example", "https://ktrdr.example"},
		{" 192.168.1.100 ", "http://192.168.1.100:8000"},
		{"[::1]", "http://[::1]:8000"},
	} {
		if got, err := wire.NormaliseURL(tc.in); err != nil || got != tc.want {
			t.Errorf("NormaliseURL(%q) = %q, %v, want %q", tc.in, got, err, tc.want)
		}
	}
	for _, bad := range []string{"", "ftp://h", "http://", "http://h/other", "http://h?x=1", "http://user:pw@h", "http://h:port", "://"} {
		if got, err := wire.NormaliseURL(bad); err == nil {
			t.Errorf("NormaliseURL(%q) = %q, want an error", bad, got)
		}
	}
}

// roundTrip answers requests without a network, so that fake time can pass.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func respond(r *http.Request, status int, body string, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Status: fmt.Sprintf("%d %s", status, http.StatusText(status)), Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: r}
}

func TestReadsAreRepeated(t *testing.T) {
	for name, first := range map[string]func(*http.Request) (*http.Response, error){
		"unreachable": func(*http.Request) (*http.Response, error) { return nil, errors.New("connection refused") },
		"unavailable": func(r *http.Request) (*http.Response, error) { return respond(r, 503, `{}`), nil },
		"bad_gateway": func(r *http.Request) (*http.Response, error) { return respond(r, 502, `{}`), nil },
		"cut_answer": func(r *http.Request) (*http.Response, error) {
			resp := respond(r, 200, "")
			resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"sta`), brokenReader{}))
			return resp, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				c, err := wire.NewClient("h", wire.ClientOptions{HTTP: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
					if calls++; calls < 3 {
						return first(r)
					}
					return respond(r, 200, `{"status":"ok"}`), nil
				})}})
				if err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				if h, err := c.Health(t.Context()); err != nil || h.Status != "ok" {
					t.Fatalf("Health = %+v, %v", h, err)
				}
				if took := time.Since(start); calls != 3 || took < 1500*time.Millisecond || took > 3*time.Second {
					t.Errorf("%d calls in %s, want 3 with growing pauses", calls, took)
				}
			})
		})
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

func TestRetryAfterIsHonoured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		c, err := wire.NewClient("h", wire.ClientOptions{HTTP: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			if calls++; calls == 1 {
				return respond(r, 503, `{}`, "Retry-After", "7"), nil
			}
			return respond(r, 200, `{}`), nil
		})}})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if _, err := c.Health(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != 7*time.Second {
			t.Errorf("came back after %s, want 7s", took)
		}
	})
}

// TestStartsAreRepeatedUnderOneKey: the key makes a repetition harmless.
func TestStartsAreRepeatedUnderOneKey(t *testing.T) {
	var calls atomic.Int32
	var keys []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		keys = append(keys, r.Header.Get(wire.HeaderIdempotencyKey))
		w.WriteHeader(http.StatusBadGateway)
	}))
	defer server.Close()
	c := client(t, server.URL, 5)
	if _, err := c.StartTraining(t.Context(), wire.StartTraining{}, "my-key"); err == nil {
		t.Fatal("StartTraining succeeded")
	}
	if _, err := c.StartBacktest(t.Context(), wire.StartBacktest{}, ""); err == nil {
		t.Fatal("StartBacktest succeeded")
	}
	if calls.Load() != 10 {
		t.Fatalf("%d calls for two starts, want 5 of each", calls.Load())
	}
	for i, key := range keys {
		if i < 5 && key != "my-key" || i >= 5 && (len(key) < 16 || key != keys[5]) {
			t.Errorf("keys are %q, want my-key for the first start and one fresh key for the second", keys)
			break
		}
	}
}

func TestRefusalsAreNotRepeated(t *testing.T) {
	var calls atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		wire.WriteError(w, wire.Errorf(wire.CodeOperationNotFound, "no"))
	}))
	defer server.Close()
	if _, err := client(t, server.URL, 5).Operation(t.Context(), "op"); wire.KindOf(err) != wire.NotFound {
		t.Errorf("error is %v, want one of kind not_found", err)
	}
	if calls.Load() != 1 {
		t.Errorf("%d calls, want 1", calls.Load())
	}
}

func TestUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	_, err = client(t, address, 1).Health(t.Context())
	want := "Could not connect to API at http://" + address + ". Is the API server running?"
	if _, ok := errors.AsType[*wire.UnreachableError](err); !ok || err.Error() != want {
		t.Errorf("error is %q, want %q", err, want)
	}
	if wire.KindOf(err) != wire.Unavailable {
		t.Errorf("kind is %s, want unavailable", wire.KindOf(err))
	}
}

func TestCancelledCallSaysSo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	defer server.Close()
	if _, err := client(t, server.URL, 3).Health(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want context.Canceled", err)
	}
}

func TestArtifactIsVerified(t *testing.T) {
	content := []byte("weights")
	const hash = "9d8a2e56ea1c4ef3c26aaf5ad2ba94b0c93b5bc7a8f8c5a9f8b0f1f5c3f6a0a1"
	for name, body := range map[string]string{"damaged": "weightS", "cut": "weigh"} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if name == "cut" {
					w.Header().Set("Content-Length", "7")
				}
				io.WriteString(w, body)
			}))
			defer server.Close()
			_, err := client(t, server.URL, 1).Artifact(t.Context(), hash, io.Discard)
			if err == nil {
				t.Error("Artifact accepted other content")
			}
			if name == "cut" && wire.KindOf(err) != wire.Unavailable {
				t.Errorf("kind of %v is %s, want unavailable", err, wire.KindOf(err))
			}
		})
	}
	t.Run("stored_and_fetched", func(t *testing.T) {
		stored := map[string][]byte{}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut {
				stored[r.URL.Path], _ = io.ReadAll(r.Body)
				return
			}
			w.Write(stored[r.URL.Path])
		}))
		defer server.Close()
		c := client(t, server.URL, 1)
		hash, err := c.PutArtifact(t.Context(), content)
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		if n, err := c.Artifact(t.Context(), hash, &got); err != nil || n != 7 || got.String() != "weights" {
			t.Errorf("Artifact = %d %q, %v", n, got.String(), err)
		}
	})
	t.Run("not_a_hash", func(t *testing.T) {
		if _, err := client(t, "localhost", 1).Artifact(t.Context(), "../../etc/passwd", io.Discard); wire.KindOf(err) != wire.Invalid {
			t.Errorf("error is %v, want an invalid one", err)
		}
	})
}

func TestClientEscapesNames(t *testing.T) {
	var path string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path = r.URL.EscapedPath()
		io.WriteString(w, `{}`)
	}))
	defer server.Close()
	if _, err := client(t, server.URL, 1).Operation(t.Context(), "a/../b?c"); err != nil {
		t.Fatal(err)
	}
	if want := "/api/v1/operations/a%2F..%2Fb%3Fc"; path != want {
		t.Errorf("path is %s, want %s", path, want)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		chunk := bytes.Repeat([]byte("x"), 1<<20)
		for range wire.MaxResponseBytes>>20 + 2 {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}))
	defer server.Close()
	if _, err := client(t, server.URL, 1).Health(t.Context()); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("error is %v, want one about the size", err)
	}
}

func ExampleClient() {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"success":true,"data":{"symbol":"EURUSD","timeframe":"1h","start_date":"2020-01-01T00:00:00Z","end_date":"2020-12-31T23:00:00Z","point_count":6240},"error":null}`)
	}))
	defer backend.Close()

	c, err := wire.NewClient(backend.URL, wire.ClientOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	held, err := c.DataRange(context.Background(), "EURUSD", market.Hour1)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(held.PointCount, "bars from", held.StartDate.Format(time.DateOnly), "to", held.EndDate.Format(time.DateOnly))
	// Output: 6240 bars from 2020-01-01 to 2020-12-31
}

// TestConnectionsAreUsedAgain: answers that nobody wants are read all the same, so
// that reports do not make a connection each.
func TestConnectionsAreUsedAgain(t *testing.T) {
	var made atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		wire.WriteJSON(w, http.StatusOK, map[string]bool{"success": true})
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			made.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	c, err := wire.NewClient(server.URL, wire.ClientOptions{HTTP: server.Client()})
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if err := c.Report(t.Context(), operation.Report{Token: operation.Token{OperationID: "op_1", Attempt: 1}, WorkerID: "w1", State: operation.Running}); err != nil {
			t.Fatal(err)
		}
	}
	if n := made.Load(); n != 1 {
		t.Errorf("5 reports made %d connections, want 1", n)
	}
}
