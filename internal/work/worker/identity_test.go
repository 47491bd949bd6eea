package worker_test

import (
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/work/worker"
)

func options(dir string) worker.Options {
	return worker.Options{Type: fleet.Backtesting, Backend: &fakeBackend{}, Listener: newListener(), DataDir: dir,
		Jobs: map[operation.Type]worker.Job{operation.Backtesting: worker.JobFunc(untilCancelled(0))}}
}

// run runs a worker for a moment and returns its first registration.
func run(t *testing.T, o worker.Options) fleet.Registration {
	t.Helper()
	b := &fakeBackend{}
	o.Backend = b
	w, err := worker.New(o)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, ended: make(chan error, 1)}
	ctx, stop := contextOf(t)
	r.stop = stop
	go func() { r.ended <- w.Run(ctx) }()
	synctest.Wait()
	if err := r.end(); err != nil {
		t.Fatal(err)
	}
	return b.registrations[0]
}

func TestIdentitySurvivesRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		first := run(t, options(dir))
		if !regexp.MustCompile(`^backtesting-worker-[0-9a-f]{8}$`).MatchString(first.WorkerID) {
			t.Errorf("id is %q", first.WorkerID)
		}
		pass(time.Second)
		o := options(dir)
		o.Listener = newListener()
		second := run(t, o)
		if second.WorkerID != first.WorkerID || second.Incarnation <= first.Incarnation {
			t.Errorf("%s %s followed %s %s, want the same id and a later incarnation", second.WorkerID, second.Incarnation, first.WorkerID, first.Incarnation)
		}
		o = options(dir)
		o.ID, o.Listener = "my-worker", newListener()
		if third := run(t, o); third.WorkerID != "my-worker" {
			t.Errorf("id is %q, want the configured one", third.WorkerID)
		}
	})
}

func TestOneWorkerPerDirectory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		w, err := worker.New(options(dir))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := worker.New(options(dir)); err == nil || !strings.Contains(err.Error(), "--data-dir") {
			t.Errorf("second worker in the same directory: %v, want a refusal that says what to do", err)
		}
		ctx, stop := contextOf(t)
		stop()
		if err := w.Run(ctx); err != nil {
			t.Fatal(err)
		}
		run(t, options(dir))
	})
}

func TestNewRefuses(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad")
	if err := os.MkdirAll(bad, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bad, "worker-id"), []byte("not an id!"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*worker.Options){
		"no_directory":   func(o *worker.Options) { o.DataDir = "" },
		"no_jobs":        func(o *worker.Options) { o.Jobs = nil },
		"unknown_type":   func(o *worker.Options) { o.Type = "trainin" },
		"impossible_id":  func(o *worker.Options) { o.ID = "a/b" },
		"damaged_id":     func(o *worker.Options) { o.DataDir = bad },
		"no_backend_url": func(o *worker.Options) { o.Backend, o.BackendURL = nil, "" },
	} {
		t.Run(name, func(t *testing.T) {
			o := options(filepath.Join(dir, "good"))
			change(&o)
			if _, err := worker.New(o); err == nil {
				t.Error("New succeeded")
			}
		})
	}
}

// A boundListener says that it is bound to an address.
type boundListener struct {
	*quietListener
	ip net.IP
}

func (l boundListener) Addr() net.Addr { return &net.TCPAddr{IP: l.ip, Port: 5003} }

func TestAdvertisedAddress(t *testing.T) {
	host, err := os.Hostname()
	if err != nil {
		t.Skip("this machine has no host name")
	}
	for name, tc := range map[string]struct {
		configured, bound, backend, want string
	}{
		"configured":          {"http://10.0.0.7:9/", "127.0.0.1", "http://127.0.0.1:8000", "http://10.0.0.7:9"},
		"bound_to_loopback":   {"", "127.0.0.1", "http://127.0.0.1:8000", "http://127.0.0.1:5003"},
		"bound_to_an_address": {"", "192.0.2.5", "http://127.0.0.1:8000", "http://192.0.2.5:5003"},
		"towards_the_backend": {"", "0.0.0.0", "http://127.0.0.1:8000", "http://127.0.0.1:5003"},
		"ipv6_any":            {"", "::", "http://127.0.0.1", "http://127.0.0.1:5003"},
		"host_name":           {"", "0.0.0.0", "", "http://" + host + ":5003"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := options(t.TempDir())
				o.EndpointURL, o.BackendURL, o.Listener = tc.configured, tc.backend, boundListener{newListener(), net.ParseIP(tc.bound)}
				if got := run(t, o).EndpointURL; got != tc.want {
					t.Errorf("advertises %s, want %s", got, tc.want)
				}
			})
		})
	}
	t.Run("configured_wrongly", func(t *testing.T) {
		o := options(t.TempDir())
		o.EndpointURL = "10.0.0.7:5003"
		w, err := worker.New(o)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "want http://HOST:PORT") {
			t.Errorf("Run returned %v, want a refusal", err)
		}
	})
}
