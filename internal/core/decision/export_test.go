package decision

// Exp is exp, for the tests of its error and bits.
var Exp = exp

// ColumnsOf is columnsOf, and ColumnsPlain columnsPlain, for the test that holds them
// together.
var ColumnsOf, ColumnsPlain = columnsOf, columnsPlain
