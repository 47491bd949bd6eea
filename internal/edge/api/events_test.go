package api_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
)

// A page is an answer that can be read while it is written.
type page struct {
	mu     sync.Mutex
	header http.Header
	code   int
	text   strings.Builder
}

func (p *page) Header() http.Header { return p.header }
func (p *page) WriteHeader(c int)   { p.code = c }
func (p *page) Flush()              {}
func (p *page) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

func (p *page) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

// listen asks for a stream in a bubble of fake time.
func (b *backend) listen(t *testing.T, path string, header ...string) (p *page, done chan struct{}, leave context.CancelFunc) {
	t.Helper()
	ctx, leave := context.WithCancel(t.Context())
	req := httptest.NewRequestWithContext(ctx, "GET", path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	p, done = &page{header: http.Header{}}, make(chan struct{})
	go func() {
		defer close(done)
		b.handler.ServeHTTP(p, req)
	}()
	synctest.Wait()
	return p, done, leave
}

// told lists the numbers and kinds of the events of a stream.
func told(text string) string {
	var all []string
	for block := range strings.SplitSeq(text, "\n\n") {
		number, kind := "-", ""
		for line := range strings.SplitSeq(block, "\n") {
			if v, ok := strings.CutPrefix(line, "id: "); ok {
				number = v
			}
			if v, ok := strings.CutPrefix(line, "event: "); ok {
				kind = v
			}
		}
		if kind != "" && kind != wire.EventProgress {
			all = append(all, number+" "+kind)
		}
	}
	return strings.Join(all, ", ")
}

func TestEvents(t *testing.T) {
	for name, tc := range map[string]struct {
		path, last, want string
		code             int
		ends             bool
	}{
		"one_from_its_beginning": {"/api/v1/operations/op_running/events", "", "1 submitted, 3 started", 200, false},
		"one_after_what_it_saw":  {"/api/v1/operations/op_running/events", "1", "3 started", 200, false},
		"one_that_has_ended":     {"/api/v1/operations/op_done/events", "", "2 submitted, 4 completed", 200, true},
		"nothing_is_left":        {"/api/v1/operations/op_done/events", "4", "", 204, true},
		"all_from_now_on":        {"/api/v1/events", "", "", 200, false},
		"all_after_what_it_saw":  {"/api/v1/events", "2", "3 started, 4 completed", 200, false},
		"all_after_a_number":     {"/api/v1/events?after=3", "", "4 completed", 200, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := populated(t)
				b.history.add("op_running", operation.EventSubmitted, operation.Pending)
				b.history.add("op_done", operation.EventSubmitted, operation.Pending)
				b.history.add("op_running", operation.EventStarted, operation.Running)
				b.history.add("op_done", "completed", operation.Completed)
				p, done, leave := b.listen(t, tc.path, "Last-Event-ID", tc.last)
				if tc.ends {
					<-done
				}
				if got := told(p.String()); got != tc.want || p.code != tc.code {
					t.Errorf("%d %q, want %d %q", p.code, got, tc.code, tc.want)
				}
				leave()
				<-done
			})
		})
	}
}

func TestEventStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := populated(t)
		p, done, leave := b.listen(t, "/api/v1/events")
		b.history.add("op_waiting", operation.EventStarted, operation.Running)
		time.Sleep(time.Second)
		synctest.Wait()
		if got := told(p.String()); got != "1 started" {
			t.Errorf("live events are %q, want 1 started", got)
		}
		if strings.Contains(p.String(), ": ") && strings.Contains(p.String(), "still here") {
			t.Error("a comment after one second")
		}
		time.Sleep(15 * time.Second)
		synctest.Wait()
		if n := strings.Count(p.String(), ": still here\n\n"); n != 1 {
			t.Errorf("%d comments in 16 s, want 1", n)
		}
		leave()
		<-done

		p, done, _ = b.listen(t, "/api/v1/operations/op_running/events")
		time.Sleep(time.Second)
		synctest.Wait()
		if n := strings.Count(p.String(), "event: progress\n"); n != 1 {
			t.Errorf("unchanged progress was sent %d times, want once: %s", n, p)
		}
		close(b.stopping)
		<-done // a stopping backend does not wait for listeners
	})
}

// TestFollow: the client hears everything once, also over broken streams.
func TestFollow(t *testing.T) {
	b := populated(t)
	server := httptest.NewServer(b.handler)
	defer server.Close()
	c, err := wire.NewClient(server.URL, wire.ClientOptions{Tries: 1})
	if err != nil {
		t.Fatal(err)
	}
	b.history.add("op_done", operation.EventSubmitted, operation.Pending)
	b.history.add("op_done", operation.EventStarted, operation.Running)
	b.history.add("op_done", "completed", operation.Completed)
	var heard []string
	seen := int64(0)
	hear := func(h wire.Happening) error {
		if h.Event == nil {
			return nil
		}
		heard, seen = append(heard, fmt.Sprint(h.Event.Number, h.Event.Kind)), h.Event.Number
		if len(heard) == 2 {
			return context.DeadlineExceeded // breaks the stream
		}
		return nil
	}
	if err := c.Follow(t.Context(), "op_done", 0, hear); wire.KindOf(err) != wire.Unavailable || err == nil {
		t.Fatalf("a broken stream: %v, want unavailable", err)
	}
	for range 2 { // the second time all has been seen
		if err := c.Follow(t.Context(), "op_done", seen, hear); err != nil {
			t.Fatal(err)
		}
	}
	if got := fmt.Sprint(heard); got != "[1submitted 2started 3completed]" {
		t.Errorf("heard %s", got)
	}
	if err := c.Follow(t.Context(), "op_9", 0, hear); wire.KindOf(err) != wire.NotFound {
		t.Errorf("an unknown operation: %v, want not found", err)
	}
}
