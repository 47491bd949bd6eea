package command

import (
	"errors"
	"io"
	"maps"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ktrdr/ktrdr/internal/core/spell"
	"github.com/ktrdr/ktrdr/internal/edge/exit"
)

// Group returns a command that only holds others. Called without one of them it
// shows its help; called with an unknown one it names the nearest.
func Group(use, short string, subcommands ...*cobra.Command) *cobra.Command {
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

// Arguments wants between low and high positional arguments and says which.
func Arguments(low, high int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) >= low && len(args) <= high {
			return nil
		}
		return exit.Usagef("have %d arguments, want: %s", len(args), cmd.UseLine())
	}
}

// RenameFlags makes other spellings of a flag mean the flag.
func RenameFlags(cmd *cobra.Command, same map[string]string) {
	cmd.Flags().SetNormalizeFunc(normalise(same))
}

// ReadInput returns the text of a file, or of stdin for "-", refusing more than
// limit bytes.
func (c *Console) ReadInput(name string, limit int64) ([]byte, error) {
	if name == "-" {
		return readLimited(c.in, "standard input", limit)
	}
	f, err := Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readLimited(f, name, limit)
}

// Open opens a file that somebody has named.
func Open(name string) (*os.File, error) {
	f, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, exit.NotFoundf("%s: no such file", name)
	}
	return f, err
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

// SplitList returns the values of a flag that may be repeated and may hold
// several values between commas.
func SplitList(values []string) []string {
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
