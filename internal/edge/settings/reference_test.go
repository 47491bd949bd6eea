package settings_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/edge/settings"
	"github.com/ktrdr/ktrdr/internal/golden"
)

// TestReference holds docs/reference/config.md to the table of settings.
func TestReference(t *testing.T) {
	golden.Check(t, filepath.Join("../../..", "docs/reference/config.md"), settingReference())
}

func settingReference() string {
	var b strings.Builder
	b.WriteString("# Settings\n\nGenerated from the table of settings by `make gen`.\n\n")
	b.WriteString("A setting comes from its flag, else the environment, else the file of `--config` (or `KTRDR_CONFIG`), else its default.\n")
	b.WriteString("`ktrdr config print` shows each effective value and its origin. The file is YAML; a dot in a key stands for nesting.\n")
	b.WriteString("Unknown keys, unknown `KTRDR_` variables, and two names of one setting with different values are errors.\n")
	for _, s := range settings.Settings() {
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
	gone := settings.Removed()
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
