package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ktrdr/ktrdr/internal/edge/cli"
	"github.com/ktrdr/ktrdr/internal/golden"
)

const root = "../../.."

// TestReference holds docs/reference/cli.md to the commands as they are.
func TestReference(t *testing.T) {
	golden.Check(t, filepath.Join(root, "docs/reference/cli.md"), commandReference())
}

func commandReference() string {
	var b strings.Builder
	b.WriteString("# Commands\n\nGenerated from the commands by `make gen`.\n\n")
	b.WriteString("Exit codes: 0 ok, 1 failed, 2 wrong usage, 3 not found, 4 backend unreachable, 130 cancelled.\n")
	b.WriteString("`--json` writes one JSON value to stdout; `--config` names a file of settings. Both belong to every command.\n")
	walk(cli.Commands(), func(c *cobra.Command) {
		if c.HasAvailableSubCommands() || c.Name() == "help" || strings.Contains(c.CommandPath(), " completion ") {
			return
		}
		fmt.Fprintf(&b, "\n## %s\n\n", c.CommandPath())
		about := c.Long
		if about == "" {
			about = c.Short + "."
		}
		fmt.Fprintf(&b, "%s\n\n```\n%s\n```\n", about, c.UseLine())
		if c.Example != "" {
			fmt.Fprintf(&b, "\nExample:\n\n```\n%s\n```\n", strings.ReplaceAll(strings.TrimLeft(c.Example, " "), "\n  ", "\n"))
		}
		writeFlags(&b, c)
	})
	return b.String()
}

func writeFlags(b *strings.Builder, c *cobra.Command) {
	wrote := false
	each := func(f *pflag.Flag) {
		if f.Hidden || slices.Contains([]string{"help", "json", "config"}, f.Name) {
			return
		}
		if !wrote {
			b.WriteString("\n| flag | |\n|---|---|\n")
			wrote = true
		}
		name := "`--" + f.Name + "`"
		if f.Shorthand != "" {
			name += ", `-" + f.Shorthand + "`"
		}
		usage := f.Usage
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "[]" && !strings.Contains(usage, "default") {
			usage += fmt.Sprintf(" (default %s)", f.DefValue)
		}
		fmt.Fprintf(b, "| %s | %s |\n", name, strings.ReplaceAll(usage, "|", `\|`))
	}
	c.LocalFlags().VisitAll(each)
	c.InheritedFlags().VisitAll(each)
}

func walk(c *cobra.Command, visit func(*cobra.Command)) {
	visit(c)
	for _, sub := range c.Commands() {
		walk(sub, visit)
	}
}

var commandSpan = regexp.MustCompile("(?m)(?:`|^\\s*(?:\\$ )?)(?:bin/)?(ktrdr(?: [^`\n|]*)?)")

// TestDocumentsNameCommands resolves every ktrdr command that a document names.
func TestDocumentsNameCommands(t *testing.T) {
	var documents []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md", "changelog/next/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, found...)
	}
	if len(documents) == 0 {
		t.Fatal("no documents found")
	}
	for _, path := range documents {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range commandSpan.FindAllStringSubmatch(string(text), -1) {
			if problem := resolve(m[1]); problem != "" {
				t.Errorf("%s: %q: %s", path, m[1], problem)
			}
		}
	}
}

// resolve says what is wrong with a command line as documents write it.
func resolve(line string) string {
	var words []string
	for _, w := range strings.Fields(line)[1:] {
		if strings.ContainsAny(w[:1], "…#&>;") || w == "\\" {
			break
		}
		words = append(words, w)
	}
	c, rest, err := cli.Commands().Find(words)
	if err != nil {
		return err.Error()
	}
	c.InitDefaultHelpFlag()
	isWord := func(w string) bool { // rather than a flag, a file or a placeholder
		return !strings.HasPrefix(w, "-") && !strings.Contains(w, ".") && strings.ToLower(w) == w
	}
	if c.HasSubCommands() && len(rest) > 0 && isWord(rest[0]) {
		return "no such command: " + rest[0]
	}
	for _, w := range rest {
		name, _, _ := strings.Cut(strings.TrimLeft(w, "-"), "=")
		if !strings.HasPrefix(w, "--") {
			continue
		}
		if c.Flags().Lookup(name) == nil && c.InheritedFlags().Lookup(name) == nil {
			return "no such flag: " + w
		}
	}
	return ""
}

func TestResolve(t *testing.T) {
	for name, tc := range map[string]struct{ line, want string }{
		"command":         {"ktrdr data show GBPUSD 1h --rows 5", ""},
		"flag_with_value": {"ktrdr up --scale backtest-worker=2", ""},
		"other_spelling":  {"ktrdr models train x --start 2020-01-01", ""},
		"file":            {"ktrdr sweep space.yaml --metric total_return", ""},
		"unknown_command": {"ktrdr data shw", "no such command: shw"},
		"unknown_flag":    {"ktrdr serve --colour", "no such flag: --colour"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := resolve(tc.line); got != tc.want {
				t.Errorf("resolve(%q) = %q, want %q", tc.line, got, tc.want)
			}
		})
	}
}
