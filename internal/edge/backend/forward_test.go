package backend_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/ktrdr/ktrdr/internal/edge/backend"
)

// who is a scheduler that tests appoint.
type who struct {
	mu      sync.Mutex // guards all below
	holder  string
	here    bool
	changed chan struct{}
}

func (w *who) Scheduler() (string, bool, <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.holder, w.here, w.changed
}

func (w *who) appoint(holder string, here bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.changed != nil {
		close(w.changed)
	}
	w.holder, w.here, w.changed = holder, here, make(chan struct{})
}

// standby is a backend in front of a scheduler; each answers with its name.
func standby(t *testing.T) (*who, http.Handler) {
	t.Helper()
	far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // short
		_, _ = io.WriteString(w, "scheduler "+r.Method+" "+r.URL.RequestURI()+" "+string(body)+r.Header.Get("X-Ktrdr-Forwarded"))
	}))
	t.Cleanup(far.Close)
	w := &who{}
	w.appoint(far.URL+"#x", false)
	local := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // short
		_, _ = io.WriteString(w, "here "+string(body))
	})
	return w, backend.ForwardHandler(w, local, slog.New(slog.DiscardHandler))
}

func ask(h http.Handler, method, path, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec
}

func TestForward(t *testing.T) {
	t.Run("only_what_needs_the_scheduler", func(t *testing.T) {
		_, h := standby(t)
		for _, test := range []struct{ method, path, want string }{
			{"GET", "/api/v1/operations?limit=3", "here "},
			{"GET", "/api/v1/operations/op_1", "here "},
			{"GET", "/api/v1/models", "here "},
			{"GET", "/health", "here "},
			{"PUT", "/api/v1/artifacts/ab", "here {}"},
			{"POST", "/api/v1/trainings/start", "scheduler POST /api/v1/trainings/start {}1"},
			{"DELETE", "/api/v1/operations/op_1?x=y", "scheduler DELETE /api/v1/operations/op_1?x=y {}1"},
			{"GET", "/api/v1/workers", "scheduler GET /api/v1/workers {}1"},
			{"GET", "/api/v1/symbols", "scheduler GET /api/v1/symbols {}1"},
			{"GET", "/api/v1/data/EURUSD/1h", "scheduler GET /api/v1/data/EURUSD/1h {}1"},
		} {
			if got := ask(h, test.method, test.path, "{}").Body.String(); !strings.HasPrefix(got, test.want) {
				t.Errorf("%s %s: %q, want %q", test.method, test.path, got, test.want)
			}
		}
	})
	t.Run("never_twice", func(t *testing.T) {
		_, h := standby(t)
		rec := ask(h, "POST", "/api/v1/trainings/start", "{}", "X-Ktrdr-Forwarded", "1")
		if rec.Code != http.StatusServiceUnavailable || rec.Header().Get("Retry-After") == "" {
			t.Errorf("a request passed on twice: %d %s, want 503 with Retry-After", rec.Code, rec.Body)
		}
	})
	t.Run("waits_for_the_next_scheduler", func(t *testing.T) {
		w, h := standby(t)
		w.appoint("http://127.0.0.1:1#gone", false) // nobody listens there
		answered := make(chan string)
		go func() { answered <- ask(h, "POST", "/api/v1/trainings/start", "{}").Body.String() }()
		w.appoint("", false)
		w.appoint("http://me:1#y", true)
		if got := <-answered; got != "here {}" {
			t.Errorf("answer = %q, want that of the new scheduler, with the whole body", got)
		}
	})
	t.Run("gives_up_on_a_paused_scheduler", func(t *testing.T) {
		reached, release := make(chan struct{}), make(chan struct{})
		far := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { close(reached); <-release }))
		t.Cleanup(far.Close)
		t.Cleanup(func() { close(release) })
		w, h := standby(t)
		w.appoint(far.URL+"#paused", false)
		answered := make(chan int)
		go func() { answered <- ask(h, "POST", "/api/v1/trainings/start", "{}").Code }()
		<-reached
		w.appoint("http://me:1#y", true)
		if code := <-answered; code != http.StatusServiceUnavailable {
			t.Errorf("code = %d, want 503: whether the paused scheduler took it is not known", code)
		}
	})
}
