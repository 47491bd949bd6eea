package job

// The forms in which answers are kept, for the test that they give back every bit.
var (
	MarkUnknown = markUnknown
	KnownRows   = knownRows
)

// ClosesOfAll is what a portfolio is compared with.
var ClosesOfAll = closesOfAll
