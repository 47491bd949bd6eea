package strategy

// About names the output that the sets are about, as the file does.
func (set FuzzySet) About() string {
	if set.Output == "" {
		return set.IndicatorID
	}
	return set.IndicatorID + "." + set.Output
}
