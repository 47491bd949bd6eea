package system_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ktrdr/ktrdr/internal/edge/system"
)

// supervised runs script until it has been ready as often as wanted, or its
// supervision ends by itself, and returns what was said and how it ended.
func supervised(t *testing.T, script string, readies int) (said []string, urls []string, err error) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var mu sync.Mutex
	err = system.Supervise(ctx, script, func(line string) {
		mu.Lock()
		defer mu.Unlock()
		said = append(said, line)
	}, func(url string) {
		if urls = append(urls, url); len(urls) == readies {
			stop()
		}
	})
	return said, urls, err
}

func TestSupervise(t *testing.T) {
	t.Run("stops_in_order", func(t *testing.T) {
		said, urls, err := supervised(t, `trap 'kill $!; echo bye; exit 0' TERM; sleep 60 >/dev/null 2>&1 & echo listening on http://h:1; wait`, 1)
		if err != nil || !slices.Equal(urls, []string{"http://h:1"}) {
			t.Fatalf("supervise = %v, ready at %v", err, urls)
		}
		for _, want := range []string{"c | listening on http://h:1", "c | bye"} {
			if !slices.Contains(said, want) {
				t.Errorf("said %q, want %q among it", said, want)
			}
		}
	})
	t.Run("restarts_a_crashed_child", func(t *testing.T) {
		said, urls, err := supervised(t, `echo listening on http://h:1; exit 3`, 3)
		if err != nil || len(urls) != 3 {
			t.Fatalf("supervise = %v, ready %d times, want 3", err, len(urls))
		}
		if !slices.ContainsFunc(said, func(s string) bool { return strings.Contains(s, "c ended (exit status 3); starting it again") }) {
			t.Errorf("said %q, want the restart among it", said)
		}
	})
	t.Run("gives_up_on_one_that_never_was_ready", func(t *testing.T) {
		count := filepath.Join(t.TempDir(), "starts")
		_, _, err := supervised(t, `echo x >> '`+count+`'; echo 'Error: the port is in use' >&2; exit 1`, 1)
		if err == nil || !strings.Contains(err.Error(), "c did not start: exit status 1: Error: the port is in use") {
			t.Errorf("supervise = %v, want the last line of the child", err)
		}
	})
	t.Run("passes_on_a_last_line_without_an_end", func(t *testing.T) {
		said, _, _ := supervised(t, `printf 'no end' >&2; exit 1`, 1)
		if !slices.Contains(said, "c | no end") {
			t.Errorf("said %q, want the last line", said)
		}
	})
}
