// Command trial writes the assembly of package internal/core/trial.
//
// The bits must be those of extremes and of simulation.trade in that package, which say
// what is computed; here stands only how.
package main

import . "github.com/mmcloughlin/avo/build"

func main() {
	ConstraintExpr("amd64")
	leaves()
	between()
	settle()
	Generate()
}
