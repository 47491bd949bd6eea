package catalog_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/indicator/catalog"
	"github.com/ktrdr/ktrdr/internal/golden"
)

// TestReference holds docs/reference to the catalogue as it is.
func TestReference(t *testing.T) {
	golden.Check(t, filepath.Join("..", "..", "..", "..", "docs", "reference", "indicators.md"), referencePage())
}

func referencePage() string {
	var b strings.Builder
	b.WriteString(`# Indicators

Generated from the catalogue by ` + "`make gen`" + `.

A name is looked up without regard to case. Values before the first known bar are NaN. That bar is given for the default parameters, counted
from 0; "settled" is the bar from which it no longer matters where the series began, to 0.1 %. Formulas and sources stand beside the code below
` + "`internal/core/indicator`" + `.
`)
	for _, spec := range catalog.All() {
		writeEntry(&b, spec)
	}
	return b.String()
}

func writeEntry(b *strings.Builder, spec indicator.Spec) {
	in, err := spec.New(nil)
	if err != nil {
		panic(err)
	}
	fmt.Fprintf(b, "\n## %s\n\n%s\n", spec.Name, spec.Doc)
	if len(spec.Aliases) > 0 {
		fmt.Fprintf(b, "\nAlso called: `%s`.\n", strings.Join(spec.Aliases, "`, `"))
	}
	for _, note := range []struct {
		applies bool
		text    string
	}{
		{spec.Repaints, "Repaints: a strategy may not use it."},
		{spec.Volume, "Needs volumes: NaN where they are not reported."},
		{spec.Gaps != "", "Also NaN: " + spec.Gaps + "."},
		{in.Anchored() && !spec.Repaints, "Depends on where the series begins: for ever, or until it next changes sides."},
	} {
		if note.applies {
			fmt.Fprintf(b, "\n%s\n", note.text)
		}
	}
	if len(spec.Params) > 0 {
		b.WriteString("\n| parameter | default | takes | |\n|---|---|---|---|\n")
	}
	for _, p := range spec.Params {
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", p.Name, p.Default, p.Want(), p.Doc)
	}
	b.WriteString("\n| output | measured in | between | known from |\n|---|---|---|---|\n")
	for c, output := range spec.Outputs {
		name, scale := "the value", spec.Scales[c]
		if output != "" {
			name = "`" + output + "`"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %d |\n", name, scale.Unit, between(scale.Min, scale.Max), in.Lookbacks()[c])
	}
	if in.WarmUp() > in.Lookback() {
		fmt.Fprintf(b, "\nSettled: %d.\n", in.WarmUp())
	}
}

// between says where values lie, without the sides that have no bound.
func between(low, high float64) string {
	switch {
	case low < -1e300 && high > 1e300:
		return ""
	case high > 1e300:
		return fmt.Sprintf("%v and up", low)
	default:
		return fmt.Sprintf("%v and %v", low, high)
	}
}
