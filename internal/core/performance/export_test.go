package performance

// Power is power, for the test of its error.
var Power = power
