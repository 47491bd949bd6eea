package indicator

// Elementary functions, for tests.
var (
	Ln   = ln
	Atan = atan
	Wave = wave
)
