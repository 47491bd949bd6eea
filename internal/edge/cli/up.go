package cli

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/control/fleet"
	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/spell"
	"github.com/ktrdr/ktrdr/internal/edge/display"
	"github.com/ktrdr/ktrdr/internal/edge/exit"
	"github.com/ktrdr/ktrdr/internal/edge/settings"
)

func newUp(c *console) *cobra.Command {
	var scale []string
	cmd := &cobra.Command{
		Use: "up", Short: "Run backend and workers as child processes of one command", Args: arguments(0, 0),
		Long: `Run backend and workers as child processes of one command, for a laptop.

Each child is a process of its own with a folder of its own under --data-dir;
workers take free ports. Their lines go to stderr with their name before them. A
child that crashes is started again. SIGINT and SIGTERM stop all of them. When
all are ready it prints one line, "listening on" with the backend's address.`,
		Example: "  ktrdr up --scale backtest-worker=2 --scale training-worker=1",
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := settings.Read(cmd, settings.RoleUp)
			if err != nil {
				return err
			}
			counts, err := parseScale(scale)
			if err != nil {
				return err
			}
			return c.runSystem(cmd.Context(), systemPlan{settings: s, counts: counts}, func(ctx context.Context, url string) error {
				c.announce(url)
				<-ctx.Done()
				return nil
			})
		},
	}
	settings.Bind(cmd, settings.RoleUp)
	cmd.Flags().StringArrayVar(&scale, "scale", nil, "NAME=N processes of a role: backtest-worker or training-worker; may be repeated (default 1 each)")
	return cmd
}

// The names by which up scales roles, and the commands behind them.
const (
	backtestWorker = "backtest-worker"
	trainingWorker = "training-worker"
	maxScale       = 64
)

// parseScale reads NAME=N values; roles that are not named run once.
func parseScale(values []string) (map[string]int, error) {
	counts := map[string]int{backtestWorker: 1, trainingWorker: 1}
	for _, value := range splitList(values) {
		name, number, ok := strings.Cut(value, "=")
		if !ok {
			return nil, exit.Usagef("--scale %s: want NAME=N, for example backtest-worker=2", value)
		}
		if _, known := counts[name]; !known {
			names := []string{backtestWorker, trainingWorker}
			return nil, exit.Usagef("--scale %s: unknown role %q%s: want one of %s", value, name, spell.Hint(name, names), strings.Join(names, ", "))
		}
		n, err := strconv.Atoi(number)
		if err != nil || n < 0 || n > maxScale {
			return nil, exit.Usagef("--scale %s: want a number from 0 to %d", value, maxScale)
		}
		counts[name] = n
	}
	return counts, nil
}

// A systemPlan says which processes make up a system.
type systemPlan struct {
	settings settings.Values
	counts   map[string]int
}

// backend returns the child that is the backend. Once it has bound a port it
// keeps it over restarts, so that workers find it again.
func (p systemPlan) backend(ready func(url string)) *child {
	listen := p.settings.Get(settings.Listen)
	ch := &child{name: "backend"}
	arguments := func() []string {
		return append([]string{"serve", "--listen", listen, "--data-dir", p.folder("backend"),
			"--strategies-dir", p.settings.Get(settings.StrategiesDir)}, p.logFlags()...)
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
func (p systemPlan) workers(address string, ready func()) []*child {
	var all []*child
	for _, role := range []struct{ name, command string }{{backtestWorker, "backtest"}, {trainingWorker, "training"}} {
		for i := range p.counts[role.name] {
			name := fmt.Sprintf("%s-%d", role.name, i+1)
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

func (p systemPlan) folder(name string) string {
	return filepath.Join(p.settings.Get(settings.DataDir), name)
}

func (p systemPlan) logFlags() []string {
	return []string{"--log-level", p.settings.Get(settings.LogLevel), "--log-format", p.settings.Get(settings.LogFormat)}
}

// names lists the children that the plan starts.
func (p systemPlan) names() []string {
	names := []string{"backend"}
	for _, ch := range p.workers("", nil) {
		names = append(names, ch.name)
	}
	return names
}

const startTimeout = 60 * time.Second

// runSystem starts the processes of the plan, calls while with the backend's
// address once all of them can be used, and stops exactly what it started: the
// workers first, then the backend.
func (c *console) runSystem(ctx context.Context, p systemPlan, while func(ctx context.Context, url string) error) (err error) {
	s, err := newSupervisor(c, p.names())
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
	listening := make(chan string, maxScale*len(p.counts))
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
