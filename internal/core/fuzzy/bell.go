package fuzzy

import "math"

func bell(z float64) float64 { return math.Exp(-0.5 * z * z) }
