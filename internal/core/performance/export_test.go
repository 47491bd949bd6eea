package performance

// Power is power, for the test of its error.
var Power = power

// NormalCDF is normalCDF, for the test of its error.
var NormalCDF = normalCDF
