package cli_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ktrdr/ktrdr/internal/edge/cli"
)

var update = flag.Bool("update", false, "rewrite recorded outputs")

const root = "../../.."

// TestReference holds docs/reference to the commands and settings as they are.
func TestReference(t *testing.T) {
	for name, want := range map[string]string{"cli.md": commandReference(), "config.md": settingReference()} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(root, "docs/reference", name)
			if *update {
				if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			got, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != want {
				t.Errorf("%s is not what the program says: run make gen", path)
			}
		})
	}
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

func settingReference() string {
	var b strings.Builder
	b.WriteString("# Settings\n\nGenerated from the table of settings by `make gen`.\n\n")
	b.WriteString("A setting comes from its flag, else the environment, else the file of `--config` (or `KTRDR_CONFIG`), else its default.\n")
	b.WriteString("`ktrdr config print` shows each effective value and its origin. The file is YAML; a dot in a key stands for nesting.\n")
	b.WriteString("Unknown keys, unknown `KTRDR_` variables, and two names of one setting with different values are errors.\n")
	for _, s := range cli.Settings() {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n", s.Key, s.Doc)
		fmt.Fprintf(&b, "- flag: `--%s`\n- environment: `%s`", s.Flag, s.Env[0])
		if len(s.Env) > 1 {
			fmt.Fprintf(&b, ", also `%s`", strings.Join(s.Env[1:], "`, `"))
		}
		fmt.Fprintf(&b, "\n- default: %s", defaultText(s.Default))
		for _, role := range slices.Sorted(maps.Keys(s.RoleDefaults)) {
			fmt.Fprintf(&b, "; %s: %s", role, defaultText(s.RoleDefaults[role]))
		}
		fmt.Fprintf(&b, "\n- read by: %s\n", s.Roles)
	}
	b.WriteString("\n## Removed variables\n\nA process that finds one of them stops and says why.\n\n| variable | |\n|---|---|\n")
	gone := cli.Removed()
	for _, name := range slices.Sorted(maps.Keys(gone)) {
		fmt.Fprintf(&b, "| `%s` | %s |\n", name, gone[name])
	}
	return b.String()
}

func defaultText(s string) string {
	if s == "" {
		return "none"
	}
	return "`" + s + "`"
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
