package strategy

// Trades tells that the outputs become trades. Those of a model of regimes or of
// context describe the market, and those of meta-labels the decisions of another
// model, for others to act on.
func (r Decisions) Trades() bool {
	return r.OutputFormat == Classification || r.OutputFormat == Regression
}
