// Package catalog finds indicators by name.
//
// It lists what the families of indicators hold: moving averages, momentum, trend,
// volatility, volume, and what a bar says alone. Names are those of the original
// KTRDR and what other programs call the same; case is ignored. What belongs to all
// of them is package indicator; the suite in indicatortest holds every entry to it.
package catalog

import (
	"cmp"
	"slices"
	"strings"

	"github.com/ktrdr/ktrdr/internal/core/indicator"
	"github.com/ktrdr/ktrdr/internal/core/indicator/average"
	"github.com/ktrdr/ktrdr/internal/core/indicator/momentum"
	"github.com/ktrdr/ktrdr/internal/core/indicator/single"
	"github.com/ktrdr/ktrdr/internal/core/indicator/trend"
	"github.com/ktrdr/ktrdr/internal/core/indicator/volatility"
	"github.com/ktrdr/ktrdr/internal/core/indicator/volume"
)

// families make the entries.
var families = [...]func() []indicator.Spec{
	average.Specs, momentum.Specs, single.Specs, trend.Specs, volatility.Specs, volume.Specs,
}

// All returns all indicators in the order of their names. The caller owns the
// result.
func All() []indicator.Spec {
	var specs []indicator.Spec
	for _, family := range families {
		specs = append(specs, family()...)
	}
	slices.SortFunc(specs, func(a, b indicator.Spec) int { return cmp.Compare(a.Name, b.Name) })
	return specs
}

// Lookup returns the indicator that is called name, or has it as an alias. Case
// is ignored.
func Lookup(name string) (indicator.Spec, bool) {
	lower := strings.ToLower(name)
	for _, family := range families {
		for _, s := range family() {
			if s.Name == lower || slices.Contains(s.Aliases, lower) {
				return s, true
			}
		}
	}
	return indicator.Spec{}, false
}

// Names returns the canonical names, sorted.
func Names() []string {
	var names []string
	for _, s := range All() {
		names = append(names, s.Name)
	}
	return names
}
