// Package daily adds an equity curve up by days.
//
// A [Stretch] is some bars over which the position does not change: the equity there
// follows from the closes. A [Tally] takes the bars of a day in, stretch by stretch, and
// writes a [Day]. A [Place] is where one stands in a curve that follows from trades.
//
// # What always holds
//
// Sums are those of every other bar in order, and of the rest, both together, however
// the bars of a day are cut into stretches. Extremes are those of the values at all
// closes, to the bit.
//
// Start reading at [Day].
package daily
