package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/edge/backend"
	"github.com/ktrdr/ktrdr/internal/edge/command"
	"github.com/ktrdr/ktrdr/internal/edge/settings"
	"github.com/ktrdr/ktrdr/internal/observe"
)

func newServe(c *command.Console) *cobra.Command {
	cmd := &cobra.Command{
		Use: "serve", Short: "Run the backend: API, scheduler and stores; it never computes", Args: command.Arguments(0, 0),
		Long: `Run the backend: API, scheduler and stores. It never computes: start workers
beside it with "ktrdr worker backtest" and "ktrdr worker training".

When it is ready it prints one line, "listening on http://HOST:PORT". SIGINT and
SIGTERM stop it; workers go on and find it again.

With --database-url several backends share one PostgreSQL database. One of them
schedules; the others serve reads, pass the rest on to it, and one of them takes
over within seconds when it is lost.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := settings.Read(cmd, settings.RoleServe)
			if err != nil {
				return err
			}
			log, err := logger(c, s)
			if err != nil {
				return err
			}
			return backend.Run(cmd.Context(), s, backend.Options{Ready: announce(c), Log: log})
		},
	}
	settings.Bind(cmd, settings.RoleServe)
	return cmd
}

// announce returns what says, in the one line on stdout that a role writes, that it
// is ready.
func announce(c *command.Console) func(url string) {
	return func(url string) {
		if c.JSON {
			_ = c.WriteJSON(map[string]string{"listening": url})
			return
		}
		fmt.Fprintf(c.Out, "listening on %s\n", url)
	}
}

// logger returns the logger of a role.
func logger(c *command.Console, s settings.Values) (*slog.Logger, error) {
	return observe.NewLogger(c.Err, s.Get(settings.LogFormat), s.Get(settings.LogLevel))
}

// ignoreCancelled drops the error of a role that ended because it was told to.
func ignoreCancelled(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
