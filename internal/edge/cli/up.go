package cli

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/core/spell"
	"github.com/ktrdr/ktrdr/internal/edge/command"
	"github.com/ktrdr/ktrdr/internal/edge/exit"
	"github.com/ktrdr/ktrdr/internal/edge/settings"
	"github.com/ktrdr/ktrdr/internal/edge/system"
)

func newUp(c *command.Console) *cobra.Command {
	var scale []string
	cmd := &cobra.Command{
		Use: "up", Short: "Run backend and workers as child processes of one command", Args: command.Arguments(0, 0),
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
			plan := system.Plan{Settings: s, BacktestWorkers: counts[backtestWorker], TrainingWorkers: counts[trainingWorker], Say: c.Say}
			return system.Run(cmd.Context(), plan, func(ctx context.Context, url string) error {
				announce(c)(url)
				<-ctx.Done()
				return nil
			})
		},
	}
	settings.Bind(cmd, settings.RoleUp)
	cmd.Flags().StringArrayVar(&scale, "scale", nil, "NAME=N processes of a role: backtest-worker or training-worker; may be repeated (default 1 each)")
	return cmd
}

// The names by which up scales roles, and how far.
const (
	backtestWorker = "backtest-worker"
	trainingWorker = "training-worker"
	maxScale       = 64
)

// parseScale reads NAME=N values; roles that are not named run once.
func parseScale(values []string) (map[string]int, error) {
	counts := map[string]int{backtestWorker: 1, trainingWorker: 1}
	for _, value := range command.SplitList(values) {
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
