package main_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
)

// TestFollow_without_events: where something between people and the backend lets no
// event through, a command asks until the operation has ended.
func TestFollow_without_events(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"unknown": http.NotFound,
		"page": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte("<html>sign in</html>"))
		},
		"silence": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		},
		"torn": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSystem(t)
			s.worker("training", "only")
			s.importSample("EURUSD")
			id := decode[finished](t, s.must(trainArgs(s.strategy("quick", 100_000), "--detach")...)).ID
			s.awaitProgress(id)

			backend, err := url.Parse(s.backend.url)
			if err != nil {
				t.Fatal(err)
			}
			through := httputil.NewSingleHostReverseProxy(backend)
			var listened, asked atomic.Int64
			between := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch {
				case strings.HasSuffix(r.URL.Path, "/events"):
					listened.Add(1)
					answer(w, r)
				default:
					if listened.Load() > 0 && strings.HasSuffix(r.URL.Path, "/"+id) {
						asked.Add(1)
					}
					through.ServeHTTP(w, r)
				}
			}))
			defer between.Close()
			ended := make(chan outcome, 1)
			go func() {
				ended <- run(t, []string{"KTRDR_API_URL=" + between.URL}, "operations", "follow", id)
			}()
			s.await("it asks although it hears nothing", func() bool { return asked.Load() >= 3 })
			s.must("operations", "cancel", id)
			if out := <-ended; !strings.Contains(out.stdout+out.stderr, "cancelled") {
				t.Errorf("exit %d, want the end of the operation:\n%s%s", out.code, out.stdout, out.stderr)
			}
		})
	}
}
