package system

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/edge/display"
	"github.com/ktrdr/ktrdr/internal/edge/settings"
)

// A Plan says which processes make up a system.
type Plan struct {
	Settings        settings.Values
	BacktestWorkers int
	TrainingWorkers int
	// Say is told what happens, a line at a time: required.
	Say func(format string, args ...any)
}

// backend returns the child that is the backend. Once it has bound a port it
// keeps it over restarts, so that workers find it again.
func (p Plan) backend(ready func(url string)) *child {
	listen := p.Settings.Get(settings.Listen)
	ch := &child{name: "backend"}
	arguments := func() []string {
		return append([]string{"serve", "--listen", listen, "--data-dir", p.folder("backend"),
			"--strategies-dir", p.Settings.Get(settings.StrategiesDir)}, p.logFlags()...)
	}
	ch.args = arguments()
	ch.ready = func(address string) {
		if u, err := url.Parse(address); err == nil {
			listen = u.Host
			ch.args = arguments()
		}
		ready(address)
	}
	return ch
}

// workers returns the children that compute for the backend at address.
func (p Plan) workers(address string, ready func()) []*child {
	var all []*child
	for _, role := range []struct {
		command string
		count   int
	}{{"backtest", p.BacktestWorkers}, {"training", p.TrainingWorkers}} {
		for i := range role.count {
			name := fmt.Sprintf("%s-worker-%d", role.command, i+1)
			var once sync.Once
			all = append(all, &child{
				name: name,
				args: append([]string{"worker", role.command, "--url", address, "--id", name,
					"--listen", "127.0.0.1:0", "--data-dir", p.folder(name)}, p.logFlags()...),
				ready: func(string) { once.Do(ready) },
			})
		}
	}
	return all
}

func (p Plan) folder(name string) string {
	return filepath.Join(p.Settings.Get(settings.DataDir), name)
}

func (p Plan) logFlags() []string {
	return []string{"--log-level", p.Settings.Get(settings.LogLevel), "--log-format", p.Settings.Get(settings.LogFormat)}
}

// names lists the children that the plan starts.
func (p Plan) names() []string {
	names := []string{"backend"}
	for _, ch := range p.workers("", nil) {
		names = append(names, ch.name)
	}
	return names
}

const startTimeout = 60 * time.Second

// Run starts the processes of the plan, calls while with the backend's address once
// all of them can be used, and stops exactly what it started: the workers first,
// then the backend.
func Run(ctx context.Context, p Plan, while func(ctx context.Context, url string) error) (err error) {
	s, err := newSupervisor(p.Say, p.names())
	if err != nil {
		return err
	}
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	backendUp := make(chan string, 1)
	var once sync.Once
	defer s.start(ctx, fail, p.backend(func(url string) { once.Do(func() { backendUp <- url }) }))()
	url, err := await(ctx, backendUp)
	if err != nil {
		return err
	}
	listening := make(chan string, p.BacktestWorkers+p.TrainingWorkers)
	workers := p.workers(url, func() { listening <- "" })
	defer s.start(ctx, fail, workers...)()
	for range workers {
		if _, err := await(ctx, listening); err != nil {
			return err
		}
	}
	if err := awaitReachable(ctx, url, workers); err != nil {
		return err
	}
	err = while(ctx, url)
	if failure, ok := errors.AsType[*childError](context.Cause(ctx)); ok {
		return failure
	}
	return err
}

// awaitReachable waits until the backend can use the workers.
func awaitReachable(ctx context.Context, address string, workers []*child) error {
	client, err := wire.NewClient(address, wire.ClientOptions{})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("workers not ready after %s", display.Duration(startTimeout)))
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		registered, err := client.Workers(ctx)
		if err != nil {
			return err
		}
		ready := 0
		for _, w := range registered {
			ours := slices.ContainsFunc(workers, func(ch *child) bool { return ch.name == w.ID })
			if ours && w.Reachable && w.Status != fleet.TemporarilyUnavailable {
				ready++
			}
		}
		if ready == len(workers) {
			return nil
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// A childError says which child made the whole system end.
type childError struct{ err error }

func (e *childError) Error() string { return e.err.Error() }
func (e *childError) Unwrap() error { return e.err }

// start runs children in the background and returns the function that stops them
// together and waits for their end. Children outlive ctx, so that they stop in
// order; one that cannot start ends ctx through fail.
func (s *supervisor) start(ctx context.Context, fail context.CancelCauseFunc, children ...*child) (stop func()) {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	for _, ch := range children {
		running.Go(func() {
			if err := s.run(own, ch); err != nil {
				fail(&childError{err})
			}
		})
	}
	return func() {
		cancel()
		running.Wait()
	}
}

// await returns what arrives on ch, or why the wait ended.
func await(ctx context.Context, ch <-chan string) (string, error) {
	limit := time.NewTimer(startTimeout)
	defer limit.Stop()
	select {
	case value := <-ch:
		return value, nil
	case <-ctx.Done():
		return "", context.Cause(ctx)
	case <-limit.C:
		return "", fmt.Errorf("not ready after %s", display.Duration(startTimeout))
	}
}
