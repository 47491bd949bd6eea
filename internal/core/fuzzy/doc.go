// Package fuzzy turns values into degrees of membership.
//
// # Nouns
//
// A [Function] gives the degree, from 0 to 1, to which a value belongs to a set.
// Its [Kind] is one with straight sides (triangular, trapezoidal, left_shoulder,
// right_shoulder, singleton) or one with curves (gaussian, gauss2, bell,
// sigmoid). A [Hedge], very or somewhat, sharpens or softens it. A [Set] is a
// function with a name, such as "oversold".
//
// [Hole], [Alike] and Function.Reaches say of sets that are valid whether they can
// be meant: values that belong to none, two that say the same, one out of reach.
//
// # What always holds
//
// A degree lies in [0, 1], and is NaN for NaN and only then. [Function.Degree]
// and [Function.Degrees] are one kernel and give the same bits, on every
// processor. The degree of an infinite value is the limit. A side without width
// is exact: the degree is 1 on the edge.
//
// # What it refuses
//
// [New] refuses a wrong number of parameters, parameters out of order, not
// finite or beyond 1e300, a sigma or width that is not above 0, a sigmoid without
// a slope, and a trapezoid that everything belongs to. Nothing is clipped or sorted.
//
// Start reading at [New].
package fuzzy
