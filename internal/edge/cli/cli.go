package cli

import (
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ktrdr/ktrdr/internal/core/spell"
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
	c := newConsole(stdin, stdout, stderr)
	root := newRoot(c)
	// Known before parsing, so that an error of parsing is JSON too.
	c.json = slices.Contains(args, "--json")
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	return c.finish(ctx, root.ExecuteContext(ctx))
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
func newRoot(c *console) *cobra.Command {
	root := group("ktrdr", "Research system for trading strategies",
		newData(c), newStrategies(c), newModels(c), newBacktest(c), newEnsemble(c), newSweep(c), newOperations(c), newCheckpoints(c), newWorkers(c), newAdmin(c),
		newServe(c), newWorker(c), newUp(c), newDemo(c), newConfig(c), newDoctor(c), newVersion(c))
	root.Long = rootLong
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetUsageTemplate(root.UsageTemplate() + exitCodesHelp)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return exit.Usagef("%s\nSee: %s --help", err, cmd.CommandPath())
	})
	flags := root.PersistentFlags()
	flags.BoolVar(&c.json, "json", false, "write one JSON value to stdout instead of text")
	settings.BindFile(flags)
	root.InitDefaultCompletionCmd()
	return root
}

// group returns a command that only holds others. Called without one of them it
// shows its help; called with an unknown one it names the nearest.
func group(use, short string, subcommands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Args: cobra.ArbitraryArgs, DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			var names []string
			for _, sub := range cmd.Commands() {
				names = append(names, sub.Name())
				names = append(names, sub.Aliases...)
			}
			return exit.Usagef("unknown command %q for %q%s\nSee: %s --help", args[0], cmd.CommandPath(), spell.Hint(args[0], names), cmd.CommandPath())
		},
	}
	cmd.AddCommand(subcommands...)
	return cmd
}

// arguments wants between low and high positional arguments and says which.
func arguments(low, high int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) >= low && len(args) <= high {
			return nil
		}
		return exit.Usagef("have %d arguments, want: %s", len(args), cmd.UseLine())
	}
}

// renameFlags makes other spellings of a flag mean the flag.
func renameFlags(cmd *cobra.Command, same map[string]string) {
	cmd.Flags().SetNormalizeFunc(normalise(same))
}

// readInput returns the text of a file, or of stdin for "-", refusing more than
// limit bytes.
func (c *console) readInput(name string, limit int64) ([]byte, error) {
	if name == "-" {
		return readLimited(c.in, "standard input", limit)
	}
	f, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, exit.NotFoundf("%s: no such file", name)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readLimited(f, name, limit)
}

func readLimited(r io.Reader, name string, limit int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(text)) > limit {
		return nil, exit.Usagef("%s is larger than %d bytes", name, limit)
	}
	return text, nil
}

// splitList returns the values of a flag that may be repeated and may hold
// several values between commas.
func splitList(values []string) []string {
	var all []string
	for _, v := range values {
		for item := range strings.SplitSeq(v, ",") {
			if item = strings.TrimSpace(item); item != "" {
				all = append(all, item)
			}
		}
	}
	return all
}

// normalise maps other spellings of a flag to the flag.
func normalise(same map[string]string) func(*pflag.FlagSet, string) pflag.NormalizedName {
	known := maps.Clone(same)
	return func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if canonical, ok := known[name]; ok {
			name = canonical
		}
		return pflag.NormalizedName(name)
	}
}
