package decision

// Exp is exp, for the tests of its error and bits.
var Exp = exp
