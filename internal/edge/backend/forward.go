package backend

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/operation"
	"github.com/ktrdr/ktrdr/internal/control/wire"
)

// headerForwarded marks a request that another backend has passed on. It is not
// passed on again, so that two backends that each take the other one for the
// scheduler do not play ball.
const headerForwarded = "X-Ktrdr-Forwarded"

// A scheduling says who schedules; *dispatch.Controller does.
type scheduling interface {
	Scheduler() (holder string, here bool, changed <-chan struct{})
}

// changePatience is how long a request waits for the next scheduler: longer than
// it takes one to take over.
const changePatience = 2 * operation.LeaseLength

// forwardHandler serves what any backend can, and passes the rest on to the
// backend that schedules while that is another one.
func forwardHandler(s scheduling, local http.Handler, log *slog.Logger) http.Handler {
	f := &forwarder{scheduling: s, local: local, transport: &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 2 * time.Second}).DialContext, // no proxy: backends are neighbours
		MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute,
	}}
	remote := wire.Protect(http.HandlerFunc(f.route), time.Now, log)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, here, _ := s.Scheduler(); here || servedAnywhere(r) {
			local.ServeHTTP(w, r)
		} else {
			remote.ServeHTTP(w, r)
		}
	})
}

// A forwarder passes requests on to the scheduler.
type forwarder struct {
	scheduling
	local     http.Handler
	transport http.RoundTripper
}

// route has the request served by the scheduler. While nobody schedules, and
// where the scheduler cannot be reached, it waits for the next one.
func (f *forwarder) route(w http.ResponseWriter, r *http.Request) {
	patience := time.NewTimer(changePatience)
	defer patience.Stop()
	if r.Body != nil {
		body := r.Body
		defer body.Close()
		r.Body = io.NopCloser(body) // a try that reached nobody must not close it
	}
	for why := "no backend schedules at the moment"; ; {
		holder, here, changed := f.Scheduler()
		if here {
			f.local.ServeHTTP(w, r)
			return
		}
		if r.Header.Get(headerForwarded) != "" {
			wire.WriteError(w, noScheduler("this backend was asked by another one, and does not schedule any more"))
			return
		}
		if target, err := url.Parse(holder); holder != "" && err == nil {
			target.Fragment = ""
			unreached := f.forward(w, r, target, changed)
			if unreached == nil {
				return
			}
			why = unreached.Error()
		}
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		case <-patience.C:
			wire.WriteError(w, noScheduler(why))
			return
		}
	}
}

// servedAnywhere says whether a request needs only the database, the artifacts
// and what belongs to this backend. Workers and their state are in the memory of
// the scheduler, and bars in its folder.
func servedAnywhere(r *http.Request) bool {
	p := r.URL.Path
	if strings.HasPrefix(p, wire.Prefix+"/artifacts/") {
		return true // named by their content, so that it does not matter who writes them
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	for _, atScheduler := range []string{wire.PathWorkers, wire.PathSymbols, wire.Prefix + "/data", wire.PathAdmin} {
		if p == atScheduler || strings.HasPrefix(p, atScheduler+"/") {
			return false
		}
	}
	return true
}

// forward passes a request on to target. It fails when nothing has reached it
// and nothing was answered. When another backend becomes the scheduler meanwhile,
// it gives up: one that is paused would never answer.
func (f *forwarder) forward(w http.ResponseWriter, r *http.Request, target *url.URL, changed <-chan struct{}) (unreached error) {
	ctx, cancel := context.WithCancel(r.Context())
	var watching sync.WaitGroup
	defer watching.Wait()
	defer cancel()
	watching.Go(func() {
		select {
		case <-changed:
			cancel()
		case <-ctx.Done():
		}
	})
	proxy := httputil.ReverseProxy{
		Transport: f.transport,
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(target)
			p.SetXForwarded()
			p.Out.Header.Set(headerForwarded, "1")
			p.Out.Header.Set(wire.HeaderRequestID, w.Header().Get(wire.HeaderRequestID))
			p.Out.Header.Del("Origin") // this backend has judged where the request comes from
			p.Out.Header.Del("Sec-Fetch-Site")
		},
		ModifyResponse: func(resp *http.Response) error {
			resp.Header.Del(wire.HeaderRequestID) // set here already
			resp.Header.Del(wire.HeaderProcessTime)
			return nil
		},
		FlushInterval: -1,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			if dial, ok := errors.AsType[*net.OpError](err); ok && dial.Op == "dial" {
				unreached = fmt.Errorf("the scheduler at %s cannot be reached (%w)", target, err)
				return
			}
			wire.WriteError(w, noScheduler(fmt.Sprintf("the scheduler at %s did not answer; whether it took the request is not known", target)))
		},
	}
	proxy.ServeHTTP(w, r.WithContext(ctx))
	return unreached
}

// noScheduler answers while the schedulers change, which takes seconds.
func noScheduler(why string) error {
	e := wire.Errorf(wire.CodeUnavailable, "%s. Another one takes over within seconds: try again", why)
	e.RetryAfter = time.Second
	return e
}
