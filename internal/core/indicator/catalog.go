package indicator

import (
	"slices"
	"strings"
)

// entries makes the catalogue, in the order of the canonical names. A new
// indicator is one file with such a function, and one line here.
var entries = [...]func() Spec{
	adlineSpec,
	adxSpec,
	apoSpec,
	aroonSpec,
	atrSpec,
	bollingerSpec,
	bandwidthSpec,
	calendarSpec,
	candleSpec,
	cciSpec,
	chaikinSpec,
	cmfSpec,
	cmoSpec,
	demaSpec,
	dmiSpec,
	distanceSpec,
	donchianSpec,
	emaSpec,
	fisherSpec,
	htTrendlineSpec,
	ichimokuSpec,
	kamaSpec,
	keltnerSpec,
	regressionSpec,
	macdSpec,
	mfiSpec,
	momentumSpec,
	natrSpec,
	obvSpec,
	sarSpec,
	ppoSpec,
	volatilitySpec,
	rocSpec,
	rsiSpec,
	rviSpec,
	sessionSpec,
	smaSpec,
	squeezeSpec,
	stddevSpec,
	stochasticSpec,
	stochRSISpec,
	supertrendSpec,
	t3Spec,
	temaSpec,
	trixSpec,
	ultimateSpec,
	volumeRatioSpec,
	volumeSMASpec,
	vwapSpec,
	wmaSpec,
	williamsSpec,
	zigzagSpec,
	zigzagConfirmedSpec,
}

// Catalog returns all indicators in the order of their names. The caller owns
// the result.
func Catalog() []Spec {
	specs := make([]Spec, len(entries))
	for i, entry := range entries {
		specs[i] = entry()
	}
	return specs
}

// Lookup returns the indicator that is called name, or has it as an alias. Case
// is ignored.
func Lookup(name string) (Spec, bool) {
	lower := strings.ToLower(name)
	for _, entry := range entries {
		if s := entry(); s.Name == lower || slices.Contains(s.Aliases, lower) {
			return s, true
		}
	}
	return Spec{}, false
}

// Names returns the canonical names, sorted.
func Names() []string {
	var names []string
	for _, entry := range entries {
		names = append(names, entry().Name)
	}
	return names
}
