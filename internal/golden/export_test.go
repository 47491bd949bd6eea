package golden

// Difference finds the first line in which two texts differ.
var Difference = difference
