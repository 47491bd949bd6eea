package study

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/core/migration"
	"github.com/ktrdr/ktrdr/internal/edge/command"
	"github.com/ktrdr/ktrdr/internal/edge/display"
	"github.com/ktrdr/ktrdr/internal/edge/exit"
)

// Migrate is the command that rewrites a strategy of an older format.
func Migrate(c *command.Console) *cobra.Command {
	var (
		out     string
		partial bool
	)
	cmd := &cobra.Command{
		Use: "migrate FILE [-o OUT]", Short: "Rewrite a strategy of an older format and say what changes",
		Long: `Rewrite a strategy file of version 1 or 2, or one of version 3 as the original
read it, as a file that this program reads. Every change is listed with the line
of the old file, and comments are kept. What cannot be carried over is listed too;
then nothing is written unless --partial is given, and the exit code is 1.

The new file goes to OUT, which must not exist yet, or to standard output. Works
without a backend.`,
		Example: "  ktrdr strategies migrate old.yaml -o strategies/new.yaml",
		Args:    command.Arguments(1, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			src, err := c.ReadInput(args[0], wire.MaxStrategyBytes)
			if err != nil {
				return err
			}
			result, err := migration.Migrate(args[0], src)
			if err != nil {
				return err
			}
			return saveMigration(c, args[0], out, partial, result)
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "file to write (default: standard output)")
	cmd.Flags().BoolVar(&partial, "partial", false, "write the file although something could not be carried over")
	return cmd
}

// saveMigration reports a migration and writes its file.
func saveMigration(c *command.Console, name, out string, partial bool, r migration.Result) error {
	isWritten := partial || len(r.Refusals) == 0
	if isWritten && out != "" {
		if err := writeNew(out, []byte(r.YAML)); err != nil {
			return err
		}
	}
	if c.JSON {
		if err := c.WriteJSON(r); err != nil {
			return err
		}
	} else {
		printMigration(c.Err, name, r)
		switch {
		case !isWritten:
			c.Say("Nothing was written. Mend %s, or migrate what can be with --partial.", name)
		case out != "":
			c.Say("Wrote %s.", out)
		default:
			if _, err := io.WriteString(c.Out, r.YAML); err != nil {
				return err
			}
		}
	}
	if len(r.Refusals) > 0 {
		return exit.ErrReported
	}
	return nil
}

// writeNew writes a file that does not exist yet.
func writeNew(name string, content []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return exit.Usagef("%s exists already: name another file", name)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}

func printMigration(w io.Writer, name string, r migration.Result) {
	at := func(line int) string {
		if line == 0 {
			return name
		}
		return fmt.Sprintf("%s:%d", name, line)
	}
	for _, x := range r.Changes {
		fmt.Fprintf(w, "%s: %s: %s\n", at(x.Line), x.Path, x.What)
	}
	for _, x := range r.Refusals {
		fmt.Fprintf(w, "%s: %s: not carried over: %s\n", at(x.Line), x.Path, x.Reason)
	}
	fmt.Fprintf(w, "Version %d: %s, %s.\n", r.From, display.Count(len(r.Changes), "change"), display.Count(len(r.Refusals), "refusal"))
}
