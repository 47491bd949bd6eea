package cli

import (
	"context"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/edge/command"
	"github.com/ktrdr/ktrdr/internal/edge/exit"
	"github.com/ktrdr/ktrdr/internal/edge/settings"
)

// Main runs the command line of this process and returns its exit code. The
// first interrupt or termination signal asks the command to end in order; a
// second one ends the process at once.
func Main() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
}

// Run performs the command that args name and returns its exit code. The end of
// ctx is an interrupt.
func Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	c := command.New(stdin, stdout, stderr)
	root := newRoot(c)
	// Known before parsing, so that an error of parsing is JSON too.
	c.JSON = slices.Contains(args, "--json")
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	return c.Finish(ctx, root.ExecuteContext(ctx))
}

const rootLong = `KTRDR researches trading strategies: bars become indicators, fuzzy memberships,
the output of a neural network, decisions, and a backtest.

A backend orchestrates and never computes; workers register themselves with it
and compute. Everything is this one program: "ktrdr up" starts all of it,
"ktrdr demo" shows the whole way from bars to a backtest.

Settings come from a flag, else the environment, else the file of --config, else
a default; "ktrdr config print" shows each value and its origin.`

const exitCodesHelp = `
Exit codes:
  0 ok   1 failed   2 wrong usage   3 not found   4 backend unreachable   130 cancelled
`

// newRoot builds the tree of commands.
func newRoot(c *command.Console) *cobra.Command {
	root := command.Group("ktrdr", "Research system for trading strategies",
		newData(c), newStrategies(c), newModels(c), newBacktest(c), newEnsemble(c), newSweep(c), newOperations(c), newCheckpoints(c), newWorkers(c), newAdmin(c),
		newServe(c), newWorker(c), newUp(c), newDemo(c), newConfig(c), newDoctor(c), newVersion(c))
	root.Long = rootLong
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetUsageTemplate(root.UsageTemplate() + exitCodesHelp)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return exit.Usagef("%s\nSee: %s --help", err, cmd.CommandPath())
	})
	flags := root.PersistentFlags()
	flags.BoolVar(&c.JSON, "json", false, "write one JSON value to stdout instead of text")
	settings.BindFile(flags)
	root.InitDefaultCompletionCmd()
	return root
}
