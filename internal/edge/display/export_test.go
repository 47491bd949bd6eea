package display

// Group3 is how numbers are printed.
var Group3 = group3
